#include "kernels/integer_conv/integer_conv.h"
#include "ops/conv/conv_common.h"
#include "ops/qlinear_conv/qlinear_conv.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__qlinear_conv_infer(node, 1, HT_I32, err);
}

/* x, w, x_zero, w_zero */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    static const int32_t order[HT_PRODUCT_OPERANDS] = {0, 1, -1, 2, 3, -1, -1, -1, -1};
    ht_requantize_parameters none = {.rule = HT_REQUANTIZE_NONE};
    return ht__qlinear_conv_lower(node, 1, &none, order, call, operands, err);
}

const ht_op ht__op_ConvInteger = {
    .name = "ConvInteger",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = ~1u,
    .infer = infer,
    .lower = lower,
    .macs = ht__conv_macs,
};
