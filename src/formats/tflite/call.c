/* What rules are written with: operands and nodes of one operator. */
#include <math.h>
#include <string.h>

#include "formats/tflite/reading.h"
#include "graph/op.h"

ht_status ht__tflite_refuse(const tflite_call *call, const char *what) {
    return ht__fail_at(call->reading->err, HT_ERROR_UNSUPPORTED, call->name, "%s %s is not supported.",
                       call->rule->name, what);
}

/* ---- operands ---- */

bool ht__tflite_has(const tflite_call *call, uint32_t i) {
    return i < call->op.inputs.count && call->op.inputs.data[i] >= 0;
}

const tflite_tensor *ht__tflite_input_tensor(const tflite_call *call, uint32_t i) {
    return &call->reading->slots[call->op.inputs.data[i]].tensor;
}

const tflite_tensor *ht__tflite_output_tensor(const tflite_call *call, uint32_t i) {
    return &call->reading->slots[call->op.outputs.data[i]].tensor;
}

bool ht__tflite_is_constant(const tflite_call *call, uint32_t i) {
    return ht__tflite_has(call, i) && ht__tflite_input_tensor(call, i)->data != NULL;
}

static bool is_single(const tflite_tensor *tensor) {
    for (size_t i = 0; i < tensor->shape.count; ++i) {
        if (tensor->shape.data[i] != 1) {
            return false;
        }
    }
    return true;
}

tflite_form ht__tflite_form(const tflite_call *call) {
    bool wanted = false;
    for (uint32_t i = 0; i < call->op.inputs.count; ++i) {
        if (!ht__tflite_has(call, i) || ht__tflite_is_constant(call, i)) {
            continue;
        }
        const tflite_slot *slot = &call->reading->slots[call->op.inputs.data[i]];
        if (slot->tensor.shape.count != 4 && (slot->tensor.shape.count != 0 || !is_single(&slot->tensor))) {
            return TFLITE_AS_FILED;
        }
        wanted = wanted || (slot->tensor.shape.count == 4 && slot->values[TFLITE_AS_FILED] == NULL);
    }
    return wanted && ht__tflite_output_tensor(call, 0)->shape.count == 4 ? TFLITE_CHANNELS_FIRST : TFLITE_AS_FILED;
}

ht_status ht__tflite_axis(const tflite_call *call, int64_t axis, size_t rank, tflite_form form, int64_t *out) {
    static const int64_t places[] = {0, 2, 3, 1}; /* of the file's axes in a channels-first value */
    int64_t normal = axis < 0 ? axis + (int64_t)rank : axis;
    if (normal < 0 || normal >= (int64_t)rank) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name, "%s speaks of axis %lld of %zu dimensions.",
                           call->rule->name, (long long)axis, rank);
    }
    *out = form == TFLITE_CHANNELS_FIRST && rank == 4 ? places[normal] : normal;
    return HT_OK;
}

static ht_status require(const tflite_call *call, uint32_t i) {
    return ht__tflite_has(call, i) ? HT_OK
                                   : ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                                                 "Input %u of %s is missing.", i + 1, call->rule->name);
}

ht_status ht__tflite_input(const tflite_call *call, uint32_t i, tflite_form form, ht_value **out) {
    static const int32_t channels_first[] = {0, 3, 1, 2};
    HT_TRY(require(call, i));
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, i);
    size_t index = (size_t)call->op.inputs.data[i];
    if (form == TFLITE_CHANNELS_FIRST && tensor->shape.count < 4) {
        if (tensor->data != NULL && !is_single(tensor)) {
            return ht__tflite_constant(call->reading, index, channels_first, 4, out);
        }
        form = TFLITE_AS_FILED; /* a single number, whose axes do not matter */
    }
    return ht__tflite_value(call->reading, index, form, out);
}

ht_status ht__tflite_weights(const tflite_call *call, uint32_t i, const int32_t *order, int32_t rank, ht_value **out) {
    HT_TRY(require(call, i));
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, i);
    if (tensor->data == NULL) {
        return ht__tflite_refuse(call, "with weights that are computed");
    }
    if (tensor->shape.count != (size_t)rank) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, tensor->name,
                           "The weights of %s need %d dimensions, not %zu.", call->rule->name, (int)rank,
                           tensor->shape.count);
    }
    return ht__tflite_constant(call->reading, (size_t)call->op.inputs.data[i], order, rank, out);
}

ht_status ht__tflite_constant_ints(const tflite_call *call, uint32_t i, int64_t *out, size_t most, size_t *count) {
    HT_TRY(require(call, i));
    const tflite_tensor *tensor = ht__tflite_input_tensor(call, i);
    size_t size = tensor->type == TFLITE_INT32 ? 4 : tensor->type == TFLITE_INT64 ? 8 : 0;
    if (tensor->data == NULL) {
        return ht__fail_at(call->reading->err, HT_ERROR_UNSUPPORTED, call->name, "Input %s of %s must be a constant.",
                           tensor->name, call->rule->name);
    }
    if (size == 0 || tensor->bytes % size != 0 || tensor->bytes / size > most) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, call->name,
                           "Input %s of %s must be at most %zu integers.", tensor->name, call->rule->name, most);
    }
    *count = tensor->bytes / size;
    for (size_t k = 0; k < *count; ++k) {
        int32_t word;
        if (size == 4) {
            memcpy(&word, tensor->data + 4 * k, sizeof word);
            out[k] = word;
        } else {
            memcpy(&out[k], tensor->data + 8 * k, sizeof out[k]);
        }
    }
    return HT_OK;
}

ht_status ht__tflite_add_ints(const tflite_call *call, const int64_t *values, size_t count, ht_value **out) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {(int64_t)count}};
    return ht__graph_add_constant(call->reading->graph, NULL, &desc, values, false, out, call->reading->err);
}

int64_t ht__tflite_size(const tflite_tensor *tensor, size_t axis) {
    bool open = axis < tensor->signature.count && tensor->signature.data[axis] < 0;
    return open || axis >= tensor->shape.count ? -1 : tensor->shape.data[axis];
}

ht_status ht__tflite_add_shape(const tflite_call *call, const tflite_tensor *tensor, ht_value **out) {
    int64_t shape[HT_MAX_RANK];
    size_t open = 0, rank = tensor->shape.count;
    for (size_t i = 0; i < rank && i < HT_MAX_RANK; ++i) {
        shape[i] = ht__tflite_size(tensor, i);
        open += shape[i] < 0;
    }
    if (rank > HT_MAX_RANK || open > 1) {
        return ht__tflite_refuse(call, "with a result of unknown shape");
    }
    return ht__tflite_add_ints(call, shape, rank, out);
}

ht_status ht__tflite_add_number(const tflite_call *call, float number, ht_value **out) {
    return ht__graph_add_scalar(call->reading->graph, NULL, number, out, call->reading->err);
}

/* ---- nodes ---- */

ht_status ht__tflite_set_int(const tflite_call *call, ht_node *node, const char *name, int64_t value) {
    return ht__node_set_int(call->reading->graph, node, name, value, call->reading->err);
}

ht_status ht__tflite_set_ints(const tflite_call *call, ht_node *node, const char *name, const int64_t *values,
                              size_t count) {
    return ht__node_set_ints(call->reading->graph, node, name, values, count, call->reading->err);
}

ht_status ht__tflite_step(const tflite_call *call, const char *op, ht_value *const *inputs, uint32_t count,
                          ht_node **out) {
    tflite_reading *r = call->reading;
    const char *name;
    HT_TRY(ht__tflite_fresh(r, call->name, op, &name));
    return ht__graph_add_node(r->graph, op, name, inputs, count, 1, &name, out, r->err);
}

ht_status ht__tflite_bind(const tflite_call *call, uint32_t i, tflite_form form, ht_value *value) {
    return ht__tflite_define(call->reading, (size_t)call->op.outputs.data[i], form, value);
}

ht_status ht__tflite_alias_constant(const tflite_call *call, uint32_t i, uint32_t k) {
    tflite_slot *slot = &call->reading->slots[call->op.outputs.data[i]];
    const char *name = slot->tensor.name;
    if (slot->tensor.data != NULL || slot->values[0] != NULL || slot->values[1] != NULL) {
        return ht__fail_at(call->reading->err, HT_ERROR_FORMAT, name, "This tensor is written more than once.");
    }
    slot->tensor = *ht__tflite_input_tensor(call, k);
    slot->tensor.name = name;
    return HT_OK;
}

ht_status ht__tflite_output_name(const tflite_call *call, uint32_t i, tflite_form form, const char **out) {
    const tflite_slot *slot = &call->reading->slots[call->op.outputs.data[i]];
    /* What the model gives is called by the tensor's own name, and is neither turned nor annotated. */
    bool keeps_name = !slot->is_end || (form == TFLITE_AS_FILED && !ht__tflite_is_quantized(&slot->tensor));
    return ht__tflite_fresh(call->reading, slot->tensor.name, keeps_name ? NULL : "inside", out);
}

/* The operator of a fused activation; a Clip's bounds. NULL: there is none. */
static const char *activation_op(int64_t number, float *low, float *high) {
    *low = number == TFLITE_RELU_N1_TO_1 ? -1.0f : 0.0f;
    *high = number == TFLITE_RELU6 ? 6.0f : 1.0f;
    switch (number) {
    case TFLITE_RELU: return "Relu";
    case TFLITE_RELU_N1_TO_1:
    case TFLITE_RELU6: return "Clip";
    case TFLITE_TANH: return "Tanh";
    default: return NULL;
    }
}

static ht_status add_activation(const tflite_call *call, int64_t number, ht_value *before, ht_value *after) {
    tflite_reading *r = call->reading;
    float low, high;
    const char *op = activation_op(number, &low, &high), *name;
    ht_value *inputs[3] = {before};
    uint32_t count = 1;
    if (strcmp(op, "Clip") == 0) {
        HT_TRY(ht__tflite_add_number(call, low, &inputs[1]));
        HT_TRY(ht__tflite_add_number(call, high, &inputs[2]));
        count = 3;
    }
    name = ht__arena_printf(r->graph->arena, "%s/%s", call->name, op);
    if (name == NULL) {
        return ht__fail_memory(r->err, 1);
    }
    ht_node *node;
    return ht__graph_add_node_raw(r->graph, "", op, name, inputs, count, &after, 1, &node, r->err);
}

ht_status ht__tflite_result(const tflite_call *call, uint32_t i, tflite_form form, const char *op,
                            ht_value *const *inputs, uint32_t count, ht_node **out) {
    tflite_reading *r = call->reading;
    int64_t number = ht__tflite_int(&call->op, "fused_activation_function", TFLITE_NONE);
    float low, high;
    bool activated = activation_op(number, &low, &high) != NULL;
    if (!activated && number != TFLITE_NONE) {
        return ht__tflite_refuse(call, "with this fused activation");
    }
    const char *name, *before_name;
    ht_value *after, *before;
    ht_node *node;
    HT_TRY(ht__tflite_output_name(call, i, form, &name));
    HT_TRY(ht__graph_add_value(r->graph, name, NULL, &after, r->err));
    before = after;
    if (activated) {
        HT_TRY(ht__tflite_fresh(r, call->name, op, &before_name));
        HT_TRY(ht__graph_add_value(r->graph, before_name, NULL, &before, r->err));
    }
    const char *node_name = i == 0 ? call->name : after->name;
    HT_TRY(ht__graph_add_node_raw(r->graph, "", op, node_name, inputs, count, &before, 1, &node, r->err));
    if (out != NULL) {
        *out = node;
    }
    if (activated) {
        HT_TRY(add_activation(call, number, before, after));
    }
    return ht__tflite_bind(call, i, form, after);
}
