#include "ops/norm_common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return ht__norm_along_axis_lower(node, false, call, err);
}

const ht_op ht__op_RMSNormalization = {
    .name = "RMSNormalization",
    .domain = "",
    .since = 23,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__norm_along_axis_infer,
    .lower = lower,
    .norm_inputs = 0x2,
};
