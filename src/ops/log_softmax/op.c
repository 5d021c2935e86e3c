#include "kernels/softmax/softmax.h"
#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_softmax_parameters *parameters = HT_LOWER(ht_softmax_parameters, call, ht__softmax_family);
    parameters->logarithm = true;
    return ht__normal_axis(node, ht__node_int(node, "axis", -1), node->inputs[0]->desc.rank, &parameters->axis, err);
}

const ht_op ht__op_LogSoftmax = {
    .name = "LogSoftmax",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .lower = lower,
    .integer = ht__integer_LogSoftmax,
    .gradient = ht__gradient_LogSoftmax,
    .codes = HT_CODES_FIXED,
    .codes_low = -16.0f,
};
