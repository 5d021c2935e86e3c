/* Shape gives i64 dimensions. Once they are known it is a constant: passes/fold replaces it, so that no kernel is
 * needed. */
#include "ops/common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = {.type = HT_I64, .rank = 1, .dims = {node->inputs[0]->desc.rank}};
    if (ht__node_attribute(node, "start") != NULL || ht__node_attribute(node, "end") != NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Shape with start or end is not supported.");
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)call;
    (void)operands;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The shape of %s is not known.", node->inputs[0]->name);
}

const ht_op ht__op_Shape = {
    .name = "Shape",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
};
