/* Min of two tensors. The ONNX reader makes pairs of longer lists. */
#include "ops/common.h"
#include "ops/lookup/lookup.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    ht__lower_binary(call, HT_BINARY_MIN, 0, 0);
    return HT_OK;
}

const ht_op ht__op_Min = {
    .name = "Min",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_broadcast,
    .lower = lower,
    .integer = ht__integer_join,
    .codes = HT_CODES_OWN,
};
