/* Softmax of codes, or its logarithm, along an axis. Input x, output y of the same shape, plain; d = x - the largest x
 * of the row.
 *
 *   float  e = exp(d * x_scale) in double, by ht__exp; y = clamp(zero_y + round_half_even(f32(e / sum of e) /
 * y_scale)), the sum in the order of the axis: what Softmax between DequantizeLinear and QuantizeLinear means fixed  8
 * bits, y in 256ths above its smallest code. With a = ht__fixed_high(d * 2^shift, multiplier) in Q5.26: e = exp(a) in
 * Q0.31, 0 for d below difference_low; sum of the e / 2^12, each rounded, in Q12.19; r = 1 / sum as a number r' in 1/2
 * .. 1 and a power of two; y = low + r' e / 2^..., rounded (LiteRT's reference_ops::Softmax; the functions:
 * kernels/fixed_functions.h)
 *
 *   fixed  16 bits (LiteRT's SoftmaxInt16), y in 32768ths: e = E[32767 + M(d)] with M by multiplier and shift, so that
 *          65535 stand for 10; r = R of the sum of e without its leading bit; y = e r / 2^..., rounded and kept in
 *          0 .. 32767. E and R are exp over -10 .. 0 and 1 / (1 + x) over 0 .. 1 as tables of 513 places between
 *          which lines are drawn.
 *
 *   logarithm, float: y = clamp(zero_y + round_half_even(f32(d * x_scale - log(sum of e)) / y_scale))
 *   logarithm, fixed: 8 bits, y in 16ths below its largest code. L = log of the sum in Q5.26; y = high + (a - L) /
 * 2^22, rounded; the smallest code where a - L would not fit, that is for d up to the larger of difference_low - 1 and
 * L - 2^31 by the reverse multiplier and shift (LiteRT's reference_ops::LogSoftmax); at most 4,095 terms
 */
#ifndef HT_KERNELS_INTEGER_SOFTMAX_H
#define HT_KERNELS_INTEGER_SOFTMAX_H

#include "kernels/requantize.h"

typedef struct ht_integer_softmax_parameters {
    int32_t axis;
    bool logarithm;
    ht_requantize_parameters requantize; /* float or fixed */
    int32_t y_zero;
    float x_scale, y_scale;                    /* float */
    int32_t multiplier, shift, difference_low; /* fixed */
    int32_t reverse_multiplier, reverse_shift; /* fixed, logarithm: from Q5.26 back to differences of codes */
} ht_integer_softmax_parameters;

extern const ht_kernel_family ht__integer_softmax_family;

#endif
