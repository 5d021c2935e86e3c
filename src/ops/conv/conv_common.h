/* The attributes of a convolution, shared by Conv and its two gradients. */
#ifndef HT_OPS_CONV_COMMON_H
#define HT_OPS_CONV_COMMON_H

#include "kernels/conv/conv.h"
#include "ops/common.h"

/* Reads group, strides, pads, dilations and the fused activation for input x [N,C,...] and weights w [O,C/G,k...]. */
ht_status ht__conv_read(const ht_node *node, const ht_tensor_desc *x, const ht_tensor_desc *w, ht_conv_parameters *out,
                        ht_window *window, ht_error *err);
/* Multiply-accumulates of a convolution with weights in input 1; -1 when unknown. */
int64_t ht__conv_macs(const ht_node *node);
/* The fused activation that passes leave in the attributes activation ("relu", "clip"), clip_low, clip_high. */
ht_status ht__read_activation(const ht_node *node, ht_activation *kind, float *low, float *high, ht_error *err);

#endif
