/* The gradient of Softmax and LogSoftmax: (y, dy) -> dx; attributes axis, logarithm (0, 1). */
#include "kernels/softmax/softmax.h"
#include "ops/common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_softmax_parameters *parameters = HT_LOWER(ht_softmax_parameters, call, ht__softmax_grad_family);
    parameters->logarithm = ht__node_int(node, "logarithm", 0) != 0;
    return ht__normal_axis(node, ht__node_int(node, "axis", -1), node->inputs[0]->desc.rank, &parameters->axis, err);
}

const ht_op ht__op_SoftmaxGrad = {
    .name = "SoftmaxGrad",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .lower = lower,
};
