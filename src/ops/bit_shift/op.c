#include <string.h>

#include "ops/common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    const char *direction = ht__node_text(node, "direction", "");
    bool left = strcmp(direction, "LEFT") == 0;
    if (!left && strcmp(direction, "RIGHT") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute direction is '%s', neither LEFT nor RIGHT.",
                           direction);
    }
    ht__lower_binary(call, left ? HT_BINARY_SHIFT_LEFT : HT_BINARY_SHIFT_RIGHT, 0, 0);
    return HT_OK;
}

const ht_op ht__op_BitShift = {
    .name = "BitShift",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_broadcast,
    .lower = lower,
};
