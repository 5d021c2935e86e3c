/* The geometry that convolutions and pooling share: a window of up to three dimensions that slides over a map. */
#ifndef HT_KERNELS_WINDOW_H
#define HT_KERNELS_WINDOW_H

#include "base/tensor.h"

/* One or two spatial dimensions are seen as three whose first ones have size 1. */
typedef struct ht_window {
    int64_t in[3], out[3]; /* positions of the map and of the result */
    int64_t size[3];       /* elements of the window */
    int64_t stride[3], dilation[3], pad_begin[3], pad_end[3];
    int64_t x[5], y[5]; /* element strides of N, C and the three spatial dimensions of map and result */
} ht_window;

/* `sizes` .. `pads_end` have `spatial` entries; x and y are [N, channels, spatial...]. */
void ht__window_make(int32_t spatial, const ht_tensor_desc *x, const ht_tensor_desc *y, const int64_t *sizes,
                     const int64_t *strides, const int64_t *dilations, const int64_t *pads_begin,
                     const int64_t *pads_end, ht_window *out);

/* Offset inside an image's channel of the element that window element k reads for result p: at position
 * p * stride + k * dilation - pad_begin; -1 when that lies in the padding. */
int64_t ht__window_input_offset(const ht_window *window, const int64_t p[3], const int64_t k[3]);
/* For result p of dimension d the window's elements first .. last - 1 lie in the map; none when first >= last. Returns
 * the position of element 0, which may lie outside. */
int64_t ht__window_inside(const ht_window *window, int d, int64_t p, int64_t *first, int64_t *last);
/* Offset inside an image's channel of the result that reads position i with window element k; -1 when there is none. */
int64_t ht__window_output_offset(const ht_window *window, const int64_t i[3], const int64_t k[3]);
/* Elements of the window at result p that lie in the map, with `padded` also those in its padding (but not those that
 * hang over the padding's end, as ceil_mode allows). */
int64_t ht__window_count(const ht_window *window, const int64_t p[3], bool padded);

#endif
