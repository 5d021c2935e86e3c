#include "kernels/quantize/quantize.h"
#include "ops/common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    ht_type named = ht__onnx_type(ht__node_int(node, "output_dtype", 0));
    y.type = ht__has_input(node, 2) ? node->inputs[2]->desc.type : named != HT_NONE ? named : HT_U8;
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_quantize_parameters *parameters = HT_LOWER(ht_quantize_parameters, call, ht__quantize_family);
    parameters->saturates = ht__node_int(node, "saturate", 1) != 0;
    HT_TRY(ht__quantize_block(node, &parameters->block, err));
    return ht__quantize_axis(node, 1, &parameters->axis, err);
}

const ht_op ht__op_QuantizeLinear = {
    .name = "QuantizeLinear",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x6,
    .infer = infer,
    .lower = lower,
};
