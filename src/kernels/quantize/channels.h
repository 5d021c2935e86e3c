/* Which scale an element has. */
#ifndef HT_KERNELS_QUANTIZE_CHANNELS_H
#define HT_KERNELS_QUANTIZE_CHANNELS_H

#include "base/tensor.h"

/* The tensor in memory order as [outer, channels, inner], where channels is the axis of a vector of scales; with one
 * scale for all, channels is 1. Element i belongs to channel (i / inner) % channels. */
typedef struct ht_channel_view {
    int64_t elements, channels, inner;
} ht_channel_view;

static inline ht_channel_view ht__channel_view(const ht_tensor_desc *x, const ht_tensor_desc *scale, int32_t axis) {
    int64_t strides[HT_MAX_RANK];
    ht_channel_view view = {ht__desc_elements(x), 1, 1};
    if (ht__desc_elements(scale) > 1) {
        ht__desc_strides(x, strides);
        view.channels = x->dims[axis];
        view.inner = strides[axis];
    }
    return view;
}

static inline int64_t ht__channel_of(const ht_channel_view *view, int64_t i) {
    return i / view->inner % view->channels;
}

#endif
