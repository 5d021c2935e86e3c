/* Convolution and its two gradients, 1 to 3 spatial dimensions.
 *
 * y[n,o,p] = b[o] + sum over c, k of x[n, g*C/G + c, p*stride + k*dilation - pad] * w[o,c,k]   then the activation;
 * o belongs to group g = o / (O/G); x outside its bounds counts as 0.
 *
 *   conv              inputs x [N,C,...], w [O,C/G,k...] (plain layout), b [O] or absent; output y [N,O,...]
 *   conv_grad_input   inputs dy [N,O,...], w, b [C] or absent;                           output dx [N,C,...]
 *   conv_grad_weight  inputs x, dy;                                        outputs dw like w, db [O] or absent
 *
 * With b, which is added to dx, conv_grad_input is the transposed convolution of dy. x and y share one layout. Float
 * tensors are f32.
 */
#ifndef HT_KERNELS_CONV_H
#define HT_KERNELS_CONV_H

#include "kernels/activation.h"
#include "kernels/kernel.h"

typedef struct ht_conv_parameters {
    int32_t spatial; /* 1, 2 or 3 */
    int64_t groups;
    int64_t strides[3], dilations[3], pads_begin[3], pads_end[3];
    ht_activation activation; /* fused into conv; NONE for the gradients */
    float clip_low, clip_high;
} ht_conv_parameters;

extern const ht_kernel_family ht__conv_family, ht__conv_grad_input_family, ht__conv_grad_weight_family;

#endif
