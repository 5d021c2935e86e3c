/* The remainder with the sign of the divisor, or with fmod=1 that of the dividend. */
#include "ops/common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    ht__lower_binary(call, ht__node_int(node, "fmod", 0) != 0 ? HT_BINARY_FMOD : HT_BINARY_MOD, 0, 0);
    return HT_OK;
}

const ht_op ht__op_Mod = {
    .name = "Mod",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_broadcast,
    .lower = lower,
};
