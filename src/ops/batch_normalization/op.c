#include "kernels/norm/norm.h"
#include "ops/common.h"

/* Batch statistics come only out of training, which has BatchNormTrain. */
static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    if (ht__node_int(node, "training_mode", 0) != 0 || node->output_count > 1) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                           "A BatchNormalization in training mode is not an inference model.");
    }
    return ht__infer_same(graph, node, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    *HT_LOWER(ht_batch_norm_parameters, call, ht__batch_norm_family) =
        (ht_batch_norm_parameters){.epsilon = ht__node_float(node, "epsilon", 1e-5f),
                                   .momentum = ht__node_float(node, "momentum", 0.9f),
                                   .relu = ht__node_int(node, "relu", 0) != 0};
    return HT_OK;
}

const ht_op ht__op_BatchNormalization = {
    .name = "BatchNormalization",
    .domain = "",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 3,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = 0x1e,
    .infer = infer,
    .lower = lower,
    .norm_inputs = 0x6,
    .completes = true,
};
