/* Between real numbers and codes. s is the scale and z the zero point (absent: 0) of an element: the only one, that of
 * its channel along `axis`, or, with `block`, that of its place with the index along `axis` divided by `block`.
 *
 *   quantize            inputs x of any type, s a float, z of y's type; output y an integer of 2 to 32 bits:
 *                       y = clamp(round(x / s) + z) to low .. high, or to the type's range when both are 0; NaN gives
 * 0. Or y a narrow float: x / s, rounded to it dequantize          inputs q, s, z; output y a float = (q - z) * s
 *   dynamic_quantize    input x f32; outputs y u8, s f32 [], z u8 []: s = (max(x, 0) - min(x, 0)) / 255,
 *                       z = clamp(round_half_even(-min(x, 0) / s)), y as above. s = 1 when all x are 0
 *   fake_quantize       inputs x f32, s [] or [C], z f32 [] or [C] (integer values); output y f32
 *                       y = (clamp(round_half_even(x / s) + z, low, high) - z) * s
 *   fake_quantize_grad  inputs x, s, z, dy; output dx = dy where low <= round(x / s) + z <= high, else 0
 *                       (straight-through estimator, Bengio et al. 2013)
 *
 * Arithmetic is f32. Scales and zero points are plain.
 */
#ifndef HT_KERNELS_QUANTIZE_H
#define HT_KERNELS_QUANTIZE_H

#include "kernels/kernel.h"

typedef struct ht_quantize_parameters {
    int32_t axis;    /* of scale and zero point when they are vectors, 0 .. rank-1 */
    float low, high; /* smallest and largest code */
    bool ties_away;  /* quantize: a tie is rounded away from zero; otherwise to even */
    bool saturates;  /* quantize to a narrow float: what is too large becomes its largest number */
    int64_t block;   /* quantize, dequantize: elements along `axis` that share a scale; 0: no blocks */
} ht_quantize_parameters;

extern const ht_kernel_family ht__quantize_family, ht__dequantize_family, ht__fake_quantize_family,
    ht__fake_quantize_grad_family, ht__dynamic_quantize_family;

#endif
