/* Softmax of any floating-point type and the losses of f32, plain layout.
 *
 *   softmax            input x; output y = exp(x - max) / sum over `axis`, or its logarithm
 *   softmax_grad       inputs y, dy; output dx (of softmax or of log-softmax)
 *   cross_entropy      inputs logits [N,K], labels [N] (class index as f32, a label < 0 is ignored);
 *                      outputs loss [] (mean over counted rows), probabilities [N,K]. With smoothing s the target is
 *                      1 - s for the label plus s / K for every class.
 *   cross_entropy_grad inputs probabilities, labels; output dlogits = (probabilities - target) / counted rows
 *   squared_error      inputs y [N,K], target [N,K]; output loss [] = mean of (y - target)^2
 *   squared_error_grad inputs y, target; output dy = 2 (y - target) / (N K)
 */
#ifndef HT_KERNELS_SOFTMAX_H
#define HT_KERNELS_SOFTMAX_H

#include "kernels/kernel.h"

typedef struct ht_softmax_parameters {
    int32_t axis;    /* 0 .. rank-1 */
    bool logarithm;  /* log-softmax */
    float smoothing; /* label smoothing of cross_entropy, 0 .. 1 */
} ht_softmax_parameters;

extern const ht_kernel_family ht__softmax_family, ht__softmax_grad_family, ht__cross_entropy_family,
    ht__cross_entropy_grad_family, ht__squared_error_family, ht__squared_error_grad_family;

#endif
