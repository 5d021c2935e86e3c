/* Resizing by interpolation. Input x f32; output y f32 of the same rank and layout.
 *
 * An output coordinate o along an axis with `in` and `out` elements lies at the input coordinate
 *     half_pixel          (o + 1/2) / scale - 1/2
 *     pytorch_half_pixel  the same, but 0 when out = 1
 *     align_corners       o (in - 1) / (out - 1), 0 when out = 1
 *     asymmetric          o / scale
 * nearest takes the element there after rounding; linear the two around it, weighted by nearness, along every axis.
 * Coordinates outside x are moved to its edge. All in f32, as ONNX's Resize.
 */
#ifndef HT_KERNELS_RESIZE_H
#define HT_KERNELS_RESIZE_H

#include "kernels/kernel.h"

typedef enum ht_resize_mode { HT_RESIZE_NEAREST, HT_RESIZE_LINEAR } ht_resize_mode;
typedef enum ht_resize_coordinate {
    HT_RESIZE_HALF_PIXEL,
    HT_RESIZE_PYTORCH_HALF_PIXEL,
    HT_RESIZE_ALIGN_CORNERS,
    HT_RESIZE_ASYMMETRIC
} ht_resize_coordinate;
typedef enum ht_resize_rounding {
    HT_RESIZE_ROUND_PREFER_FLOOR, /* to nearest, ties down */
    HT_RESIZE_ROUND_PREFER_CEIL,  /* to nearest, ties up */
    HT_RESIZE_FLOOR,
    HT_RESIZE_CEIL
} ht_resize_rounding;

typedef struct ht_resize_parameters {
    ht_resize_mode mode;
    ht_resize_coordinate coordinate;
    ht_resize_rounding rounding; /* nearest only */
    float scale[HT_MAX_RANK];    /* by logical axis, > 0; an axis with scale 1 and out = in stays as it is */
} ht_resize_parameters;

extern const ht_kernel_family ht__resize_family;

#endif
