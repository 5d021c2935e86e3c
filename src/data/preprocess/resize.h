/* Bilinear resizing of 8-bit pictures, shared by the steps resize and letterbox. */
#ifndef HT_DATA_PREPROCESS_RESIZE_H
#define HT_DATA_PREPROCESS_RESIZE_H

#include <stdbool.h>

#include "data/picture.h"

/* Resizes `in` to height x width into `out`. Sample points lie at half-pixel centres, edges are repeated. With
 * `antialias` the triangle filter widens with the reduction, as in Pillow's BILINEAR and
 * torch.nn.functional.interpolate (antialias=True); without it is interpolate(align_corners=False). Both passes in f32,
 * rounded once, half up. */
ht_status ht__resize(const ht__picture *in, size_t height, size_t width, bool antialias, ht__picture *out,
                     ht_error *err);

#endif
