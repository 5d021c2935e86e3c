#include "ops/integer_pool/integer_pool.h"

#include "kernels/codes.h"
#include "ops/lookup/lookup.h"
#include "ops/pool_common.h"

static ht_status set_scale(ht_graph *graph, ht_node *node, const char *scale_name, const char *zero_name,
                           const ht_codes *codes, ht_error *err) {
    HT_TRY(ht__node_set_float(graph, node, scale_name, codes->scale, err));
    return ht__node_set_int(graph, node, zero_name, codes->zero, err);
}

ht_status ht__integer_pool_give(ht_integer *integer, const ht_node *node, ht_pool_kind kind, ht_error *err) {
    static const char *const attributes[] = {"kernel_shape", "strides",   "dilations",         "pads",
                                             "auto_pad",     "ceil_mode", "count_include_pad", NULL};
    ht_graph *graph = integer->graph;
    ht_codes x, y = integer->target;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    if (x.value == NULL) {
        return HT_OK;
    }
    bool keeps_scale = kind == HT_POOL_MAX || graph->requant == HT_REQUANT_FIXED;
    int32_t low = integer->low, high = integer->high;
    if (keeps_scale) {
        y = x;
        integer->low = ht__code_low(x.type);
        integer->high = ht__code_high(x.type);
    }
    ht_node *pool;
    HT_TRY(ht__integer_add(integer, "IntegerPool", node, &x.value, 1, y.type, &pool, err));
    HT_TRY(ht__copy_attributes(graph, node, attributes, pool, err));
    HT_TRY(ht__integer_set_requantize(integer, pool, err));
    HT_TRY(ht__node_set_text(graph, pool, "kind", kind == HT_POOL_MAX ? "max" : "average", err));
    HT_TRY(ht__node_set_int(graph, pool, "type", (int64_t)y.type, err));
    HT_TRY(set_scale(graph, pool, "x_scale", "x_zero", &x, err));
    HT_TRY(set_scale(graph, pool, "y_scale", "y_zero", &y, err));
    y.value = pool->outputs[0];
    if (!keeps_scale) {
        integer->target.value = y.value;
        return HT_OK;
    }
    integer->low = low;
    integer->high = high;
    return ht__lookup_finish(integer, node, &y, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__pool_infer(graph, node, false, err));
    node->outputs[0]->desc.type = (ht_type)ht__node_int(node, "type", HT_I8);
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_integer_pool_parameters *p = HT_LOWER(ht_integer_pool_parameters, call, ht__integer_pool_family);
    bool max = ht__node_text(node, "kind", "")[0] == 'm';
    p->x_scale = ht__node_float(node, "x_scale", 1.0f);
    p->y_scale = ht__node_float(node, "y_scale", 1.0f);
    p->x_zero = (int32_t)ht__node_int(node, "x_zero", 0);
    p->y_zero = (int32_t)ht__node_int(node, "y_zero", 0);
    HT_TRY(ht__integer_read_requantize(node, &p->requantize, err));
    return ht__pool_read(node, &node->inputs[0]->desc, max ? HT_POOL_MAX : HT_POOL_AVERAGE, false, &p->pool, err);
}

const ht_op ht__op_IntegerPool = {
    .name = "IntegerPool",
    .domain = "halftone",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .infer = infer,
    .lower = lower,
};
