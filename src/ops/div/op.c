#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    ht__lower_binary(call, HT_BINARY_DIV, 0, 0);
    return HT_OK;
}

const ht_op ht__op_Div = {
    .name = "Div",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_broadcast,
    .lower = lower,
    .gradient = ht__gradient_Div,
    .integer = ht__integer_Div,
};
