/* Transposed convolution of codes: kernels/integer_conv_transpose.
 *
 * Rule `fixed`: y = clamp(zero_y + sum * m_o), m_o as for convolutions (ops/conv/integer.c): LiteRT's
 * reference_integer_ops::TransposeConv, and for u8 reference_ops::TransposeConv. */
#include "kernels/integer_conv_transpose/integer_conv_transpose.h"

#include "ops/conv_transpose/conv_transpose_common.h"

ht_status ht__integer_ConvTranspose(ht_integer *integer, const ht_node *node, ht_error *err) {
    static const char *const attributes[] = {"group",    "strides",        "dilations",    "pads",
                                             "auto_pad", "output_padding", "output_shape", NULL};
    return ht__integer_convolution(integer, node, "IntegerConvTranspose", node->outputs[0]->desc.dims[1], attributes,
                                   err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__conv_transpose_infer(graph, node, err));
    node->outputs[0]->desc.type = ht__integer_product_type(node);
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_transposed t;
    HT_TRY(ht__conv_transpose_read(node, &t, err));
    ht_integer_conv_parameters *p = HT_LOWER(ht_integer_conv_parameters, call, ht__integer_conv_transpose_family);
    p->conv = t.convolution;
    return ht__integer_read_requantize(node, &p->requantize, err);
}

const ht_op ht__op_IntegerConvTranspose = {
    .name = "IntegerConvTranspose",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = HT_PRODUCT_OPERANDS,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = ~1u,
    .infer = infer,
    .lower = lower,
    .macs = ht__conv_transpose_macs,
};
