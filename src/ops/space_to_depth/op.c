/* Blocks of pixels become channels: [N, C, H b, W b] -> [N, C b b, H, W]. */
#include "ops/lookup/lookup.h"
#include "ops/space_depth.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__space_depth_infer(node, false, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) { return ht__space_depth_evaluate(call, false, err); }

const ht_op ht__op_SpaceToDepth = {
    .name = "SpaceToDepth",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .integer = ht__integer_move,
    .selects = true,
};
