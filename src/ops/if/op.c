/* Runs one of two graphs. */
#include "ops/rounds.h"

/* What comes out is known when it has run. */
static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    (void)node;
    (void)err;
    return HT_OK;
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_node *node = call->node;
    const ht_tensor_view *condition = &call->inputs[0];
    if (condition->desc.type != HT_BOOL || ht__desc_elements(&condition->desc) != 1) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The condition of If must be one bool.");
    }
    bool then = ((const uint8_t *)condition->data)[0] != 0;
    const ht_graph *branch = ht__node_graph(node, then ? "then_branch" : "else_branch");
    if (branch == NULL || branch->input_count != node->captured || branch->output_count != node->output_count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The branches of If do not fit its outputs.");
    }
    ht_rounds rounds;
    ht_status status = ht__rounds_begin(&rounds, call, branch, branch->output_count, 0, err);
    if (status == HT_OK) {
        status = ht__rounds_run(&rounds, 0, err);
    }
    for (uint32_t i = 0; i < node->output_count && status == HT_OK; ++i) {
        status = ht__host_copy(call, i, &rounds.carried[i].desc, rounds.carried[i].data, err);
    }
    ht__rounds_release(&rounds);
    return status;
}

const ht_op ht__op_If = {
    .name = "If",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = UINT32_MAX,
    .min_outputs = 1,
    .max_outputs = UINT32_MAX,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
