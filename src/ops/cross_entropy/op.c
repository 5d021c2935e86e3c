/* (logits [N,K], labels [N] as f32) -> loss [], probabilities [N,K]; attribute smoothing.
 * Its gradient, for a loss gradient of 1: (probabilities, labels) -> dlogits. */
#include "kernels/softmax/softmax.h"
#include "ops/gradient.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc scalar = {.type = HT_F32};
    HT_TRY(ht__set_output(node, 0, &scalar, err));
    return ht__set_output(node, 1, &node->inputs[0]->desc, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    HT_LOWER(ht_softmax_parameters, call, ht__cross_entropy_family)->smoothing =
        ht__node_float(node, "smoothing", 0.0f);
    return HT_OK;
}

const ht_op ht__op_CrossEntropy = {
    .name = "CrossEntropy",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 2,
    .max_outputs = 2,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .gradient = ht__gradient_CrossEntropy,
};

static ht_status lower_grad(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    HT_LOWER(ht_softmax_parameters, call, ht__cross_entropy_grad_family)->smoothing =
        ht__node_float(node, "smoothing", 0.0f);
    return HT_OK;
}

const ht_op ht__op_CrossEntropyGrad = {
    .name = "CrossEntropyGrad",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .lower = lower_grad,
};
