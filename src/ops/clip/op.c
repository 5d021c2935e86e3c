#include <math.h>

#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    float low, high;
    HT_TRY(ht__constant_float(node, 1, -INFINITY, &low, err));
    HT_TRY(ht__constant_float(node, 2, INFINITY, &high, err));
    ht__lower_unary(call, HT_UNARY_CLIP, low, high);
    call->input_count = 1;
    return HT_OK;
}

const ht_op ht__op_Clip = {
    .name = "Clip",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 1u << 1 | 1u << 2,
    .infer = ht__infer_same,
    .lower = lower,
    .content_inputs = 0x6,
    .integer = ht__integer_Clip,
    .gradient = ht__gradient_Clip,
    .completes = true,
    .codes = HT_CODES_OWN,
};
