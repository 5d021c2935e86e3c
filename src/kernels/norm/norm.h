/* Batch normalisation over every axis but the channel (axis 1), f32; x and y share one layout.
 *
 *   batch_norm        inputs x, gamma [C], beta [C], mean [C], variance [C]; output y
 *                     y = gamma * (x - mean) / sqrt(variance + epsilon) + beta     (then ReLU when asked)
 *   batch_norm_train  inputs x, gamma, beta, running_mean [C], running_variance [C];
 *                     outputs y, new_running_mean, new_running_variance, batch_mean [C], batch_inverse_std [C]
 *                     with the batch's mean and (biased) variance v: batch_inverse_std = 1/sqrt(v + epsilon),
 *                     new_running = momentum * running + (1 - momentum) * batch (ONNX's momentum; the running variance
 *                     takes the biased v, as ONNX does)
 *   batch_norm_grad   inputs dy, x, gamma, batch_mean, batch_inverse_std, y (only with relu, else absent);
 *                     outputs dx, dgamma [C], dbeta [C]
 *                     With relu, dy is first masked where y <= 0. (Ioffe and Szegedy 2015, section 3.)
 */
#ifndef HT_KERNELS_NORM_H
#define HT_KERNELS_NORM_H

#include "kernels/kernel.h"

typedef struct ht_batch_norm_parameters {
    float epsilon, momentum;
    bool relu; /* y = max(0, normalised) */
} ht_batch_norm_parameters;

extern const ht_kernel_family ht__batch_norm_family, ht__batch_norm_train_family, ht__batch_norm_grad_family;

#endif
