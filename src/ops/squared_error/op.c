/* (y [N,K], target [N,K]) -> loss [], the mean squared error; its gradient: (y, target) -> dy. */
#include "kernels/softmax/softmax.h"
#include "ops/gradient.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc scalar = {.type = HT_F32};
    HT_TRY(ht__set_output(node, 0, &scalar, err));
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__squared_error_family;
    return HT_OK;
}

const ht_op ht__op_SquaredError = {
    .name = "SquaredError",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .gradient = ht__gradient_SquaredError,
};

static ht_status lower_grad(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__squared_error_grad_family;
    return HT_OK;
}

const ht_op ht__op_SquaredErrorGrad = {
    .name = "SquaredErrorGrad",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .lower = lower_grad,
};
