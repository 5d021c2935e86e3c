/* Means of codes over a set of axes. Input x (any layout); output y with the reduced axes of size 1 or removed, plain.
 *
 *   float  y = clamp(zero_y + round_half_even(f32(sum of (x - zero_x)) * m)), m = s_x / (s_y * count) in f32
 *   fixed  y = clamp(zero_y + ht__fixed_multiply(sum of (x - zero_x), multiplier, shift)), the count being in the
 *          multiplier
 */
#ifndef HT_KERNELS_INTEGER_MEAN_H
#define HT_KERNELS_INTEGER_MEAN_H

#include "kernels/requantize.h"

typedef struct ht_integer_mean_parameters {
    bool axes[HT_MAX_RANK];              /* axes[i]: axis i of x is reduced */
    ht_requantize_parameters requantize; /* float or fixed */
    int32_t x_zero, y_zero;
    float x_scale, y_scale;
    int32_t multiplier, shift;
} ht_integer_mean_parameters;

extern const ht_kernel_family ht__integer_mean_family;

#endif
