/* The index of the largest element along an axis; of equal ones the first, or the last. */
#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__arg_infer(node, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) { return ht__arg_evaluate(call, 1, err); }

const ht_op ht__op_ArgMax = {
    .name = "ArgMax",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
