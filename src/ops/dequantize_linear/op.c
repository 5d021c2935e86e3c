#include "kernels/quantize/quantize.h"
#include "ops/common.h"
#include "ops/integer.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    ht_type named = ht__onnx_type(ht__node_int(node, "output_dtype", 0));
    y.type = named != HT_NONE ? named : node->inputs[1]->desc.type;
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_quantize_parameters *parameters = HT_LOWER(ht_quantize_parameters, call, ht__dequantize_family);
    HT_TRY(ht__quantize_block(node, &parameters->block, err));
    return ht__quantize_axis(node, 1, &parameters->axis, err);
}

const ht_op ht__op_DequantizeLinear = {
    .name = "DequantizeLinear",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x6,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_DequantizeLinear,
};
