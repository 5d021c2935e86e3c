#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    ht__lower_unary(call, HT_UNARY_HARD_SIGMOID, ht__node_float(node, "alpha", 0.2f),
                    ht__node_float(node, "beta", 0.5f));
    return HT_OK;
}

const ht_op ht__op_HardSigmoid = {
    .name = "HardSigmoid",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_same,
    .lower = lower,
    .integer = ht__integer_HardSigmoid,
    .gradient = ht__gradient_HardSigmoid,
    .codes = HT_CODES_FIXED,
    .codes_high = 1.0f,
};
