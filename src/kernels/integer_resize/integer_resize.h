/* Resizing of codes by interpolation.
 *
 *     float  y = clamp(y_zero + round_half_even(r / y_scale)), r = what Resize (kernels/resize/resize.h) gives for the
 *            real numbers (x - x_zero) * x_scale, in f32: what the float operator between two quantizers gives
 *     fixed  linear along the last two of four axes, codes of one scale; coordinates have 10 bits behind the point
 *            (LiteRT's reference_ops::ResizeBilinearInteger):
 *                s = (1024 in + out / 2) / out, of aligned corners (1024 (in - 1) + (out - 1) / 2) / (out - 1)
 *                at(o) = o s, of half pixels o s + s / 2 - 512
 *                low = max(at / 1024, 0), high = min((at + 1023) / 1024, in - 1), f = at - 1024 low
 *                y = (sum of the four codes, each with its 1024 - f or f of either axis, + or - 2^19) / 2^20
 *            divisions towards zero
 *
 * x and y: u8, i8, u16 or i16, one layout.
 */
#ifndef HT_KERNELS_INTEGER_RESIZE_H
#define HT_KERNELS_INTEGER_RESIZE_H

#include "kernels/requantize.h"
#include "kernels/resize/resize.h"

typedef struct ht_integer_resize_parameters {
    ht_resize_parameters resize;         /* float: linear or cubic */
    ht_requantize_parameters requantize; /* rule, low, high */
    float x_scale, y_scale;
    int32_t x_zero, y_zero;
} ht_integer_resize_parameters;

extern const ht_kernel_family ht__integer_resize_family;

#endif
