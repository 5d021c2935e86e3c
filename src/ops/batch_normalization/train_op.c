/* Batch normalisation while training, and its gradient; attributes epsilon, momentum, relu (0, 1: fused).
 *   BatchNormTrain  (x, gamma, beta, running_mean, running_variance)
 *                   -> y, new_running_mean, new_running_variance, batch_mean, batch_inverse_std
 *   BatchNormGrad   (dy, x, gamma, batch_mean, batch_inverse_std, y with relu) -> dx, dgamma, dbeta
 */
#include "kernels/norm/norm.h"
#include "ops/gradient.h"

static ht_batch_norm_parameters read_parameters(const ht_node *node) {
    return (ht_batch_norm_parameters){.epsilon = ht__node_float(node, "epsilon", 1e-5f),
                                      .momentum = ht__node_float(node, "momentum", 0.9f),
                                      .relu = ht__node_int(node, "relu", 0) != 0};
}

static ht_status infer_train(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__infer_same(graph, node, err));
    for (uint32_t i = 1; i < 5; ++i) {
        HT_TRY(ht__set_output(node, i, &node->inputs[1]->desc, err));
    }
    return HT_OK;
}

static ht_status lower_train(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS],
                             ht_error *err) {
    (void)operands;
    (void)err;
    *HT_LOWER(ht_batch_norm_parameters, call, ht__batch_norm_train_family) = read_parameters(node);
    return HT_OK;
}

const ht_op ht__op_BatchNormTrain = {
    .name = "BatchNormTrain",
    .domain = "halftone",
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 5,
    .max_outputs = 5,
    .layout = HT_OP_CHANNELS_LAST,
    .infer = infer_train,
    .lower = lower_train,
    .gradient = ht__gradient_BatchNormTrain,
};

static ht_status infer_grad(const ht_graph *graph, ht_node *node, ht_error *err) {
    HT_TRY(ht__infer_same(graph, node, err));
    HT_TRY(ht__set_output(node, 1, &node->inputs[2]->desc, err));
    return ht__set_output(node, 2, &node->inputs[2]->desc, err);
}

static ht_status lower_grad(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    *HT_LOWER(ht_batch_norm_parameters, call, ht__batch_norm_grad_family) = read_parameters(node);
    return HT_OK;
}

const ht_op ht__op_BatchNormGrad = {
    .name = "BatchNormGrad",
    .domain = "halftone",
    .min_inputs = 5,
    .max_inputs = 6,
    .min_outputs = 3,
    .max_outputs = 3,
    .layout = HT_OP_CHANNELS_LAST,
    .infer = infer_grad,
    .lower = lower_grad,
};
