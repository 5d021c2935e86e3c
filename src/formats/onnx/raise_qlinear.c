/* Operators that take and give codes, with scales that are constants, as what they mean: the operator on real numbers
 * between DequantizeLinear and QuantizeLinear, which folding turns into annotations. Those whose scales are computed
 * stay as they are. com.microsoft is ONNX Runtime's domain. */
#include <string.h>

#include "formats/onnx/raise.h"

/* Where an operand with its scale and zero point stands: scale behind it, zero point behind that. */
typedef struct qlinear_rule {
    const char *domain, *op, *meaning;
    int operands;        /* 1 or 2 triples from input 0 on; 0: the result's scale and zero point first, then triples */
    int result;          /* the input that is the result's scale; its zero point is the next one */
    int bias;            /* an i32 bias in units of both operands' scales; -1: none */
    int weight_axis;     /* of several scales of operand 1, counted from the end when negative */
    const char *drop[2]; /* attributes that only matter with another value than 0, which is refused */
} qlinear_rule;

static const qlinear_rule rules[] = {
    {"", "QLinearConv", "Conv", 2, 6, 8, 0, {NULL}},
    {"", "QLinearMatMul", "MatMul", 2, 6, -1, -1, {NULL}},
    {"com.microsoft", "QGemm", "Gemm", 2, 7, 6, -1, {NULL}},
    {"com.microsoft", "QLinearAdd", "Add", 2, 6, -1, -1, {NULL}},
    {"com.microsoft", "QLinearMul", "Mul", 2, 6, -1, -1, {NULL}},
    {"com.microsoft", "QLinearConcat", "Concat", 0, 0, -1, -1, {NULL}},
    {"com.microsoft", "QLinearSigmoid", "Sigmoid", 1, 3, -1, -1, {NULL}},
    {"com.microsoft", "QLinearLeakyRelu", "LeakyRelu", 1, 3, -1, -1, {NULL}},
    {"com.microsoft", "QLinearSoftmax", "Softmax", 1, 3, -1, -1, {NULL}},
    {"com.microsoft", "QLinearReduceMean", "ReduceMean", 1, 3, -1, -1, {NULL}},
    {"com.microsoft", "QLinearAveragePool", "AveragePool", 1, 3, -1, -1, {"channels_last"}},
    {"com.microsoft", "QLinearGlobalAveragePool", "GlobalAveragePool", 1, 3, -1, -1, {"channels_last"}},
};

static const onnx_tensor *constant(const onnx_raising *raising, const onnx_node *node, size_t i) {
    const onnx_name *entry = i < node->input_count ? ht__onnx_find(raising->index, node->inputs[i]) : NULL;
    return entry != NULL && entry->tensor != NULL && entry->tensor->data != NULL ? entry->tensor : NULL;
}

/* Are input `i` and the next one a constant f32 scale and a zero point like it? *count: how many scales. */
static bool has_scale(const onnx_raising *raising, const onnx_node *node, size_t i, int64_t *count) {
    const onnx_tensor *scale = constant(raising, node, i), *zero = constant(raising, node, i + 1);
    if (scale == NULL || zero == NULL || scale->desc.type != HT_F32) {
        return false;
    }
    *count = ht__desc_elements(&scale->desc);
    return *count == ht__desc_elements(&zero->desc) && *count >= 1 && scale->desc.rank == zero->desc.rank &&
           scale->desc.rank <= 1;
}

/* The axis of operand 1's scales, *axis -1: there is one scale. False when they fit none. */
static bool find_axis(const onnx_raising *raising, const onnx_node *node, const qlinear_rule *rule, int64_t count,
                      int64_t *axis) {
    const onnx_tensor *w = constant(raising, node, 3);
    *axis = -1;
    if (count == 1) {
        return true;
    }
    bool turned = strcmp(rule->meaning, "Gemm") == 0 && ht__onnx_int(node, "transB", 0) != 0;
    *axis = w == NULL ? -1 : turned ? 0 : rule->weight_axis < 0 ? w->desc.rank + rule->weight_axis : rule->weight_axis;
    return w != NULL && *axis >= 0 && *axis < w->desc.rank && w->desc.dims[*axis] == count;
}

/* Can the rule be applied? */
static bool applies(const onnx_raising *raising, const onnx_node *node, const qlinear_rule *rule, int64_t *axis) {
    int64_t count = 1;
    size_t first = rule->operands == 0 ? 2 : 0;
    size_t triples =
        rule->operands == 0 ? (node->input_count - (node->input_count > 2 ? 2 : 0)) / 3 : (size_t)rule->operands;
    *axis = -1;
    if (node->output_count != 1 || !has_scale(raising, node, (size_t)rule->result, &count) || count != 1) {
        return false;
    }
    for (size_t k = 0; k < triples; ++k) {
        if (!has_scale(raising, node, first + 3 * k + 1, &count) || (k != 1 && count != 1) ||
            (count != 1 && !find_axis(raising, node, rule, count, axis))) {
            return false;
        }
    }
    for (size_t k = 0; k < 2 && rule->drop[k] != NULL; ++k) {
        if (ht__onnx_int(node, rule->drop[k], 0) != 0) {
            return false;
        }
    }
    if (ht__onnx_int(node, "opset", 13) < 13 && ht__onnx_int(node, "axis", 1) != -1) {
        return false; /* over several axes at once */
    }
    const onnx_tensor *bias = rule->bias >= 0 ? constant(raising, node, (size_t)rule->bias) : NULL;
    bool has_bias = rule->bias >= 0 && (size_t)rule->bias < node->input_count && node->inputs[rule->bias][0] != '\0';
    return triples >= 1 && (!has_bias || (bias != NULL && bias->desc.type == HT_I32 && bias->desc.rank == 1));
}

/* A node with one output of its own name. */
static ht_status add_node(onnx_raising *raising, const char *op, const char *base, const char *const *operands,
                          size_t count, const char **result, onnx_node **out) {
    HT_TRY(ht__onnx_fresh(raising->index, base, ".real", result, raising->err));
    HT_TRY(ht__onnx_add_node(raising->document, op, *result, out, raising->err));
    for (size_t k = 0; k < count; ++k) {
        HT_TRY(ht__onnx_add_operand(raising->document, *out, false, operands[k], raising->err));
    }
    HT_TRY(ht__onnx_add_operand(raising->document, *out, true, *result, raising->err));
    ht__onnx_find(raising->index, *result)->producer = *out;
    return HT_OK;
}

/* DequantizeLinear of the triple at input `first`. */
static ht_status decode(onnx_raising *raising, const onnx_node *node, size_t first, int64_t axis, const char **result) {
    onnx_node *step;
    HT_TRY(add_node(raising, "DequantizeLinear", node->inputs[first], node->inputs + first, 3, result, &step));
    return axis >= 0 ? ht__onnx_add_int(raising->document, step, "axis", axis, raising->err) : HT_OK;
}

/* DequantizeLinear of the bias, by the product of the scales. */
static ht_status decode_bias(onnx_raising *raising, const onnx_node *node, size_t bias, const char **result) {
    const onnx_tensor *x = constant(raising, node, 1), *w = constant(raising, node, 4);
    int64_t count = ht__desc_elements(&w->desc);
    float *scales = ht__arena_alloc(raising->document->arena, (size_t)count * sizeof *scales);
    if (scales == NULL) {
        return ht__fail_memory(raising->err, (size_t)count);
    }
    for (int64_t i = 0; i < count; ++i) {
        scales[i] = *(const float *)x->data * ((const float *)w->data)[i];
    }
    ht_tensor_desc desc = {.type = HT_F32, .rank = count > 1 ? 1 : 0, .dims = {count}};
    const char *operands[2] = {node->inputs[bias]};
    onnx_tensor *tensor;
    onnx_node *step;
    HT_TRY(ht__onnx_fresh(raising->index, node->inputs[bias], ".scale", &operands[1], raising->err));
    HT_TRY(ht__onnx_add_tensor(raising->document, operands[1], &desc, scales, false, &tensor, raising->err));
    ht__onnx_find(raising->index, operands[1])->tensor = tensor;
    HT_TRY(add_node(raising, "DequantizeLinear", node->inputs[bias], operands, 2, result, &step));
    return count > 1 ? ht__onnx_add_int(raising->document, step, "axis", 0, raising->err) : HT_OK;
}

/* The node computes real numbers, which a QuantizeLinear behind it turns into what it gave before. */
static ht_status put_between(onnx_raising *raising, onnx_node *node, const qlinear_rule *rule, const char **operands,
                             size_t count) {
    const char *output = node->outputs[0], *real;
    const char *quantize[3] = {NULL, node->inputs[rule->result], node->inputs[rule->result + 1]};
    HT_TRY(ht__onnx_fresh(raising->index, output, ".real", &real, raising->err));
    quantize[0] = real;
    onnx_node *last;
    HT_TRY(ht__onnx_add_node(raising->document, "QuantizeLinear", output, &last, raising->err));
    for (size_t k = 0; k < 3; ++k) {
        HT_TRY(ht__onnx_add_operand(raising->document, last, false, quantize[k], raising->err));
    }
    HT_TRY(ht__onnx_add_operand(raising->document, last, true, output, raising->err));
    ht__onnx_find(raising->index, output)->producer = last;
    ht__onnx_find(raising->index, real)->producer = node;
    node->op = rule->meaning;
    node->domain = "";
    node->outputs[0] = real;
    node->input_count = 0;
    for (size_t k = 0; k < 2 && rule->drop[k] != NULL; ++k) {
        ht__onnx_drop_attribute(node, rule->drop[k]);
    }
    ht__onnx_drop_attribute(node, "opset"); /* of a Softmax over the last axis, which never changed */
    for (size_t k = 0; k < count; ++k) {
        HT_TRY(ht__onnx_add_operand(raising->document, node, false, operands[k], raising->err));
    }
    return HT_OK;
}

static ht_status apply(onnx_raising *raising, onnx_node *node, const qlinear_rule *rule, int64_t axis) {
    size_t first = rule->operands == 0 ? 2 : 0, count = 0;
    size_t triples = rule->operands == 0 ? (node->input_count - 2) / 3 : (size_t)rule->operands;
    const char **operands = ht__arena_alloc(raising->document->arena, (triples + 1) * sizeof *operands);
    if (operands == NULL) {
        return ht__fail_memory(raising->err, triples);
    }
    for (; count < triples; ++count) {
        HT_TRY(decode(raising, node, first + 3 * count, count == 1 ? axis : -1, &operands[count]));
    }
    if (rule->bias >= 0 && (size_t)rule->bias < node->input_count && node->inputs[rule->bias][0] != '\0') {
        HT_TRY(decode_bias(raising, node, (size_t)rule->bias, &operands[count++]));
    }
    return put_between(raising, node, rule, operands, count);
}

ht_status ht__onnx_raise_qlinear(onnx_raising *raising, onnx_node *node) {
    bool microsoft = strcmp(node->domain, "com.microsoft") == 0;
    if (microsoft && (strcmp(node->op, "QuantizeLinear") == 0 || strcmp(node->op, "DequantizeLinear") == 0)) {
        node->domain = ""; /* ONNX's own since operator set 21, which has their types */
        return HT_OK;
    }
    for (size_t k = 0; k < sizeof rules / sizeof rules[0]; ++k) {
        int64_t axis;
        if (strcmp(rules[k].domain, node->domain) == 0 && strcmp(rules[k].op, node->op) == 0 &&
            applies(raising, node, &rules[k], &axis)) {
            return apply(raising, node, &rules[k], axis);
        }
    }
    return HT_OK;
}
