#include "ops/common.h"
#include "ops/integer.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    ht__lower_unary(call, HT_UNARY_MISH, 0, 0);
    return HT_OK;
}

const ht_op ht__op_Mish = {
    .name = "Mish",
    .domain = "",
    .since = 18,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_same,
    .lower = lower,
    .integer = ht__integer_Mish,
    .codes = HT_CODES_OWN,
};
