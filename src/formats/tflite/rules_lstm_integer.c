/* The LSTM of int8 activations and weights and int16 cells: one node that works on codes, since its integers are not
 * those of any sequence of other operators (ops/fixed_lstm). */
#include <math.h>
#include <string.h>

#include "formats/tflite/recurrent.h"

/* Such operators state the parameters of five tensors on the way; the last is that of the hidden state before a
 * projection. The others are fixed. */
#define INTERMEDIATES 5
#define HIDDEN 4

static bool has_codes(const tflite_tensor *tensor, int32_t type) {
    return tensor->type == type && tensor->scales == 1 && tensor->zero_points <= 1 && !tensor->has_other_details &&
           isfinite(tensor->scale[0]) && tensor->scale[0] > 0;
}

/* The power of two that a scale is, near enough for LiteRT. */
static bool power_of_two(float scale, int64_t *exponent) {
    float power = log2f(scale), whole = roundf(power);
    *exponent = (int64_t)whole;
    return fabsf(power - whole) < 1e-3f && whole >= -15.0f && whole <= -9.0f;
}

static const tflite_tensor *hidden_of(const tflite_call *call) {
    int32_t index = call->op.intermediates.count == INTERMEDIATES ? call->op.intermediates.data[HIDDEN] : -1;
    bool there = index >= 0 && (size_t)index < call->reading->slot_count;
    return there ? &call->reading->slots[index].tensor : NULL;
}

bool ht__tflite_is_integer_lstm(const tflite_call *call) {
    static const uint32_t absent[] = {LSTM_PEEPHOLES,  LSTM_PEEPHOLES + 1, LSTM_PEEPHOLES + 2,
                                      LSTM_PROJECTION, LSTM_NORMS,         LSTM_NORMS + 1,
                                      LSTM_NORMS + 2,  LSTM_NORMS + 3,     LSTM_PROJECTION + 1};
    bool good = ht__tflite_has(call, LSTM_STATE) && ht__tflite_has(call, LSTM_CELL) && hidden_of(call) != NULL;
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; ++i) {
        good = good && !ht__tflite_has(call, absent[i]);
    }
    int64_t exponent;
    return good && has_codes(ht__tflite_input_tensor(call, LSTM_INPUT), TFLITE_INT8) &&
           has_codes(ht__tflite_input_tensor(call, LSTM_STATE), TFLITE_INT8) &&
           has_codes(ht__tflite_input_tensor(call, LSTM_CELL), TFLITE_INT16) &&
           has_codes(ht__tflite_output_tensor(call, 0), TFLITE_INT8) && has_codes(hidden_of(call), TFLITE_INT8) &&
           power_of_two(ht__tflite_input_tensor(call, LSTM_CELL)->scale[0], &exponent);
}

/* The codes of the gates' tensors, which have `width` numbers each (0: all of them) for each unit, in one constant;
 * their scales. */
static ht_status gates_of(const tflite_call *call, const tflite_lstm *l, uint32_t first, int32_t type, int64_t width,
                          float scales[4], ht_value **out) {
    tflite_reading *r = call->reading;
    ht_tensor_desc desc = {.type = ht__tflite_type(type), .rank = width != 0 ? 2 : 1, .dims = {0, width}};
    size_t gates = l->coupled ? 3 : 4, size = ht_type_bytes(desc.type), bytes;
    uint8_t *codes;
    desc.dims[0] = (int64_t)gates * l->units;
    if (!ht__desc_is_sane(&desc) || !ht__desc_bytes(&desc, &bytes)) {
        return ht__tflite_refuse(call, "with these weights");
    }
    HT_TRY(ht__tflite_reserve(r, call->name, bytes / size, size, &codes));
    for (size_t k = 0; k < gates; ++k) {
        uint32_t input = first + (uint32_t)(k + 4 - gates);
        if (!ht__tflite_is_constant(call, input)) {
            return ht__tflite_refuse(call, "with weights that are computed or missing");
        }
        const tflite_tensor *tensor = ht__tflite_input_tensor(call, input);
        if (!has_codes(tensor, type) || tensor->bytes != bytes / gates) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, tensor->name,
                               "These weights do not fit those of the other gates.");
        }
        memcpy(codes + k * tensor->bytes, tensor->data, tensor->bytes);
        scales[k] = tensor->scale[0];
    }
    return ht__graph_add_constant(r->graph, NULL, &desc, codes, true, out, r->err);
}

static int64_t zero_of(const tflite_tensor *tensor) { return tensor->zero_points != 0 ? tensor->zero_point[0] : 0; }

static ht_status set_attributes(const tflite_call *call, const tflite_lstm *l, const float weights[4],
                                const float recurrent[4], ht_node *node) {
    ht_graph *graph = call->reading->graph;
    ht_error *err = call->reading->err;
    const tflite_tensor *x = ht__tflite_input_tensor(call, LSTM_INPUT), *h = ht__tflite_input_tensor(call, LSTM_STATE);
    const tflite_tensor *cell = ht__tflite_input_tensor(call, LSTM_CELL), *y = hidden_of(call);
    const float scales[] = {x->scale[0], h->scale[0], y->scale[0]};
    const int64_t zeros[] = {zero_of(x), zero_of(h), zero_of(y)};
    size_t gates = l->coupled ? 3 : 4;
    int64_t exponent;
    (void)power_of_two(cell->scale[0], &exponent);
    float clip = l->cell_clip > 0 ? fminf(l->cell_clip / cell->scale[0], 32767.0f) : 0.0f;
    HT_TRY(ht__node_set_floats(graph, node, "scales", scales, 3, err));
    HT_TRY(ht__node_set_ints(graph, node, "zeros", zeros, 3, err));
    HT_TRY(ht__node_set_floats(graph, node, "weight_scales", weights, gates, err));
    HT_TRY(ht__node_set_floats(graph, node, "recurrent_scales", recurrent, gates, err));
    HT_TRY(ht__node_set_int(graph, node, "cell_exponent", exponent, err));
    HT_TRY(ht__node_set_int(graph, node, "cell_clip", (int64_t)clip, err));
    return ht__node_set_int(graph, node, "time_major", l->time_major, err);
}

ht_status ht__tflite_read_integer_lstm(const tflite_call *call, const tflite_lstm *l) {
    tflite_reading *r = call->reading;
    const tflite_tensor *input = ht__tflite_input_tensor(call, LSTM_INPUT), *output = ht__tflite_output_tensor(call, 0);
    const int64_t state[] = {l->batch, l->units};
    float weights[4], recurrent[4], unused[4];
    ht_value *inputs[6], *outputs[3], *y;
    ht_node *node;
    HT_TRY(ht__tflite_input(call, LSTM_INPUT, TFLITE_AS_FILED, &inputs[0]));
    HT_TRY(ht__tflite_give_codes(r, call, input, inputs[0], &inputs[0]));
    HT_TRY(gates_of(call, l, LSTM_WEIGHTS, TFLITE_INT8, l->inputs, weights, &inputs[1]));
    HT_TRY(gates_of(call, l, LSTM_RECURRENT, TFLITE_INT8, l->units, recurrent, &inputs[2]));
    HT_TRY(gates_of(call, l, LSTM_BIASES, TFLITE_INT32, 0, unused, &inputs[3]));
    HT_TRY(ht__tflite_begin_state(call, LSTM_STATE, HT_I16, 2, state, &inputs[4]));
    HT_TRY(ht__tflite_begin_state(call, LSTM_CELL, HT_I16, 2, state, &inputs[5]));
    for (int i = 0; i < 3; ++i) {
        const char *name;
        HT_TRY(ht__tflite_fresh(r, output->name, i == 0 ? "codes" : "state", &name));
        HT_TRY(ht__graph_add_value(r->graph, name, NULL, &outputs[i], r->err));
    }
    HT_TRY(ht__graph_add_node_raw(r->graph, "halftone", "FixedLstm", call->name, inputs, 6, outputs, 3, &node, r->err));
    HT_TRY(set_attributes(call, l, weights, recurrent, node));
    ht__graph_keep(r->graph, inputs[4], outputs[1]);
    ht__graph_keep(r->graph, inputs[5], outputs[2]);
    HT_TRY(ht__tflite_take_codes(r, call, output, outputs[0], &y));
    return ht__tflite_bind(call, 0, TFLITE_AS_FILED, y);
}
