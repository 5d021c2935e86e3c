#include "ops/integer_binary/integer_binary.h"

#include <string.h>

static const char *const function_names[] = {
    [HT_INTEGER_ADD] = "add", [HT_INTEGER_SUB] = "sub", [HT_INTEGER_MUL] = "mul", [HT_INTEGER_PRELU] = "prelu"};

bool ht__integer_sum_fixed(const float scale[3], ht_type type, ht_integer_binary_parameters *out) {
    double common = 2.0 * (double)(scale[0] > scale[1] ? scale[0] : scale[1]);
    out->left = ht_type_bytes(type) == 1 ? 20 : 15;
    return ht__fixed_multiplier((double)scale[0] / common, &out->multiplier[0], &out->shift[0]) &&
           ht__fixed_multiplier((double)scale[1] / common, &out->multiplier[1], &out->shift[1]) &&
           ht__fixed_multiplier(common / ((double)(1 << out->left) * (double)scale[2]), &out->multiplier[2],
                                &out->shift[2]);
}

static ht_status set_triple(ht_graph *graph, ht_node *node, const char *name, const int32_t values[3], ht_error *err) {
    const int64_t wide[] = {values[0], values[1], values[2]};
    return ht__node_set_ints(graph, node, name, wide, 3, err);
}

ht_status ht__integer_binary_give(ht_integer *integer, const ht_node *node, ht_integer_binary function,
                                  ht_integer_binary_fixed *fixed, ht_error *err) {
    ht_codes x, z;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    HT_TRY(ht__integer_codes(integer, node->inputs[1], &z, err));
    if (x.value == NULL || z.value == NULL) {
        return HT_OK;
    }
    ht_graph *graph = integer->graph;
    const float scale[] = {x.scale, z.scale, integer->target.scale};
    ht_integer_binary_parameters p = {.zero = {x.zero, z.zero, integer->target.zero}};
    if (graph->requant == HT_REQUANT_FIXED && (fixed == NULL || !fixed(scale, integer->target.type, &p))) {
        return HT_OK;
    }
    ht_node *result;
    ht_value *inputs[] = {x.value, z.value};
    HT_TRY(ht__integer_add(integer, "IntegerBinary", node, inputs, 2, integer->target.type, &result, err));
    HT_TRY(ht__integer_set_requantize(integer, result, err));
    HT_TRY(ht__node_set_text(graph, result, "function", function_names[function], err));
    HT_TRY(ht__node_set_int(graph, result, "type", (int64_t)integer->target.type, err));
    HT_TRY(ht__node_set_floats(graph, result, "scales", scale, 3, err));
    HT_TRY(set_triple(graph, result, "zeros", p.zero, err));
    HT_TRY(set_triple(graph, result, "multipliers", p.multiplier, err));
    HT_TRY(set_triple(graph, result, "shifts", p.shift, err));
    HT_TRY(ht__node_set_int(graph, result, "left", p.left, err));
    ht__integer_give(integer, result);
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__infer_broadcast(graph, node, err));
    node->outputs[0]->desc.type = (ht_type)ht__node_int(node, "type", HT_I8);
    return HT_OK;
}

static ht_status read_triple(const ht_node *node, const char *name, int32_t out[3], ht_error *err) {
    size_t count;
    const int64_t *values = ht__node_ints(node, name, &count);
    if (values == NULL || count != 3) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s needs three %s.", node->op->name, name);
    }
    for (int i = 0; i < 3; ++i) {
        out[i] = (int32_t)values[i];
    }
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_integer_binary_parameters *p = HT_LOWER(ht_integer_binary_parameters, call, ht__integer_binary_family);
    const char *name = ht__node_text(node, "function", "");
    const ht_attribute *scales = ht__node_attribute(node, "scales");
    int function = HT_INTEGER_PRELU;
    while (function > 0 && strcmp(function_names[function], name) != 0) {
        --function;
    }
    p->function = (ht_integer_binary)function;
    p->left = (int32_t)ht__node_int(node, "left", 0);
    if (scales == NULL || scales->kind != HT_ATTRIBUTE_FLOATS || scales->count != 3) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s needs three scales.", node->op->name);
    }
    memcpy(p->scale, scales->floats, sizeof p->scale);
    HT_TRY(read_triple(node, "zeros", p->zero, err));
    HT_TRY(read_triple(node, "multipliers", p->multiplier, err));
    HT_TRY(read_triple(node, "shifts", p->shift, err));
    return ht__integer_read_requantize(node, &p->requantize, err);
}

const ht_op ht__op_IntegerBinary = {
    .name = "IntegerBinary",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = infer,
    .lower = lower,
};
