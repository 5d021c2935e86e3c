/* Between real numbers and codes.
 *
 *   quantize        inputs x f32, scale f32 [] or [C], zero_point of y's type (or absent: 0); output y
 * u8/i8/u16/i16/i32 y = saturate(round_half_even(x / scale) + zero_point) along `axis` dequantize      inputs q, scale,
 * zero_point (or absent); output y f32 = (q - zero_point) * scale fake_quantize   inputs x f32, scale [] or [C],
 * zero_point f32 [] or [C] (an integer value); output y f32 = (clamp(round_half_even(x / scale) + zero_point, low,
 * high) - zero_point) * scale fake_quantize_grad  inputs x, scale, zero_point, dy; output dx = dy where low <= round(x
 * / scale) + zero_point <= high, else 0 (straight-through estimator, Bengio et al. 2013)
 */
#ifndef HT_KERNELS_QUANTIZE_H
#define HT_KERNELS_QUANTIZE_H

#include "kernels/kernel.h"

typedef struct ht_quantize_parameters {
    int32_t axis;    /* of scale and zero point when they are vectors, 0 .. rank-1 */
    float low, high; /* fake_quantize: smallest and largest code */
} ht_quantize_parameters;

extern const ht_kernel_family ht__quantize_family, ht__dequantize_family, ht__fake_quantize_family,
    ht__fake_quantize_grad_family;

#endif
