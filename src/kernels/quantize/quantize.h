/* Between real numbers and codes. s is the scale, z the zero point (absent: 0) of the element's channel along `axis`.
 *
 *   quantize            inputs x f32, s f32 [] or [C], z of y's type [] or [C]; output y u8, i8, u16, i16 or i32
 *                       y = clamp(round(x / s) + z) to low .. high, or to the type's range when both are 0; NaN gives 0
 *   dequantize          inputs q, s, z; output y f32 = (q - z) * s
 *   fake_quantize       inputs x f32, s, z f32 (integer values); output y f32
 *                       y = (clamp(round_half_even(x / s) + z, low, high) - z) * s
 *   fake_quantize_grad  inputs x, s, z, dy; output dx = dy where low <= round(x / s) + z <= high, else 0
 *                       (straight-through estimator, Bengio et al. 2013)
 */
#ifndef HT_KERNELS_QUANTIZE_H
#define HT_KERNELS_QUANTIZE_H

#include "kernels/kernel.h"

typedef struct ht_quantize_parameters {
    int32_t axis;    /* of scale and zero point when they are vectors, 0 .. rank-1 */
    float low, high; /* smallest and largest code */
    bool ties_away;  /* quantize: a tie is rounded away from zero; otherwise to even */
} ht_quantize_parameters;

extern const ht_kernel_family ht__quantize_family, ht__dequantize_family, ht__fake_quantize_family,
    ht__fake_quantize_grad_family;

#endif
