/* IntegerQuantize: QuantizeLinear to a width and by a rule.
 *
 *     y = clamp(round(x / scale) + zero_point), low .. high
 *
 * float: ties to even (ONNX); fixed: ties away from zero (LiteRT's AffineQuantize). */
#include "ops/integer.h"
#include "kernels/quantize/quantize.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = node->inputs[2]->desc.type;
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_requantize_parameters requantize;
    HT_TRY(ht__integer_read_requantize(node, &requantize, err));
    *HT_LOWER(ht_quantize_parameters, call, ht__quantize_family) =
        (ht_quantize_parameters){.low = (float)requantize.low,
                                 .high = (float)requantize.high,
                                 .ties_away = requantize.rule == HT_REQUANTIZE_FIXED};
    return HT_OK;
}

const ht_op ht__op_IntegerQuantize = {
    .name = "IntegerQuantize",
    .domain = "halftone",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x6,
    .infer = infer,
    .lower = lower,
};
