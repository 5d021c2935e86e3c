/* The gradients of Conv as operators of their own, carrying Conv's attributes.
 *   ConvGradInput   (dy, w) -> dx; attribute shape: dx's dimensions
 *   ConvGradWeight  (x, dy) -> dw, db; attribute shape: dw's dimensions; db may be absent
 */
#include <string.h>

#include "ops/conv/conv_common.h"

static int64_t macs_of(const ht_tensor_desc *dy, const ht_tensor_desc *w) {
    int64_t total = ht__desc_elements(dy);
    for (int32_t i = 1; i < w->rank && total > 0; ++i) {
        total *= w->dims[i];
    }
    return total;
}

static ht_status lower_input(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS],
                             ht_error *err) {
    (void)operands;
    ht_window window;
    ht_conv_parameters *parameters = HT_LOWER(ht_conv_parameters, call, ht__conv_grad_input_family);
    return ht__conv_read(node, &node->outputs[0]->desc, &node->inputs[1]->desc, parameters, &window, err);
}

static int64_t macs_input(const ht_node *node) { return macs_of(&node->inputs[0]->desc, &node->inputs[1]->desc); }

const ht_op ht__op_ConvGradInput = {
    .name = "ConvGradInput",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = 1u << 1,
    .infer = ht__infer_from_shape_attribute,
    .lower = lower_input,
    .macs = macs_input,
};

static ht_status infer_weight(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__infer_from_shape_attribute(graph, node, err));
    ht_tensor_desc bias = {.type = HT_F32, .rank = 1, .dims = {node->outputs[0]->desc.dims[0]}};
    return ht__set_output(node, 1, &bias, err);
}

static ht_status lower_weight(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS],
                              ht_error *err) {
    (void)operands;
    ht_window window;
    ht_conv_parameters *parameters = HT_LOWER(ht_conv_parameters, call, ht__conv_grad_weight_family);
    return ht__conv_read(node, &node->inputs[0]->desc, &node->outputs[0]->desc, parameters, &window, err);
}

static int64_t macs_weight(const ht_node *node) { return macs_of(&node->inputs[1]->desc, &node->outputs[0]->desc); }

const ht_op ht__op_ConvGradWeight = {
    .name = "ConvGradWeight",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 2,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_outputs = 1u << 0 | 1u << 1,
    .infer = infer_weight,
    .lower = lower_weight,
    .macs = macs_weight,
};
