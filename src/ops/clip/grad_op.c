/* The gradient of Clip as an operator of its own: (x, dy) -> dx. */
#include <math.h>

#include "ops/common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    ht__lower_binary(call, HT_BINARY_CLIP_GRAD, ht__node_float(node, "low", -INFINITY),
                     ht__node_float(node, "high", INFINITY));
    return HT_OK;
}

const ht_op ht__op_ClipGrad = {
    .name = "ClipGrad",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_like_second,
    .lower = lower,
};
