/* Transposed convolution of codes, 1 to 3 spatial dimensions.
 *
 * sum[n,o,i] = bias[o] + sum over c, k with p * stride + k * dilation - pad = i of
 *                        (x[n,c,p] - x_zero) * (w[c,o',k] - w_zero[o])
 * o and c belong to one group: o = g * (O/G) + o', c in g * (C/G) .. (g + 1) * (C/G). y is requantized from the sum,
 * which is exact (requantize.h, whose operands are the inputs; columns are the output channels).
 *
 * x [N,C,...] and y [N,O,...] share one layout; w [C,O/G,k...] is plain. y is i32 under the rule none, else u8, i8, u16
 * or i16.
 */
#ifndef HT_KERNELS_INTEGER_CONV_TRANSPOSE_H
#define HT_KERNELS_INTEGER_CONV_TRANSPOSE_H

#include "kernels/integer_conv/variants.h"

/* The parameters are ht_integer_conv_parameters: those of the convolution whose gradient this is. */
extern const ht_kernel_family ht__integer_conv_transpose_family;

#endif
