/* Every channel of every image is a group of its own. */
#include "ops/norm_common.h"

static int64_t groups_of(const ht_node *node) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    return x->rank >= 2 && x->dims[1] > 0 ? x->dims[1] : 1;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__norm_in_groups_infer(node, groups_of(node), err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return ht__norm_in_groups_lower(node, groups_of(node), call, err);
}

const ht_op ht__op_InstanceNormalization = {
    .name = "InstanceNormalization",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .norm_inputs = 0x6,
};
