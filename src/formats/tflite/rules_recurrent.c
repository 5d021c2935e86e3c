/* Operators with a memory. Their state tensors become states of the graph; what they compute becomes plain nodes, step
 * by step, so that float, simulated and exported runs need no operator of their own. */
#include <string.h>

#include "formats/tflite/recurrent.h"

/* ---- building blocks ---- */

static ht_status unary(const tflite_call *call, const char *op, ht_value *x, ht_value **out) {
    ht_node *node;
    HT_TRY(ht__tflite_step(call, op, &x, 1, &node));
    *out = node->outputs[0];
    return HT_OK;
}

static ht_status binary(const tflite_call *call, const char *op, ht_value *a, ht_value *b, ht_value **out) {
    ht_node *node;
    HT_TRY(ht__tflite_step(call, op, (ht_value *[]){a, b}, 2, &node));
    *out = node->outputs[0];
    return HT_OK;
}

/* op(x, integers): Reshape, Unsqueeze, Squeeze. */
static ht_status shaped(const tflite_call *call, const char *op, ht_value *x, const int64_t *values, size_t count,
                        ht_value **out) {
    ht_value *list;
    HT_TRY(ht__tflite_add_ints(call, values, count, &list));
    return binary(call, op, x, list, out);
}

/* x[..., begin:end, ...] along an axis. */
static ht_status part_of(const tflite_call *call, ht_value *x, int64_t axis, int64_t begin, int64_t end,
                         ht_value **out) {
    ht_value *inputs[4] = {x};
    ht_node *node;
    HT_TRY(ht__tflite_add_ints(call, &begin, 1, &inputs[1]));
    HT_TRY(ht__tflite_add_ints(call, &end, 1, &inputs[2]));
    HT_TRY(ht__tflite_add_ints(call, &axis, 1, &inputs[3]));
    HT_TRY(ht__tflite_step(call, "Slice", inputs, 4, &node));
    *out = node->outputs[0];
    return HT_OK;
}

static ht_status joined(const tflite_call *call, ht_value *const *values, uint32_t count, int64_t axis,
                        ht_value **out) {
    ht_node *node;
    HT_TRY(ht__tflite_step(call, "Concat", values, count, &node));
    *out = node->outputs[0];
    return ht__tflite_set_int(call, node, "axis", axis);
}

/* x w' (+ b) */
static ht_status product(const tflite_call *call, ht_value *x, ht_value *w, ht_value *b, ht_value **out) {
    ht_node *node;
    HT_TRY(ht__tflite_step(call, "Gemm", (ht_value *[]){x, w, b}, b != NULL ? 3 : 2, &node));
    *out = node->outputs[0];
    return ht__tflite_set_int(call, node, "transB", 1);
}

static ht_status annotate(const tflite_call *call, const tflite_tensor *tensor, ht_value *value) {
    return ht__tflite_is_quantized(tensor) ? ht__tflite_annotation(call->reading, tensor, &value->quantization) : HT_OK;
}

static ht_status refuse_unless(const tflite_call *call, bool good, const char *what) {
    return good ? HT_OK : ht__tflite_refuse(call, what);
}

/* ---- states ---- */

ht_status ht__tflite_begin_state(const tflite_call *call, uint32_t i, ht_type type, int32_t rank, const int64_t *dims,
                                 ht_value **before) {
    tflite_reading *r = call->reading;
    ht_tensor_desc desc = {.type = type, .rank = rank};
    int64_t elements = 1;
    HT_TRY(refuse_unless(call, ht__tflite_has(call, i) && ht__tflite_input_tensor(call, i)->is_variable,
                         "without a state tensor"));
    HT_TRY(refuse_unless(call, r->around == NULL, "inside IF or WHILE"));
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, i);
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    for (size_t k = 0; k < tensor->shape.count; ++k) {
        if (tensor->shape.data[k] < 1 || __builtin_mul_overflow(elements, tensor->shape.data[k], &elements)) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, tensor->name, "The shape of this state is not usable.");
        }
    }
    if (!ht__desc_is_sane(&desc) || ht__desc_elements(&desc) != elements) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, tensor->name, "This state does not fit the weights of %s.",
                           call->rule->name);
    }
    const char *name;
    HT_TRY(ht__tflite_fresh(r, tensor->name, "state", &name));
    return ht__graph_add_state(r->graph, name, &desc, before, r->err);
}

/* What is kept, in the codes of the state's tensor if it has some. */
static ht_status end_state(const tflite_call *call, uint32_t i, const ht_value *before, ht_value *after) {
    ht__graph_keep(call->reading->graph, before, after);
    return after->quantization == NULL ? annotate(call, ht__tflite_input_tensor(call, i), after) : HT_OK;
}

/* ---- SVDF: for each filter a weighted sum over what its feature was in the last runs ---- */

ht_status ht__tflite_read_svdf(const tflite_call *call) {
    ht_value *x, *features, *times, *before, *now, *memory, *y;
    ht_node *node;
    int64_t rank = ht__tflite_int(&call->op, "rank", 1);
    HT_TRY(ht__tflite_input(call, 0, TFLITE_AS_FILED, &x));
    HT_TRY(ht__tflite_weights(call, 1, NULL, 2, &features)); /* [filters, inputs] */
    HT_TRY(ht__tflite_weights(call, 2, NULL, 2, &times));    /* [filters, memory] */
    const tflite_tensor *input = ht__tflite_input_tensor(call, 0);
    int64_t batch = ht__tflite_size(input, 0), filters = times->desc.dims[0], length = times->desc.dims[1];
    HT_TRY(refuse_unless(call, input->shape.count == 2 && batch > 0, "with an open batch"));
    HT_TRY(refuse_unless(call, rank > 0 && filters % rank == 0 && length > 0, "of this rank"));
    HT_TRY(ht__tflite_begin_state(call, 4, HT_F32, 3, (int64_t[]){batch, filters, length}, &before));

    HT_TRY(product(call, x, features, NULL, &now));
    HT_TRY(shaped(call, "Unsqueeze", now, (int64_t[]){2}, 1, &now));
    HT_TRY(part_of(call, before, 2, 1, INT64_MAX, &memory));
    HT_TRY(joined(call, (ht_value *[]){memory, now}, 2, 2, &memory));
    HT_TRY(end_state(call, 4, before, memory));

    HT_TRY(binary(call, "Mul", memory, times, &y));
    HT_TRY(shaped(call, "Reshape", y, (int64_t[]){batch, filters / rank, rank * length}, 3, &y));
    ht_value *sum[] = {y, NULL}, *bias;
    HT_TRY(ht__tflite_add_ints(call, (int64_t[]){2}, 1, &sum[1]));
    if (!ht__tflite_has(call, 3)) {
        HT_TRY(ht__tflite_result(call, 0, TFLITE_AS_FILED, "ReduceSum", sum, 2, &node));
        return ht__tflite_set_int(call, node, "keepdims", 0);
    }
    HT_TRY(ht__tflite_step(call, "ReduceSum", sum, 2, &node));
    HT_TRY(ht__tflite_set_int(call, node, "keepdims", 0));
    HT_TRY(ht__tflite_input(call, 3, TFLITE_AS_FILED, &bias));
    return ht__tflite_result(call, 0, TFLITE_AS_FILED, "Add", (ht_value *[]){node->outputs[0], bias}, 2, NULL);
}

/* ---- LSTM ---- */

#define MOST_STEPS 1024

typedef struct lstm {
    const tflite_call *call;
    tflite_lstm shape;
    ht_value *recurrent;    /* [4 units, outputs]; 3 units when coupled */
    ht_value *gates;        /* [batch, steps, 4 units]: what the input gives to input, forget, cell and output gate */
    ht_value *low, *high;   /* bounds of the cell, NULL: none */
    ht_value *least, *most; /* bounds of the projection, NULL: none */
    ht_value *state;        /* [batch, outputs] */
    ht_value *cell;         /* [batch, units] */
} lstm;

/* The gates' tensors in one. */
static ht_status gates_of(const lstm *l, uint32_t first, int32_t rank, ht_value **out) {
    ht_value *parts[4];
    uint32_t count = 0;
    for (uint32_t k = l->shape.coupled ? 1 : 0; k < 4; ++k) {
        HT_TRY(ht__tflite_weights(l->call, first + k, NULL, rank, &parts[count++]));
    }
    return joined(l->call, parts, count, 0, out);
}

static ht_status read_lstm_shape(const tflite_call *call, tflite_lstm *l) {
    const tflite_tensor *x = ht__tflite_input_tensor(call, LSTM_INPUT);
    HT_TRY(refuse_unless(call, ht__tflite_int(&call->op, "fused_activation_function", 0) == TFLITE_TANH,
                         "with another function than tanh"));
    HT_TRY(refuse_unless(call,
                         x->shape.count == 3 && ht__tflite_size(x, 0) > 0 && ht__tflite_size(x, 1) > 0 &&
                             ht__tflite_has(call, LSTM_RECURRENT + 1),
                         "with an open batch or number of steps"));
    l->time_major = ht__tflite_int(&call->op, "time_major", 0) != 0;
    l->coupled = !ht__tflite_has(call, LSTM_WEIGHTS);
    l->batch = x->shape.data[l->time_major ? 1 : 0];
    l->steps = x->shape.data[l->time_major ? 0 : 1];
    l->inputs = x->shape.data[2];
    const tflite_tensor *r = ht__tflite_input_tensor(call, LSTM_RECURRENT + 1);
    l->units = r->shape.count == 2 ? r->shape.data[0] : 0;
    l->outputs = r->shape.count == 2 ? r->shape.data[1] : 0;
    l->cell_clip = ht__tflite_float(&call->op, "cell_clip", 0.0f);
    l->projection_clip = ht__tflite_float(&call->op, "proj_clip", 0.0f);
    return refuse_unless(call,
                         l->units > 0 && l->inputs > 0 && l->outputs > 0 &&
                             (l->units == l->outputs || ht__tflite_has(call, LSTM_PROJECTION)),
                         "with these weights");
}

/* The constants -bound and bound; none for 0. */
static ht_status bounds_of(const tflite_call *call, float bound, ht_value **low, ht_value **high) {
    if (!(bound > 0)) {
        return HT_OK;
    }
    HT_TRY(ht__tflite_add_number(call, -bound, low));
    return ht__tflite_add_number(call, bound, high);
}

static ht_status begin_lstm(lstm *l) {
    const tflite_call *call = l->call;
    const tflite_lstm *s = &l->shape;
    ht_value *x, *weights, *bias = NULL;
    HT_TRY(
        refuse_unless(call, s->steps <= MOST_STEPS && (size_t)s->steps <= call->reading->entries, "of so many steps"));
    call->reading->entries -= (size_t)s->steps;
    HT_TRY(ht__tflite_input(call, LSTM_INPUT, TFLITE_AS_FILED, &x));
    HT_TRY(gates_of(l, LSTM_WEIGHTS, 2, &weights));
    HT_TRY(gates_of(l, LSTM_RECURRENT, 2, &l->recurrent));
    if (!ht__tflite_has(call, LSTM_NORMS + 1)) { /* else the bias comes behind the normalisation */
        HT_TRY(gates_of(l, LSTM_BIASES, 1, &bias));
    }
    if (s->time_major) {
        ht_node *node;
        HT_TRY(ht__tflite_step(call, "Transpose", &x, 1, &node));
        HT_TRY(ht__tflite_set_ints(call, node, "perm", (int64_t[]){1, 0, 2}, 3));
        x = node->outputs[0];
    }
    HT_TRY(shaped(call, "Reshape", x, (int64_t[]){s->batch * s->steps, s->inputs}, 2, &x));
    HT_TRY(product(call, x, weights, bias, &x));
    HT_TRY(shaped(call, "Reshape", x, (int64_t[]){s->batch, s->steps, (s->coupled ? 3 : 4) * s->units}, 3, &l->gates));
    HT_TRY(bounds_of(call, s->cell_clip, &l->low, &l->high));
    HT_TRY(bounds_of(call, s->projection_clip, &l->least, &l->most));
    HT_TRY(ht__tflite_begin_state(call, LSTM_STATE, HT_F32, 2, (int64_t[]){s->batch, s->outputs}, &l->state));
    return ht__tflite_begin_state(call, LSTM_CELL, HT_F32, 2, (int64_t[]){s->batch, s->units}, &l->cell);
}

static ht_status clipped(const tflite_call *call, ht_value *x, ht_value *low, ht_value *high, ht_value **out) {
    ht_node *node;
    *out = x;
    if (low != NULL) {
        HT_TRY(ht__tflite_step(call, "Clip", (ht_value *[]){x, low, high}, 3, &node));
        *out = node->outputs[0];
    }
    return HT_OK;
}

/* x normalised over the units, scaled and shifted by the gate's own numbers. */
static ht_status normalised(const lstm *l, ht_value *x, uint32_t gate, ht_value **out) {
    const tflite_call *call = l->call;
    ht_value *inputs[3] = {x};
    ht_node *node;
    HT_TRY(ht__tflite_weights(call, LSTM_NORMS + gate, NULL, 1, &inputs[1]));
    HT_TRY(ht__tflite_weights(call, LSTM_BIASES + gate, NULL, 1, &inputs[2]));
    HT_TRY(ht__tflite_step(call, "LayerNormalization", inputs, 3, &node));
    *out = node->outputs[0];
    return ht__node_set_float(call->reading->graph, node, "epsilon", 1e-8f, call->reading->err);
}

/* One gate's part of the sums, through its function. Gates: 0 input, 1 forget, 2 cell, 3 output; all but the cell gate
 * may look at the cell. */
static ht_status gate(const lstm *l, ht_value *sums, uint32_t index, const char *function, ht_value **out) {
    const tflite_call *call = l->call;
    int64_t place = (int64_t)index - (l->shape.coupled ? 1 : 0), units = l->shape.units;
    uint32_t peephole = LSTM_PEEPHOLES + (index == 3 ? 2 : index);
    ht_value *weights, *seen;
    HT_TRY(part_of(call, sums, 1, place * units, (place + 1) * units, out));
    if (index != 2 && ht__tflite_has(call, peephole)) {
        HT_TRY(ht__tflite_weights(call, peephole, NULL, 1, &weights));
        HT_TRY(binary(call, "Mul", l->cell, weights, &seen));
        HT_TRY(binary(call, "Add", *out, seen, out));
    }
    if (ht__tflite_has(call, LSTM_NORMS + index)) {
        HT_TRY(normalised(l, *out, index, out));
    }
    return unary(call, function, *out, out);
}

/* cell = clip(forget * cell + input * new) */
static ht_status advance_cell(lstm *l, ht_value *sums) {
    const tflite_call *call = l->call;
    ht_value *input, *forget, *fresh, *kept;
    HT_TRY(gate(l, sums, 1, "Sigmoid", &forget));
    if (l->shape.coupled) {
        HT_TRY(ht__tflite_add_number(call, 1.0f, &input));
        HT_TRY(binary(call, "Sub", input, forget, &input));
    } else {
        HT_TRY(gate(l, sums, 0, "Sigmoid", &input));
    }
    HT_TRY(gate(l, sums, 2, "Tanh", &fresh));
    HT_TRY(binary(call, "Mul", forget, l->cell, &kept));
    HT_TRY(binary(call, "Mul", input, fresh, &fresh));
    HT_TRY(binary(call, "Add", kept, fresh, &l->cell));
    HT_TRY(clipped(call, l->cell, l->low, l->high, &l->cell));
    return annotate(call, ht__tflite_input_tensor(call, LSTM_CELL), l->cell);
}

/* state = output * tanh(cell), or clip(that projected) */
static ht_status advance(lstm *l, int64_t step) {
    const tflite_call *call = l->call;
    ht_value *sums, *past, *shown, *output, *weights, *bias = NULL;
    HT_TRY(part_of(call, l->gates, 1, step, step + 1, &sums));
    HT_TRY(shaped(call, "Squeeze", sums, (int64_t[]){1}, 1, &sums));
    HT_TRY(product(call, l->state, l->recurrent, NULL, &past));
    HT_TRY(binary(call, "Add", sums, past, &sums));
    HT_TRY(advance_cell(l, sums));
    HT_TRY(gate(l, sums, 3, "Sigmoid", &output));
    HT_TRY(unary(call, "Tanh", l->cell, &shown));
    HT_TRY(binary(call, "Mul", output, shown, &l->state));
    if (ht__tflite_has(call, LSTM_PROJECTION)) {
        HT_TRY(ht__tflite_weights(call, LSTM_PROJECTION, NULL, 2, &weights));
        if (ht__tflite_has(call, LSTM_PROJECTION + 1)) {
            HT_TRY(ht__tflite_weights(call, LSTM_PROJECTION + 1, NULL, 1, &bias));
        }
        HT_TRY(product(call, l->state, weights, bias, &l->state));
        HT_TRY(clipped(call, l->state, l->least, l->most, &l->state));
    }
    return annotate(call, ht__tflite_input_tensor(call, LSTM_STATE), l->state);
}

ht_status ht__tflite_read_lstm(const tflite_call *call) {
    lstm l = {.call = call};
    HT_TRY(read_lstm_shape(call, &l.shape));
    if (ht__tflite_is_integer_lstm(call)) {
        return ht__tflite_read_integer_lstm(call, &l.shape);
    }
    HT_TRY(begin_lstm(&l));
    const ht_value *state = l.state, *cell = l.cell;
    int64_t axis = l.shape.time_major ? 0 : 1; /* of time in the result */
    size_t steps = (size_t)l.shape.steps;
    ht_value **results = ht__arena_alloc(call->reading->graph->arena, steps * sizeof *results);
    if (results == NULL) {
        return ht__fail_memory(call->reading->err, steps * sizeof *results);
    }
    for (size_t step = 0; step < steps; ++step) {
        HT_TRY(advance(&l, (int64_t)step));
        HT_TRY(shaped(call, "Unsqueeze", l.state, (int64_t[]){axis}, 1, &results[step]));
    }
    HT_TRY(end_state(call, LSTM_STATE, state, l.state));
    HT_TRY(end_state(call, LSTM_CELL, cell, l.cell));
    tflite_call plain = *call; /* the activation is that of the cell, not of the result */
    plain.op.options = NULL;
    return ht__tflite_concatenate(&plain, TFLITE_AS_FILED, axis, results, (uint32_t)steps);
}
