#include "kernels/norm/norm.h"
#include "ops/common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    if (ht__node_int(node, "training_mode", 0) != 0) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                           "A BatchNormalization in training mode is not an inference model.");
    }
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
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = 0x1e,
    .infer = ht__infer_same,
    .lower = lower,
    .norm_inputs = 0x6,
    .completes = true,
};
