/* Means over axes: ReduceMean and GlobalAveragePool.
 *
 * Rule `fixed`: y = clamp(zero_y + M(sum of (x - zero_x))), M by s_x / s_y divided by the count n: the multiplier m of
 * s_x / s_y becomes m 2^k / n, rounded down, and its shift is lowered by k = min(floor(log2 n), 32, 31 + shift)
 * (LiteRT's reference_ops::QuantizedMeanOrSum). */
#include "ops/integer.h"
#include "kernels/integer_mean/integer_mean.h"
#include "ops/reduce_common.h"

static bool fixed_multiplier(double ratio, int64_t count, int32_t *multiplier, int32_t *shift) {
    if (!ht__fixed_multiplier(ratio, multiplier, shift) || count < 1) {
        return false;
    }
    int32_t bits = 63 - __builtin_clzll((uint64_t)count);
    bits = bits > 32 ? 32 : bits;
    bits = bits > 31 + *shift ? 31 + *shift : bits;
    *multiplier = (int32_t)(((int64_t)*multiplier << bits) / count);
    *shift -= bits;
    return true;
}

/* `axes`: which are reduced; `keep`: as size 1. */
static ht_status give(ht_integer *integer, const ht_node *node, const bool axes[HT_MAX_RANK], bool keep,
                      ht_error *err) {
    ht_graph *graph = integer->graph;
    const ht_tensor_desc *x_desc = &node->inputs[0]->desc;
    ht_codes x;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    int64_t listed[HT_MAX_RANK], count = 1;
    size_t listed_count = 0;
    for (int32_t i = 0; i < x_desc->rank; ++i) {
        if (axes[i]) {
            listed[listed_count++] = i;
            count = x_desc->dims[i] < 0 ? -1 : count * x_desc->dims[i];
        }
    }
    int32_t multiplier, shift;
    if (x.value == NULL || listed_count == 0 ||
        !fixed_multiplier((double)x.scale / (double)integer->target.scale, count, &multiplier, &shift)) {
        return HT_OK;
    }
    ht_node *mean;
    HT_TRY(ht__integer_add(integer, "IntegerMean", node, &x.value, 1, integer->target.type, &mean, err));
    HT_TRY(ht__integer_set_requantize(integer, mean, err));
    HT_TRY(ht__node_set_ints(graph, mean, "axes", listed, listed_count, err));
    HT_TRY(ht__node_set_int(graph, mean, "keepdims", keep, err));
    HT_TRY(ht__node_set_int(graph, mean, "type", (int64_t)integer->target.type, err));
    HT_TRY(ht__node_set_int(graph, mean, "x_zero", x.zero, err));
    HT_TRY(ht__node_set_int(graph, mean, "y_zero", integer->target.zero, err));
    HT_TRY(ht__node_set_float(graph, mean, "x_scale", x.scale, err));
    HT_TRY(ht__node_set_float(graph, mean, "y_scale", integer->target.scale, err));
    HT_TRY(ht__node_set_int(graph, mean, "multiplier", multiplier, err));
    HT_TRY(ht__node_set_int(graph, mean, "shift", shift, err));
    ht__integer_give(integer, mean);
    return HT_OK;
}

ht_status ht__integer_ReduceMean(ht_integer *integer, const ht_node *node, ht_error *err) {
    ht_kernel_call call;
    if (ht__has_input(node, 1) && node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__reduce_lower(node, HT_REDUCE_MEAN, &call, err));
    return give(integer, node, HT_PARAMETERS(ht_reduce_parameters, &call)->axes, ht__node_int(node, "keepdims", 1) != 0,
                err);
}

ht_status ht__integer_GlobalAveragePool(ht_integer *integer, const ht_node *node, ht_error *err) {
    bool axes[HT_MAX_RANK] = {false};
    for (int32_t i = 2; i < node->inputs[0]->desc.rank; ++i) {
        axes[i] = true;
    }
    return give(integer, node, axes, true, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__reduce_infer(graph, node, err));
    node->outputs[0]->desc.type = (ht_type)ht__node_int(node, "type", HT_I8);
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_kernel_call axes;
    HT_TRY(ht__reduce_lower(node, HT_REDUCE_MEAN, &axes, err));
    ht_integer_mean_parameters *p = HT_LOWER(ht_integer_mean_parameters, call, ht__integer_mean_family);
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        p->axes[i] = HT_PARAMETERS(ht_reduce_parameters, &axes)->axes[i];
    }
    p->x_zero = (int32_t)ht__node_int(node, "x_zero", 0);
    p->y_zero = (int32_t)ht__node_int(node, "y_zero", 0);
    p->x_scale = ht__node_float(node, "x_scale", 1.0f);
    p->y_scale = ht__node_float(node, "y_scale", 1.0f);
    p->multiplier = (int32_t)ht__node_int(node, "multiplier", 0);
    p->shift = (int32_t)ht__node_int(node, "shift", 0);
    return ht__integer_read_requantize(node, &p->requantize, err);
}

const ht_op ht__op_IntegerMean = {
    .name = "IntegerMean",
    .domain = "halftone",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_outputs = 0x1,
    .infer = infer,
    .lower = lower,
};
