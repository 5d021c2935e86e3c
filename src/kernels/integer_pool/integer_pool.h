/* Pooling of codes over windows. Input x, output y [N,C,...] of one layout and one type.
 *
 *   max               y = the largest code of the window, clamped
 *   average, float    y = clamp(zero_y + round_half_even(f32(sum of (x - zero_x)) * m)), m = s_x / (s_y * count) in f32
 *   average, fixed    y = clamp(sum of x / count, rounded to nearest, ties away from zero): x and y have the same scale
 *                     and zero point
 *
 * count is the number of window elements inside x, or, with count_include_pad, inside x and its padding, which counts
 * as zero_x. Sums are exact.
 */
#ifndef HT_KERNELS_INTEGER_POOL_H
#define HT_KERNELS_INTEGER_POOL_H

#include "kernels/pool/pool.h"
#include "kernels/requantize.h"

typedef struct ht_integer_pool_parameters {
    ht_pool_parameters pool;
    ht_requantize_parameters requantize; /* float or fixed */
    int32_t x_zero, y_zero;
    float x_scale, y_scale;
} ht_integer_pool_parameters;

extern const ht_kernel_family ht__integer_pool_family;

#endif
