/* Runs a graph while its condition holds, at most M times. The graph takes the number of the round, the condition and
 * the carried values, and gives the condition, the carried values and the pieces of the stacked outputs. */
#include <string.h>

#include "ops/rounds.h"

/* What comes out is known when it has run. */
static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    (void)node;
    (void)err;
    return HT_OK;
}

/* The initial carried values go on as views of the node's own inputs. */
static void read_carried(ht_rounds *rounds, bool first) {
    for (size_t i = 0; i < rounds->carried_count; ++i) {
        rounds->inputs[2 + i] =
            first ? rounds->call->inputs[2 + i] : (ht_tensor_view){rounds->carried[i].desc, rounds->carried[i].data};
    }
}

static ht_status read_condition(const ht_host_call *call, const ht_tensor_desc *desc, const void *data, uint8_t *out,
                                ht_error *err) {
    if (desc->type != HT_BOOL || ht__desc_elements(desc) != 1) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "The condition of Loop must be one bool.");
    }
    memcpy(out, data, 1);
    return HT_OK;
}

static ht_status run_rounds(ht_rounds *rounds, int64_t most, uint8_t condition, ht_error *err) {
    ht_host_call *call = rounds->call;
    for (int64_t round = 0; round < most && condition != 0; ++round) {
        rounds->inputs[0] = (ht_tensor_view){{.type = HT_I64}, &round};
        rounds->inputs[1] = (ht_tensor_view){{.type = HT_BOOL}, &condition};
        read_carried(rounds, round == 0);
        HT_TRY(ht__rounds_run(rounds, 1, err));
        HT_TRY(read_condition(call, &rounds->outputs[0].desc, rounds->outputs[0].data, &condition, err));
    }
    for (uint32_t i = 0; i < rounds->carried_count; ++i) {
        bool changed = rounds->carried[i].data != NULL;
        const ht_tensor_view *initial = &call->inputs[2 + i];
        HT_TRY(changed ? ht__host_copy(call, i, &rounds->carried[i].desc, rounds->carried[i].data, err)
                       : ht__host_copy(call, i, &initial->desc, initial->data, err));
    }
    return ht__rounds_finish(rounds, (uint32_t)rounds->carried_count, NULL, NULL, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_node *node = call->node;
    const ht_graph *body = ht__node_graph(node, "body");
    uint32_t own = node->input_count - node->captured;
    size_t carried = own > 2 ? own - 2 : 0;
    if (body == NULL || body->input_count != 2 + carried + node->captured || body->output_count < 1 + carried ||
        body->output_count - 1 < node->output_count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The body of Loop does not fit its inputs and outputs.");
    }
    int64_t most = INT64_MAX;
    uint8_t condition = 1;
    if (own > 0) {
        HT_TRY(ht__host_one_int(call, 0, INT64_MAX, &most, err));
    }
    if (own > 1 && ht__host_has(call, 1)) {
        HT_TRY(read_condition(call, &call->inputs[1].desc, call->inputs[1].data, &condition, err));
    }
    for (size_t i = 0; i < carried; ++i) {
        if (!ht__host_has(call, (uint32_t)(2 + i))) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "An initial value of Loop is missing.");
        }
    }
    ht_rounds rounds;
    ht_status status = ht__rounds_begin(&rounds, call, body, carried, body->output_count - 1 - carried, err);
    if (status == HT_OK) {
        status = run_rounds(&rounds, most, condition, err);
    }
    ht__rounds_release(&rounds);
    return status;
}

const ht_op ht__op_Loop = {
    .name = "Loop",
    .domain = "",
    .min_inputs = 0, /* the number of rounds and the condition may both be absent */
    .max_inputs = UINT32_MAX,
    .min_outputs = 1,
    .max_outputs = UINT32_MAX,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
