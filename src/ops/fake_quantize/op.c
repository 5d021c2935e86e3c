/* Rounding onto an affine grid in float, and its straight-through gradient; attributes low and high (codes), axis.
 *   FakeQuantize      (x, scale, zero_point) -> y
 *   FakeQuantizeGrad  (x, scale, zero_point, dy) -> dx
 */
#include "kernels/quantize/quantize.h"
#include "ops/gradient.h"

static ht_status read_parameters(const ht_node *node, ht_quantize_parameters *out, ht_error *err) {
    out->low = ht__node_float(node, "low", 0.0f);
    out->high = ht__node_float(node, "high", 255.0f);
    return ht__quantize_axis(node, 0, &out->axis, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return read_parameters(node, HT_LOWER(ht_quantize_parameters, call, ht__fake_quantize_family), err);
}

const ht_op ht__op_FakeQuantize = {
    .name = "FakeQuantize",
    .domain = "halftone",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x6,
    .infer = ht__infer_same,
    .lower = lower,
    .gradient = ht__gradient_FakeQuantize,
};

static ht_status lower_grad(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return read_parameters(node, HT_LOWER(ht_quantize_parameters, call, ht__fake_quantize_grad_family), err);
}

const ht_op ht__op_FakeQuantizeGrad = {
    .name = "FakeQuantizeGrad",
    .domain = "halftone",
    .min_inputs = 4,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x6,
    .infer = ht__infer_same,
    .lower = lower_grad,
};
