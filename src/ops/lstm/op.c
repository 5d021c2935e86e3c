#include "ops/recurrent_common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__recurrent_infer(node, HT_RECURRENT_LSTM, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return ht__recurrent_lower(node, HT_RECURRENT_LSTM, call, err);
}

const ht_op ht__op_LSTM = {
    .name = "LSTM",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 8,
    .min_outputs = 1,
    .max_outputs = 3,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .macs = ht__recurrent_macs,
    .weight_inputs = 0x6,
    .bias_inputs = 0x8,
    .channel_axis = ht__recurrent_channel_axis,
};
