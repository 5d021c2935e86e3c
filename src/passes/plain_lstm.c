/* FixedLstm (ops/fixed_lstm) in operators of ONNX, on real numbers: for files of runtimes that have none like it. The
 * hidden state and the cell are annotated with their codes, so that they are rounded as there; sums and functions are
 * not, which changes a code by a step here and there. */
#include <string.h>

#include "graph/op.h"
#include "passes/passes.h"

enum { X, WEIGHTS, RECURRENT, BIAS, HIDDEN, CELL };

typedef struct lstm {
    ht_graph *graph;
    const ht_node *node;
    ht_error *err;
    const float *scales, *weight_scales, *recurrent_scales;
    const int64_t *zeros;
    int64_t gates, units, inputs, batch, steps;
    int64_t time_axis;       /* of x and y */
    ht_value *w, *r, *b, *x; /* x: [batch steps, gates units], what it gives to the gates */
    ht_value *hidden, *cell; /* [batch, units] */
    ht_value *low, *high;    /* bounds of the cell; NULL: none */
    ht_quantization *of_hidden, *of_cell;
} lstm;

/* ---- building blocks ---- */

static ht_status add(lstm *l, const char *op, ht_value *const *inputs, uint32_t count, ht_node **node, ht_value **out) {
    ht_node *made;
    HT_TRY(ht__graph_add_node(l->graph, op, NULL, inputs, count, 1, NULL, &made, l->err));
    *out = made->outputs[0];
    if (node != NULL) {
        *node = made;
    }
    return HT_OK;
}

static ht_status unary(lstm *l, const char *op, ht_value *x, ht_value **out) { return add(l, op, &x, 1, NULL, out); }

static ht_status binary(lstm *l, const char *op, ht_value *a, ht_value *b, ht_value **out) {
    return add(l, op, (ht_value *[]){a, b}, 2, NULL, out);
}

static ht_status ints(lstm *l, const int64_t *values, int64_t count, ht_value **out) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {count}};
    return ht__graph_add_constant(l->graph, NULL, &desc, values, false, out, l->err);
}

static ht_status shaped(lstm *l, const char *op, ht_value *x, const int64_t *values, int64_t count, ht_value **out) {
    ht_value *list;
    HT_TRY(ints(l, values, count, &list));
    return binary(l, op, x, list, out);
}

/* x[..., begin:end] along an axis. */
static ht_status part(lstm *l, ht_value *x, int64_t axis, int64_t begin, int64_t end, ht_value **out) {
    ht_value *inputs[4] = {x};
    HT_TRY(ints(l, &begin, 1, &inputs[1]));
    HT_TRY(ints(l, &end, 1, &inputs[2]));
    HT_TRY(ints(l, &axis, 1, &inputs[3]));
    return add(l, "Slice", inputs, 4, NULL, out);
}

/* x w' + b */
static ht_status product(lstm *l, ht_value *x, ht_value *w, ht_value *b, ht_value **out) {
    ht_node *node;
    HT_TRY(add(l, "Gemm", (ht_value *[]){x, w, b}, b != NULL ? 3 : 2, &node, out));
    return ht__node_set_int(l->graph, node, "transB", 1, l->err);
}

/* QuantizeLinear or DequantizeLinear between i8 codes and numbers. */
static ht_status convert(lstm *l, const char *op, ht_value *from, float scale, int64_t zero, ht_value **out) {
    ht_tensor_desc desc = {.type = HT_I8};
    int8_t code = (int8_t)zero;
    ht_value *inputs[3] = {from};
    HT_TRY(ht__graph_add_scalar(l->graph, NULL, scale, &inputs[1], l->err));
    HT_TRY(ht__graph_add_constant(l->graph, NULL, &desc, &code, false, &inputs[2], l->err));
    return add(l, op, inputs, 3, NULL, out);
}

static ht_status make_annotation(lstm *l, int32_t bits, size_t groups, ht_quantization **out, float **parameters) {
    ht_arena *arena = l->graph->arena;
    ht_quantization *q = ht__arena_alloc(arena, sizeof *q);
    *parameters = ht__arena_alloc(arena, 2 * groups * sizeof **parameters);
    if (q == NULL || *parameters == NULL) {
        return ht__fail_memory(l->err, 2 * groups * sizeof **parameters);
    }
    *q = (ht_quantization){.bits = bits,
                           .is_signed = true,
                           .axis = groups > 1 ? 0 : -1,
                           .groups = groups,
                           .scale = *parameters,
                           .zero_point = *parameters + groups};
    *out = q;
    return HT_OK;
}

/* The gates' weights, i8, as numbers that keep their codes; each gate has a scale. */
static ht_status weights(lstm *l, const ht_value *codes, const float *scales, ht_value **out) {
    size_t rows = (size_t)(l->gates * l->units), columns = (size_t)codes->desc.dims[1];
    ht_quantization *q;
    float *parameters, *numbers = ht__arena_alloc(l->graph->arena, rows * columns * sizeof *numbers);
    uint16_t *offset = ht__arena_alloc(l->graph->arena, rows * columns * sizeof *offset);
    if (numbers == NULL || offset == NULL) {
        return ht__fail_memory(l->err, rows * columns * sizeof *numbers);
    }
    HT_TRY(make_annotation(l, 8, rows, &q, &parameters));
    for (size_t i = 0; i < rows * columns; ++i) {
        int8_t code = ((const int8_t *)codes->data)[i];
        float scale = scales[i / columns / (size_t)l->units];
        parameters[i / columns] = scale;
        numbers[i] = (float)code * scale;
        offset[i] = (uint16_t)(code + 128);
    }
    q->codes = offset;
    ht_tensor_desc desc = codes->desc;
    desc.type = HT_F32;
    HT_TRY(ht__graph_add_constant(l->graph, NULL, &desc, numbers, true, out, l->err));
    (*out)->quantization = q;
    return HT_OK;
}

static ht_status bias(lstm *l, ht_value **out) {
    size_t rows = (size_t)(l->gates * l->units);
    float *numbers = ht__arena_alloc(l->graph->arena, rows * sizeof *numbers);
    if (numbers == NULL) {
        return ht__fail_memory(l->err, rows * sizeof *numbers);
    }
    for (size_t i = 0; i < rows; ++i) {
        float scale = l->scales[0] * l->weight_scales[i / (size_t)l->units];
        numbers[i] = (float)((const int32_t *)l->node->inputs[BIAS]->data)[i] * scale;
    }
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1, .dims = {(int64_t)rows}};
    return ht__graph_add_constant(l->graph, NULL, &desc, numbers, true, out, l->err);
}

/* ---- states ---- */

/* The state that was codes begins as a number. */
static ht_status begin_state(lstm *l, uint32_t input, ht_value **out) {
    ht_value *old = l->node->inputs[input];
    ht_tensor_desc desc = old->desc;
    desc.type = HT_F32;
    const char *name = ht__arena_printf(l->graph->arena, "%s_real", old->name);
    if (name == NULL) {
        return ht__fail_memory(l->err, 1);
    }
    HT_TRY(ht__graph_add_value(l->graph, ht__graph_find(l->graph, name) == NULL ? name : NULL, &desc, out, l->err));
    for (size_t i = 0; i < l->graph->state_count; ++i) {
        if (l->graph->states[i].before == old) {
            l->graph->states[i] = (ht_state){*out, *out};
            (*out)->is_state = true;
            old->is_state = false;
        }
    }
    return (*out)->is_state ? HT_OK
                            : ht__fail_at(l->err, HT_ERROR_UNSUPPORTED, l->node->name,
                                          "An LSTM on codes whose state is no state cannot be written so.");
}

/* ---- the steps: as in formats/tflite/rules_recurrent.c ---- */

static ht_status gate(lstm *l, ht_value *sums, int64_t index, const char *function, ht_value **out) {
    index -= 4 - l->gates;
    HT_TRY(part(l, sums, 1, index * l->units, (index + 1) * l->units, out));
    return unary(l, function, *out, out);
}

static ht_status advance(lstm *l, int64_t step) {
    ht_value *sums, *past, *input, *forget, *fresh, *output, *kept, *one;
    HT_TRY(part(l, l->x, l->time_axis, step, step + 1, &sums));
    HT_TRY(shaped(l, "Squeeze", sums, &l->time_axis, 1, &sums));
    HT_TRY(product(l, l->hidden, l->r, NULL, &past));
    HT_TRY(binary(l, "Add", sums, past, &sums));
    HT_TRY(gate(l, sums, 1, "Sigmoid", &forget));
    if (l->gates == 4) {
        HT_TRY(gate(l, sums, 0, "Sigmoid", &input));
    } else {
        HT_TRY(ht__graph_add_scalar(l->graph, NULL, 1.0f, &one, l->err));
        HT_TRY(binary(l, "Sub", one, forget, &input));
    }
    HT_TRY(gate(l, sums, 2, "Tanh", &fresh));
    HT_TRY(gate(l, sums, 3, "Sigmoid", &output));
    HT_TRY(binary(l, "Mul", forget, l->cell, &kept));
    HT_TRY(binary(l, "Mul", input, fresh, &fresh));
    HT_TRY(binary(l, "Add", kept, fresh, &l->cell));
    if (l->low != NULL) {
        HT_TRY(add(l, "Clip", (ht_value *[]){l->cell, l->low, l->high}, 3, NULL, &l->cell));
    }
    l->cell->quantization = l->of_cell;
    HT_TRY(unary(l, "Tanh", l->cell, &fresh));
    HT_TRY(binary(l, "Mul", output, fresh, &l->hidden));
    l->hidden->quantization = l->of_hidden;
    return HT_OK;
}

/* The results of all steps along the axis of time, in groups of as many as a node may have inputs; `values` is used up.
 */
static ht_status join(lstm *l, ht_value **values, size_t count, ht_value **out) {
    while (count > 1) {
        size_t groups = 0;
        for (size_t i = 0; i < count; i += HT_MAX_INPUTS) {
            size_t each = count - i < HT_MAX_INPUTS ? count - i : HT_MAX_INPUTS;
            ht_node *node;
            HT_TRY(add(l, "Concat", values + i, (uint32_t)each, &node, &values[groups++]));
            HT_TRY(ht__node_set_int(l->graph, node, "axis", l->time_axis, l->err));
        }
        count = groups;
    }
    *out = values[0];
    return HT_OK;
}

static void read_node(lstm *l) {
    size_t count;
    const ht_node *node = l->node;
    const ht_tensor_desc *x = &node->inputs[X]->desc;
    l->scales = ht__node_floats(node, "scales", &count);
    l->zeros = ht__node_ints(node, "zeros", &count);
    l->recurrent_scales = ht__node_floats(node, "recurrent_scales", &count);
    l->weight_scales = ht__node_floats(node, "weight_scales", &count);
    l->gates = (int64_t)count;
    l->units = node->inputs[HIDDEN]->desc.dims[1];
    l->batch = node->inputs[HIDDEN]->desc.dims[0];
    l->time_axis = ht__node_int(node, "time_major", 0) != 0 ? 0 : 1;
    l->steps = x->dims[l->time_axis];
    l->inputs = x->dims[2];
}

static ht_status begin(lstm *l) {
    const ht_node *node = l->node;
    float *parameters, cell = 1.0f / (float)(1 << -ht__node_int(node, "cell_exponent", 0));
    int64_t first = l->time_axis == 0 ? l->steps : l->batch, second = l->time_axis == 0 ? l->batch : l->steps;
    float clip = (float)ht__node_int(node, "cell_clip", 0) * cell;
    HT_TRY(convert(l, "DequantizeLinear", node->inputs[X], l->scales[0], l->zeros[0], &l->x));
    HT_TRY(weights(l, node->inputs[WEIGHTS], l->weight_scales, &l->w));
    HT_TRY(weights(l, node->inputs[RECURRENT], l->recurrent_scales, &l->r));
    HT_TRY(bias(l, &l->b));
    HT_TRY(shaped(l, "Reshape", l->x, (int64_t[]){first * second, l->inputs}, 2, &l->x));
    HT_TRY(product(l, l->x, l->w, l->b, &l->x));
    HT_TRY(shaped(l, "Reshape", l->x, (int64_t[]){first, second, l->gates * l->units}, 3, &l->x));
    HT_TRY(begin_state(l, HIDDEN, &l->hidden));
    HT_TRY(begin_state(l, CELL, &l->cell));
    if (clip > 0) {
        HT_TRY(ht__graph_add_scalar(l->graph, NULL, -clip, &l->low, l->err));
        HT_TRY(ht__graph_add_scalar(l->graph, NULL, clip, &l->high, l->err));
    }
    HT_TRY(make_annotation(l, 8, 1, &l->of_hidden, &parameters));
    parameters[0] = l->scales[2];
    parameters[1] = (float)l->zeros[2];
    HT_TRY(make_annotation(l, 16, 1, &l->of_cell, &parameters));
    parameters[0] = cell;
    return HT_OK;
}

static ht_status replace(ht_graph *graph, ht_node *node, ht_error *err) {
    lstm l = {.graph = graph, .node = node, .err = err};
    read_node(&l);
    HT_TRY(begin(&l));
    const ht_value *hidden = l.hidden, *cell = l.cell;
    ht_value **results = ht__arena_alloc(graph->arena, (size_t)l.steps * sizeof *results), *y, *codes;
    if (results == NULL) {
        return ht__fail_memory(err, (size_t)l.steps * sizeof *results);
    }
    for (int64_t step = 0; step < l.steps; ++step) {
        HT_TRY(advance(&l, step));
        HT_TRY(shaped(&l, "Unsqueeze", l.hidden, &l.time_axis, 1, &results[step]));
    }
    ht__graph_keep(graph, hidden, l.hidden);
    ht__graph_keep(graph, cell, l.cell);
    HT_TRY(join(&l, results, (size_t)l.steps, &y));
    HT_TRY(convert(&l, "QuantizeLinear", y, l.scales[2], l.zeros[2], &codes));
    ht_value *old = node->outputs[0];
    ht__graph_remove_node(graph, node);
    ht__graph_replace_uses(graph, old, codes);
    return HT_OK;
}

static bool is_fixed_lstm(const ht_node *node) {
    return strcmp(node->op->domain, "halftone") == 0 && strcmp(node->op->name, "FixedLstm") == 0;
}

bool ht__has_fixed_lstm(const ht_graph *graph) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        if (is_fixed_lstm(graph->nodes[i])) {
            return true;
        }
    }
    return false;
}

ht_status ht__pass_plain_lstm(ht_graph *graph, ht_error *err) {
    for (size_t i = graph->node_count; i-- > 0;) { /* new nodes go to the end */
        if (is_fixed_lstm(graph->nodes[i])) {
            HT_TRY(replace(graph, graph->nodes[i], err));
        }
    }
    HT_TRY(ht__graph_sort(graph, err));
    return ht__graph_infer(graph, err);
}
