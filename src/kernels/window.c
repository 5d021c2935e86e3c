#include "kernels/window.h"

void ht__window_make(int32_t spatial, const ht_tensor_desc *x, const ht_tensor_desc *y, const int64_t *sizes,
                     const int64_t *strides, const int64_t *dilations, const int64_t *pads_begin,
                     const int64_t *pads_end, ht_window *out) {
    int64_t stride_x[HT_MAX_RANK], stride_y[HT_MAX_RANK];
    ht__desc_strides(x, stride_x);
    ht__desc_strides(y, stride_y);
    for (int32_t i = 0; i < 2; ++i) {
        out->x[i] = stride_x[i];
        out->y[i] = stride_y[i];
    }
    for (int32_t i = 0; i < 3; ++i) {
        int32_t s = i - (3 - spatial);
        out->in[i] = s < 0 ? 1 : x->dims[2 + s];
        out->out[i] = s < 0 ? 1 : y->dims[2 + s];
        out->size[i] = s < 0 ? 1 : sizes[s];
        out->stride[i] = s < 0 ? 1 : strides[s];
        out->dilation[i] = s < 0 ? 1 : dilations[s];
        out->pad_begin[i] = s < 0 ? 0 : pads_begin[s];
        out->pad_end[i] = s < 0 ? 0 : pads_end[s];
        out->x[2 + i] = s < 0 ? 0 : stride_x[2 + s];
        out->y[2 + i] = s < 0 ? 0 : stride_y[2 + s];
    }
}

int64_t ht__window_input_offset(const ht_window *window, const int64_t p[3], const int64_t k[3]) {
    int64_t offset = 0;
    for (int i = 0; i < 3; ++i) {
        int64_t at = p[i] * window->stride[i] + k[i] * window->dilation[i] - window->pad_begin[i];
        if (at < 0 || at >= window->in[i]) {
            return -1;
        }
        offset += at * window->x[2 + i];
    }
    return offset;
}

int64_t ht__window_inside(const ht_window *window, int d, int64_t p, int64_t *first, int64_t *last) {
    int64_t from = p * window->stride[d] - window->pad_begin[d], step = window->dilation[d];
    *first = from < 0 ? (-from + step - 1) / step : 0;
    *last = from < window->in[d] ? (window->in[d] - from + step - 1) / step : 0;
    *last = *last < window->size[d] ? *last : window->size[d];
    return from;
}

int64_t ht__window_output_offset(const ht_window *window, const int64_t i[3], const int64_t k[3]) {
    int64_t offset = 0;
    for (int d = 0; d < 3; ++d) {
        int64_t scaled = i[d] + window->pad_begin[d] - k[d] * window->dilation[d];
        if (scaled < 0 || scaled % window->stride[d] != 0 || scaled / window->stride[d] >= window->out[d]) {
            return -1;
        }
        offset += scaled / window->stride[d] * window->y[2 + d];
    }
    return offset;
}

int64_t ht__window_count(const ht_window *window, const int64_t p[3], bool padded) {
    int64_t product = 1;
    for (int i = 0; i < 3; ++i) {
        int64_t low = padded ? -window->pad_begin[i] : 0, high = window->in[i] + (padded ? window->pad_end[i] : 0);
        int64_t count = 0;
        for (int64_t k = 0; k < window->size[i]; ++k) {
            int64_t at = p[i] * window->stride[i] + k * window->dilation[i] - window->pad_begin[i];
            count += at >= low && at < high ? 1 : 0;
        }
        product *= count;
    }
    return product;
}
