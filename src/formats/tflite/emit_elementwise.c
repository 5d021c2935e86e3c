/* Writing operators on each number, and those that change how numbers are stored. */
#include <math.h>
#include <string.h>

#include "formats/tflite/emit.h"

ht_status ht__tflite_write_elementwise(const tflite_emission *e) {
    tflite_order order = ht__tflite_write_order(e);
    int32_t inputs[HT_MAX_INPUTS];
    if (e->node->input_count > HT_MAX_INPUTS) {
        return ht__tflite_cannot(e, "of so many tensors");
    }
    for (uint32_t i = 0; i < e->node->input_count; ++i) {
        HT_TRY(ht__tflite_operand(e, i, order, &inputs[i]));
    }
    return ht__tflite_write_result(e, order, inputs, e->node->input_count, NULL);
}

/* RELU, RELU6, RELU_N1_TO_1, or MAXIMUM and MINIMUM with single numbers. */
ht_status ht__tflite_write_clip(const tflite_emission *e) {
    static const int32_t codes[] = {[TFLITE_RELU] = 19, [TFLITE_RELU_N1_TO_1] = 20, [TFLITE_RELU6] = 21};
    tflite_order order = ht__tflite_write_order(e);
    int32_t activation = ht__tflite_activation_of(e->node), inputs[2], between;
    tflite_write_rule rule = *e->rule;
    tflite_emission own = *e;
    own.rule = &rule;
    if (activation != TFLITE_NONE) {
        rule.code = codes[activation];
        rule.options_type = 0;
        HT_TRY(ht__tflite_operand(&own, 0, order, &inputs[0]));
        return ht__tflite_write_result(&own, order, inputs, 1, NULL);
    }
    const ht_node *node = e->node;
    const ht_value *low = node->input_count > 1 ? node->inputs[1] : NULL;
    const ht_value *high = node->input_count > 2 ? node->inputs[2] : NULL;
    own.codes = false;
    HT_TRY(ht__tflite_operand(&own, 0, order, &inputs[0]));
    if (low != NULL) {
        rule.code = 55; /* MAXIMUM */
        HT_TRY(ht__tflite_tensor_of(e->writing, low, TFLITE_PLAIN, false, &inputs[1]));
        if (high == NULL) {
            return ht__tflite_write_result(&own, order, inputs, 2, NULL);
        }
        HT_TRY(ht__tflite_copy_tensor(e->writing, inputs[0], "bounded", &between));
        HT_TRY(ht__tflite_write_operator(e->writing, rule.code, 1, rule.options_type, inputs, 2, between, NULL));
        inputs[0] = between;
    }
    if (high == NULL) {
        return ht__tflite_cannot(e, "without bounds");
    }
    rule.code = 57; /* MINIMUM */
    HT_TRY(ht__tflite_tensor_of(e->writing, high, TFLITE_PLAIN, false, &inputs[1]));
    return ht__tflite_write_result(&own, order, inputs, 2, NULL);
}

ht_status ht__tflite_write_leaky_relu(const tflite_emission *e) {
    tflite_order order = ht__tflite_write_order(e);
    int32_t input;
    tflite_written_operator *op;
    HT_TRY(ht__tflite_operand(e, 0, order, &input));
    HT_TRY(ht__tflite_write_result(e, order, &input, 1, &op));
    ht__tflite_option_float(op, "alpha", ht__node_float(e->node, "alpha", 0.01f));
    return HT_OK;
}

/* Over the last axis of the file. */
ht_status ht__tflite_write_softmax(const tflite_emission *e) {
    int32_t rank = e->result->desc.rank, input;
    int64_t axis = ht__node_int(e->node, "axis", -1);
    axis += axis < 0 ? rank : 0;
    tflite_order order = rank == 4 && axis == 1 ? TFLITE_CHANNELS_LAST : TFLITE_PLAIN;
    tflite_written_operator *op;
    if (order == TFLITE_PLAIN && axis != rank - 1) {
        return ht__tflite_cannot(e, "over another axis than the last");
    }
    HT_TRY(ht__tflite_operand(e, 0, order, &input));
    HT_TRY(ht__tflite_write_result(e, order, &input, 1, &op));
    if (e->node->op->name[0] == 'S') {
        ht__tflite_option_float(op, "beta", 1.0f);
    }
    return HT_OK;
}

/* g (x - m) / sqrt(v + e) + b as a product and a sum by channel. */
ht_status ht__tflite_write_batch_norm(const tflite_emission *e) {
    const ht_node *node = e->node;
    tflite_writing *w = e->writing;
    int32_t rank = node->inputs[0]->desc.rank, inputs[2];
    for (uint32_t i = 1; i < 5; ++i) {
        if (node->inputs[i]->data == NULL || node->inputs[i]->desc.type != HT_F32) {
            return ht__tflite_cannot(e, "with computed statistics");
        }
    }
    size_t channels = (size_t)ht__desc_elements(&node->inputs[1]->desc);
    const float *g = node->inputs[1]->data, *b = node->inputs[2]->data, *m = node->inputs[3]->data,
                *v = node->inputs[4]->data;
    float *scale = ht__arena_alloc(w->arena, channels * sizeof *scale);
    float *shift = ht__arena_alloc(w->arena, channels * sizeof *shift);
    if (scale == NULL || shift == NULL || (rank != 4 && rank != 2)) {
        return scale == NULL || shift == NULL ? ht__fail_memory(w->err, channels * sizeof *scale)
                                              : ht__tflite_cannot(e, "over other than two axes");
    }
    for (size_t i = 0; i < channels; ++i) {
        double factor = (double)g[i] / sqrt((double)v[i] + (double)ht__node_float(node, "epsilon", 1e-5f));
        scale[i] = (float)factor;
        shift[i] = (float)((double)b[i] - (double)m[i] * factor);
    }
    tflite_order order = rank == 4 ? TFLITE_CHANNELS_LAST : TFLITE_PLAIN;
    ht_value vector = *node->inputs[1];
    vector.quantization = NULL;
    vector.name = ht__arena_printf(w->arena, "%s/scale", node->name);
    vector.data = scale;
    HT_TRY(ht__tflite_operand(e, 0, order, &inputs[0]));
    HT_TRY(ht__tflite_write_constant(w, &vector, NULL, 1, false, &inputs[1]));
    int32_t scaled;
    HT_TRY(ht__tflite_copy_tensor(w, inputs[0], "scaled", &scaled));
    HT_TRY(ht__tflite_write_operator(w, 18, 1, 21, inputs, 2, scaled, NULL)); /* MUL */
    inputs[0] = scaled;
    vector.name = ht__arena_printf(w->arena, "%s/shift", node->name);
    vector.data = shift;
    HT_TRY(ht__tflite_write_constant(w, &vector, NULL, 1, false, &inputs[1]));
    return ht__tflite_write_result(e, order, inputs, 2, NULL);
}

/* ---- how numbers are stored ---- */

/* Nothing in float; other codes, by way of TFLite's QUANTIZE, when both sides are annotated. */
ht_status ht__tflite_write_identity(const tflite_emission *e) {
    tflite_writing *w = e->writing;
    const ht_value *x = e->node->inputs[0], *y = e->result;
    const ht_quantization *from = w->annotations[x->id], *to = w->annotations[y->id];
    tflite_order order = ht__tflite_write_order(e);
    int32_t input, output;
    HT_TRY(ht__tflite_tensor_of(w, x, order, from != NULL && to != NULL && x->data == NULL, &input));
    if (to == NULL) {
        HT_TRY(ht__tflite_tensor_of(w, x, order, false, &input));
        bool named = y->is_output && x->data == NULL;
        if (!named) {
            w->places[y->id].tensors[order][0] = input;
            return HT_OK;
        }
        /* An output of its own: reshaped to the shape that it has. */
        int64_t shape[HT_MAX_RANK];
        const tflite_written_tensor *tensor = &w->content.tensors[input];
        int32_t inputs[2] = {input}, rank = tensor->rank;
        for (int32_t i = 0; i < rank; ++i) {
            shape[i] = tensor->signature[i];
        }
        HT_TRY(ht__tflite_write_ints(w, shape, (size_t)rank, 0, &inputs[1]));
        HT_TRY(ht__tflite_new_tensor(w, y, order, false, &output));
        return ht__tflite_write_operator(w, 22, 1, 17, inputs, 2, output, NULL); /* RESHAPE */
    }
    HT_TRY(ht__tflite_new_tensor(w, y, order, true, &output));
    return ht__tflite_write_operator(w, 114, 1, 89, &input, 1, output, NULL); /* QUANTIZE */
}

/* The constant scale and zero point of a QuantizeLinear or DequantizeLinear for the whole tensor; what they are on the
 * file's tensor. */
static ht_status read_parameters(const tflite_emission *e, float **scale, int64_t **zero) {
    const ht_node *node = e->node;
    const ht_value *s = node->inputs[1], *z = node->input_count > 2 ? node->inputs[2] : NULL;
    if (s->data == NULL || ht__desc_elements(&s->desc) != 1 || s->desc.type != HT_F32 ||
        (z != NULL && (z->data == NULL || ht__desc_elements(&z->desc) != 1))) {
        return ht__tflite_cannot(e, "with other than one constant scale and zero point");
    }
    *scale = ht__arena_copy(e->writing->arena, s->data, sizeof **scale);
    *zero = ht__arena_alloc(e->writing->arena, sizeof **zero);
    if (*scale == NULL || *zero == NULL) {
        return ht__fail_memory(e->writing->err, sizeof **zero);
    }
    if (z != NULL) {
        switch (z->desc.type) {
        case HT_I8: **zero = *(const int8_t *)z->data; break;
        case HT_U8: **zero = *(const uint8_t *)z->data; break;
        case HT_I16: **zero = *(const int16_t *)z->data; break;
        case HT_I32: **zero = *(const int32_t *)z->data; break;
        default: return ht__tflite_cannot(e, "to this type");
        }
    }
    return HT_OK;
}

static bool has_parameters(const ht_quantization *q, ht_type type, float scale, int64_t zero) {
    ht_type own = q == NULL       ? HT_NONE
                  : q->bits == 8  ? (q->is_signed ? HT_I8 : HT_U8)
                  : q->bits == 16 ? HT_I16
                                  : HT_NONE;
    return own == type && q->scale[0] == scale && q->zero_point[0] == (float)zero;
}

static void set_parameters(tflite_writing *w, int32_t tensor, const float *scale, const int64_t *zero) {
    tflite_written_tensor *t = &w->content.tensors[tensor];
    t->scale = scale;
    t->zero_point = zero;
    t->scales = 1;
}

/* Codes from outside: the file's tensor has the parameters, and is the result's codes when those are the same. */
ht_status ht__tflite_write_dequantize(const tflite_emission *e) {
    tflite_writing *w = e->writing;
    const ht_value *x = e->node->inputs[0], *y = e->result;
    float *scale;
    int64_t *zero;
    int32_t input;
    HT_TRY(read_parameters(e, &scale, &zero));
    HT_TRY(ht__tflite_tensor_of(w, x, TFLITE_PLAIN, false, &input));
    set_parameters(w, input, scale, zero);
    if (has_parameters(w->annotations[y->id], x->desc.type, *scale, *zero)) {
        w->places[y->id].tensors[TFLITE_PLAIN][1] = input;
        return HT_OK;
    }
    return ht__tflite_write_result(e, TFLITE_PLAIN, &input, 1, NULL);
}

/* Codes for outside: the input's own when it has the same parameters. */
ht_status ht__tflite_write_quantize(const tflite_emission *e) {
    tflite_writing *w = e->writing;
    const ht_value *x = e->node->inputs[0], *y = e->result;
    float *scale;
    int64_t *zero;
    int32_t input, output;
    HT_TRY(read_parameters(e, &scale, &zero));
    if (has_parameters(w->annotations[x->id], y->desc.type, *scale, *zero)) {
        HT_TRY(ht__tflite_tensor_of(w, x, TFLITE_PLAIN, true, &input));
        w->places[y->id].tensors[TFLITE_PLAIN][0] = input;
        return HT_OK;
    }
    HT_TRY(ht__tflite_tensor_of(w, x, TFLITE_PLAIN, w->annotations[x->id] != NULL, &input));
    HT_TRY(ht__tflite_new_tensor(w, y, TFLITE_PLAIN, false, &output));
    set_parameters(w, output, scale, zero);
    return ht__tflite_write_operator(w, e->rule->code, 1, e->rule->options_type, &input, 1, output, NULL);
}

ht_status ht__tflite_write_cast(const tflite_emission *e) {
    tflite_order order = ht__tflite_write_order(e);
    tflite_written_operator *op;
    int32_t input;
    HT_TRY(ht__tflite_operand(e, 0, order, &input));
    HT_TRY(ht__tflite_write_result(e, order, &input, 1, &op));
    ht__tflite_option_int(op, "in_data_type", e->writing->content.tensors[input].type);
    ht__tflite_option_int(op, "out_data_type", e->writing->content.tensors[op->outputs[0]].type);
    return HT_OK;
}
