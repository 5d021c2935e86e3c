/* Convolution of codes, 1 to 3 spatial dimensions.
 *
 * sum[n,o,p] = bias[o] + sum over c, k of (x[n, g*C/G + c, p*stride + k*dilation - pad] - x_zero)
 *                                         * (w[o,c,k] - w_zero[o])
 * o belongs to group g = o / (O/G); x outside its bounds counts as x_zero. y is requantized from the sum, which is
 * exact (requantize.h, whose operands are the inputs; columns are the output channels).
 *
 * x [N,C,...] and y [N,O,...] share one layout; w [O,C/G,k...] is plain. y is i32 under the rule none, else u8, i8, u16
 * or i16.
 */
#ifndef HT_KERNELS_INTEGER_CONV_H
#define HT_KERNELS_INTEGER_CONV_H

#include "kernels/conv/conv.h"
#include "kernels/requantize.h"

typedef struct ht_integer_conv_parameters {
    ht_conv_parameters conv; /* without activation */
    ht_requantize_parameters requantize;
} ht_integer_conv_parameters;

extern const ht_kernel_family ht__integer_conv_family;

#endif
