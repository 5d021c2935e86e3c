/* Convolution of codes: kernels/integer_conv.
 *
 * Rule `fixed`: y = clamp(zero_y + sum * m_o), m_o = s_x s_w[o] / s_y in double, as fixed point (ht__fixed_multiplier):
 * LiteRT's reference_integer_ops::ConvPerChannel and DepthwiseConvPerChannel. For u8 activations the product s_x s_w is
 * rounded to f32 first (reference_ops::Conv). Activations of 16 bits: ht__fixed_multiply_wide where the bias has 64
 * bits or is absent; as those of 8 bits where it has 32 (quantized_bias_type). */
#include "ops/integer.h"
#include "kernels/integer_conv/integer_conv.h"
#include "ops/conv/conv_common.h"

ht_status ht__integer_Conv(ht_integer *integer, const ht_node *node, ht_error *err) {
    static const char *const attributes[] = {"group", "strides", "dilations", "pads", "auto_pad", NULL};
    if (ht__node_attribute(node, "activation") != NULL) {
        return HT_OK;
    }
    return ht__integer_convolution(integer, node, "IntegerConv", node->inputs[1]->desc.dims[0], attributes, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc;
    ht_conv_parameters parameters;
    ht_window window;
    HT_TRY(ht__conv_read(node, x, w, &parameters, &window, err));
    ht_tensor_desc y = {.type = ht__integer_product_type(node), .rank = x->rank, .dims = {x->dims[0], w->dims[0]}};
    for (int32_t i = 0; i < window.spatial; ++i) {
        y.dims[2 + i] = ht__window_output(&window, i, x->dims[2 + i]);
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_window window;
    ht_integer_conv_parameters *p = HT_LOWER(ht_integer_conv_parameters, call, ht__integer_conv_family);
    HT_TRY(ht__integer_read_requantize(node, &p->requantize, err));
    return ht__conv_read(node, &node->inputs[0]->desc, &node->inputs[1]->desc, &p->conv, &window, err);
}

const ht_op ht__op_IntegerConv = {
    .name = "IntegerConv",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = HT_PRODUCT_OPERANDS,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = ~1u,
    .infer = infer,
    .lower = lower,
    .macs = ht__conv_macs,
};
