/* Tensors as values of the graph: names, annotations, the two forms. */
#include <math.h>

#include "formats/tflite/reading.h"

ht_type ht__tflite_type(int32_t type) {
    switch (type) {
#define TYPE_CASE(number, NAME, own) \
    case number: return own;
        TFLITE_TYPE_LIST(TYPE_CASE)
#undef TYPE_CASE
    default: return HT_NONE;
    }
}

bool ht__tflite_is_quantized(const tflite_tensor *tensor) {
    bool integers = tensor->type == TFLITE_INT8 || tensor->type == TFLITE_UINT8 || tensor->type == TFLITE_INT16 ||
                    tensor->type == TFLITE_INT32;
    return integers && tensor->scales != 0;
}

ht_status ht__tflite_annotation(tflite_reading *r, const tflite_tensor *tensor, ht_quantization **out) {
    int32_t bits = 8 * (int32_t)ht_type_bytes(ht__tflite_type(tensor->type));
    bool is_signed = tensor->type != TFLITE_UINT8;
    int64_t zero = tensor->zero_points != 0 ? tensor->zero_point[0] : 0;
    int64_t low = is_signed ? -((int64_t)1 << (bits - 1)) : 0, high = low + ((int64_t)1 << bits) - 1;
    if (tensor->scales != 1 || tensor->zero_points > 1 || tensor->has_other_details) {
        return ht__fail_at(r->err, HT_ERROR_UNSUPPORTED, tensor->name,
                           "An activation with other parameters than one scale and one zero point is not supported.");
    }
    if (!isfinite(tensor->scale[0]) || tensor->scale[0] <= 0 || zero < low || zero > high) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, tensor->name,
                           "The scale or zero point of this tensor is out of range.");
    }
    ht_quantization *q = ht__arena_alloc(r->graph->arena, sizeof *q);
    float *parameters = ht__arena_alloc(r->graph->arena, 2 * sizeof *parameters);
    if (q == NULL || parameters == NULL) {
        return ht__fail_memory(r->err, sizeof *q);
    }
    parameters[0] = tensor->scale[0];
    parameters[1] = (float)zero;
    *q = (ht_quantization){.bits = bits,
                           .is_signed = is_signed,
                           .axis = -1,
                           .groups = 1,
                           .scale = &parameters[0],
                           .zero_point = &parameters[1]};
    *out = q;
    return HT_OK;
}

ht_status ht__tflite_count_memory(tflite_reading *r) {
    size_t bytes = ht__arena_bytes(r->graph->arena), more = bytes - r->counted;
    if (more > r->room) {
        return ht__fail_at(r->err, HT_ERROR_LIMIT, r->file->name,
                           "The network in this file would take memory out of proportion to its size.");
    }
    r->room -= more;
    r->counted = bytes;
    return HT_OK;
}

ht_status ht__tflite_fresh(tflite_reading *r, const char *name, const char *suffix, const char **out) {
    HT_TRY(ht__tflite_count_memory(r));
    const char *base = name[0] != '\0' ? name : "tensor";
    const char *text = suffix != NULL ? ht__arena_printf(r->graph->arena, "%s/%s", base, suffix) : base;
    while (text != NULL && ht__graph_find(r->graph, text) != NULL) {
        text = ht__arena_printf(r->graph->arena, "%s%s%s_%u", base, suffix != NULL ? "/" : "",
                                suffix != NULL ? suffix : "", ++r->copies);
    }
    *out = text;
    return text != NULL ? HT_OK : ht__fail_memory(r->err, 1);
}

ht_status ht__tflite_convert(tflite_reading *r, const tflite_tensor *tensor, const char *op, ht_value *from,
                             const char *to, ht_value **out) {
    ht_quantization *q;
    HT_TRY(ht__tflite_annotation(r, tensor, &q));
    ht_tensor_desc zero_desc = {.type = ht__tflite_type(tensor->type)};
    int64_t zero = (int64_t)q->zero_point[0]; /* its low bytes are the number in any of the types */
    ht_value *inputs[3] = {from};
    ht_node *node;
    HT_TRY(ht__graph_add_scalar(r->graph, NULL, q->scale[0], &inputs[1], r->err));
    HT_TRY(ht__graph_add_constant(r->graph, NULL, &zero_desc, &zero, false, &inputs[2], r->err));
    const char *name = ht__arena_printf(r->graph->arena, "%s/%s", to, op);
    if (name == NULL) {
        return ht__fail_memory(r->err, 1);
    }
    HT_TRY(ht__graph_add_node(r->graph, op, name, inputs, 3, 1, &to, &node, r->err));
    *out = node->outputs[0];
    return HT_OK;
}

static ht_status convert_at_border(tflite_reading *r, const tflite_call *call, const tflite_tensor *tensor,
                                   const char *op, const char *suffix, ht_value *from, ht_value **out) {
    const char *name;
    if (tensor->type == TFLITE_INT32) {
        return ht__tflite_refuse(call, "of codes of 32 bits");
    }
    HT_TRY(ht__tflite_fresh(r, tensor->name, suffix, &name));
    return ht__tflite_convert(r, tensor, op, from, name, out);
}

ht_status ht__tflite_take_codes(tflite_reading *r, const tflite_call *call, const tflite_tensor *tensor,
                                ht_value *codes, ht_value **out) {
    return convert_at_border(r, call, tensor, "DequantizeLinear", "inside", codes, out);
}

ht_status ht__tflite_give_codes(tflite_reading *r, const tflite_call *call, const tflite_tensor *tensor,
                                ht_value *numbers, ht_value **out) {
    return convert_at_border(r, call, tensor, "QuantizeLinear", "codes", numbers, out);
}

ht_status ht__tflite_define(tflite_reading *r, size_t index, tflite_form form, ht_value *value) {
    tflite_slot *slot = &r->slots[index];
    if (slot->values[0] != NULL || slot->values[1] != NULL || slot->tensor.data != NULL) {
        return ht__fail_at(r->err, HT_ERROR_FORMAT, slot->tensor.name, "This tensor is written more than once.");
    }
    slot->values[form] = value;
    /* A value that two tensors share, such as the input of a Dequantize, has its annotation from the first. */
    return ht__tflite_is_quantized(&slot->tensor) && value->quantization == NULL
               ? ht__tflite_annotation(r, &slot->tensor, &value->quantization)
               : HT_OK;
}

/* The order of axes that leads to each form from the other. */
static const int64_t orders[2][4] = {[TFLITE_AS_FILED] = {0, 2, 3, 1}, [TFLITE_CHANNELS_FIRST] = {0, 3, 1, 2}};

/* Makes the value of the form from the other one. */
static ht_status transpose(tflite_reading *r, tflite_slot *slot, tflite_form form) {
    ht_value *source = slot->values[form == TFLITE_AS_FILED ? TFLITE_CHANNELS_FIRST : TFLITE_AS_FILED];
    const char *name;
    HT_TRY(ht__tflite_fresh(r, slot->tensor.name, form == TFLITE_AS_FILED ? "channels_last" : "channels_first", &name));
    ht_node *node;
    HT_TRY(ht__graph_add_node(r->graph, "Transpose", name, &source, 1, 1, &name, &node, r->err));
    HT_TRY(ht__node_set_ints(r->graph, node, "perm", orders[form], 4, r->err));
    slot->values[form] = node->outputs[0];
    return ht__tflite_is_quantized(&slot->tensor)
               ? ht__tflite_annotation(r, &slot->tensor, &slot->values[form]->quantization)
               : HT_OK;
}

ht_status ht__tflite_value(tflite_reading *r, size_t index, tflite_form form, ht_value **out) {
    tflite_slot *slot = &r->slots[index];
    size_t rank = slot->tensor.shape.count;
    if (slot->tensor.data != NULL) {
        int32_t order[4];
        for (int i = 0; i < 4; ++i) {
            order[i] = (int32_t)orders[TFLITE_CHANNELS_FIRST][i];
        }
        bool turned = form == TFLITE_CHANNELS_FIRST && rank == 4;
        return ht__tflite_constant(r, index, turned ? order : NULL, (int32_t)rank, out);
    }
    if (slot->values[form] == NULL) {
        if (slot->values[TFLITE_AS_FILED] == NULL && slot->values[TFLITE_CHANNELS_FIRST] == NULL) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, slot->tensor.name,
                               "This tensor is read before an operator has written it.");
        }
        if (rank != 4) {
            return ht__fail_at(r->err, HT_ERROR_FORMAT, slot->tensor.name,
                               "An operator needs this tensor to have 4 dimensions, not %zu.", rank);
        }
        HT_TRY(transpose(r, slot, form));
    }
    *out = slot->values[form];
    return HT_OK;
}
