/* Resizing by interpolation. Input x, output y of the same type, rank and layout. Any type: nearest moves elements, the
 * others compute in double and store rounded as ht__scalar_store does.
 *
 * An output coordinate o along an axis with `in` and `out` elements lies at the input coordinate
 *     half_pixel            (o + 1/2) / scale - 1/2
 *     half_pixel_symmetric  the same + in / 2 * (1 - out / (scale * in)): the centre stays where it is
 *     pytorch_half_pixel    the same as half_pixel, but 0 when out = 1
 *     align_corners         o (in - 1) / (length - 1), 0 when length = 1
 *     asymmetric            o / scale
 *     crop                  begin (in - 1) + o (end - begin)(in - 1) / (length - 1), the middle when length = 1; what
 * lies outside x is `extrapolation` with length = out, or scale * in when `exact_length` is false (a size that follows
 * from scales is rounded down).
 *
 * nearest takes the element there after rounding. linear and cubic sum the elements around it, weighted by a kernel of
 * their distance d, along every axis:
 *     linear  1 - |d| up to 1;   cubic  Keys 1981 up to 2, with the coefficient cubic_a
 * With antialias, where the scale is below 1, distances are multiplied by it, and the weights divided by their sum.
 * Elements outside x are the nearest of its edge, or with exclude_outside do not count, and the weights of the others
 * are divided by their sum. Coordinates are f32, as ONNX's Resize.
 */
#ifndef HT_KERNELS_RESIZE_H
#define HT_KERNELS_RESIZE_H

#include "kernels/kernel.h"

typedef enum ht_resize_mode { HT_RESIZE_NEAREST, HT_RESIZE_LINEAR, HT_RESIZE_CUBIC } ht_resize_mode;
typedef enum ht_resize_coordinate {
    HT_RESIZE_HALF_PIXEL,
    HT_RESIZE_HALF_PIXEL_SYMMETRIC,
    HT_RESIZE_PYTORCH_HALF_PIXEL,
    HT_RESIZE_ALIGN_CORNERS,
    HT_RESIZE_ASYMMETRIC,
    HT_RESIZE_CROP
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
    bool exact_length;           /* sizes were stated, the scales follow from them */
    bool antialias, exclude_outside;
    float cubic_a;
    float begin[HT_MAX_RANK], end[HT_MAX_RANK]; /* crop: by axis, as shares of in - 1 */
    float extrapolation;
} ht_resize_parameters;

extern const ht_kernel_family ht__resize_family;

#endif
