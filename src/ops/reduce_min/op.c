#include "ops/lookup/lookup.h"
#include "ops/reduce_common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return ht__reduce_lower(node, HT_REDUCE_MIN, call, err);
}

const ht_op ht__op_ReduceMin = {
    .name = "ReduceMin",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__reduce_infer,
    .lower = lower,
    .content_inputs = 0x2,
    .integer = ht__integer_move,
    .selects = true,
};
