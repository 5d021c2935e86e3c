/* Where each output coordinate reads, as kernels/resize/resize.h defines it. */
#include "kernels/resize/taps.h"

#include <math.h>

/* ---- coordinates ---- */

static float source_coordinate(const ht_resize_parameters *p, int32_t axis, int64_t o, int64_t in, int64_t out) {
    float scale = p->scale[axis], position = (float)o, last = (float)(in - 1);
    float length = p->exact_length ? (float)out : scale * (float)in;
    switch (p->coordinate) {
    case HT_RESIZE_HALF_PIXEL_SYMMETRIC:
        return (float)in / 2.0f * (1.0f - (float)out / (scale * (float)in)) + (position + 0.5f) / scale - 0.5f;
    case HT_RESIZE_PYTORCH_HALF_PIXEL: return out > 1 ? (position + 0.5f) / scale - 0.5f : 0.0f;
    case HT_RESIZE_ALIGN_CORNERS: return length > 1.0f ? position * last / (length - 1.0f) : 0.0f;
    case HT_RESIZE_ASYMMETRIC: return position / scale;
    case HT_RESIZE_CROP: {
        float range = (p->end[axis] - p->begin[axis]) * last;
        return p->begin[axis] * last + (length > 1.0f ? position * range / (length - 1.0f) : range / 2.0f);
    }
    case HT_RESIZE_HALF_PIXEL: break;
    }
    return (position + 0.5f) / scale - 0.5f;
}

static float round_coordinate(ht_resize_rounding rounding, float x) {
    switch (rounding) {
    case HT_RESIZE_ROUND_PREFER_FLOOR: return ceilf(x - 0.5f);
    case HT_RESIZE_ROUND_PREFER_CEIL: return floorf(x + 0.5f);
    case HT_RESIZE_FLOOR: return floorf(x);
    case HT_RESIZE_CEIL: break;
    }
    return ceilf(x);
}

static double kernel(const ht_resize_parameters *p, double d) {
    double a = (double)p->cubic_a;
    d = fabs(d);
    if (p->mode == HT_RESIZE_LINEAR) {
        return d < 1.0 ? 1.0 - d : 0.0;
    }
    return d < 1.0   ? ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
           : d < 2.0 ? ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a
                     : 0.0;
}

/* ---- taps ---- */

static bool stays(const ht_resize_parameters *p, int32_t axis, int64_t in, int64_t out) {
    bool whole = p->coordinate != HT_RESIZE_CROP || (p->begin[axis] == 0.0f && p->end[axis] == 1.0f);
    return p->scale[axis] == 1.0f && in == out && whole;
}

/* What distances are multiplied by. */
static double stretch(const ht_resize_parameters *p, int32_t axis) {
    return p->antialias && p->scale[axis] < 1.0f ? (double)p->scale[axis] : 1.0;
}

/* Taps of an output coordinate: one, or all whole numbers within the kernel's reach. A result that is not empty has
 * scales of 1 / in and more, which bounds them. */
static int64_t taps_of(const ht_resize_parameters *p, int32_t axis, int64_t in, int64_t out) {
    if (p->mode == HT_RESIZE_NEAREST || stays(p, axis, in, out)) {
        return 1;
    }
    double reach = ceil((p->mode == HT_RESIZE_LINEAR ? 1.0 : 2.0) / stretch(p, axis)), most = 2.0 * (double)in + 4.0;
    return out == 0 ? 0 : 2 * (int64_t)(reach < most ? reach : most);
}

static int64_t to_edge(int64_t at, int64_t in) { return at < 0 ? 0 : at >= in ? in - 1 : at; }

static void fill_taps(const ht_resize_parameters *p, int32_t axis, int64_t o, int64_t in, int64_t out, int64_t count,
                      int64_t *positions, double *weights) {
    if (stays(p, axis, in, out)) {
        positions[0] = o;
        weights[0] = 1.0;
        return;
    }
    float x = source_coordinate(p, axis, o, in, out), last = (float)(in - 1);
    bool outside = p->coordinate == HT_RESIZE_CROP && !(x >= 0.0f && x <= last);
    x = x >= -2.0f * (float)in - 4.0f ? x : -2.0f * (float)in - 4.0f; /* NaN, too */
    x = x <= 3.0f * (float)in + 4.0f ? x : 3.0f * (float)in + 4.0f;
    int64_t first =
        p->mode == HT_RESIZE_NEAREST ? (int64_t)round_coordinate(p->rounding, x) : (int64_t)floorf(x) - count / 2 + 1;
    double sum = 0.0;
    for (int64_t k = 0; k < count; ++k) {
        int64_t at = first + k;
        bool counts = !p->exclude_outside || p->mode == HT_RESIZE_NEAREST || (at >= 0 && at < in);
        double near = p->mode == HT_RESIZE_NEAREST ? 1.0 : kernel(p, ((double)at - (double)x) * stretch(p, axis));
        positions[k] = outside ? -1 : to_edge(at, in);
        weights[k] = counts ? near : 0.0;
        sum += weights[k];
    }
    bool divided = p->mode != HT_RESIZE_NEAREST && (p->antialias || p->exclude_outside) && sum != 0.0;
    for (int64_t k = 0; divided && k < count; ++k) {
        weights[k] /= sum;
    }
}

size_t ht__resize_state_bytes(const ht_kernel_call *call, const ht_resize_parameters *p) {
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    size_t entries = 0, bytes;
    for (int32_t i = 0; p != NULL && i < x->rank; ++i) {
        size_t own;
        if (!ht__mul((size_t)taps_of(p, i, x->dims[i], y->dims[i]), (size_t)y->dims[i], &own) ||
            !ht__add(entries, own, &entries)) {
            return SIZE_MAX;
        }
    }
    bool fits = ht__mul(entries, sizeof(int64_t) + sizeof(double), &bytes);
    return fits && ht__add(bytes, sizeof(ht_resize_state), &bytes) ? bytes : SIZE_MAX;
}

static void fill_axes(const ht_resize_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *y, void *room,
                      ht_resize_taps axes[HT_MAX_RANK]) {
    unsigned char *at = room;
    if (ht__desc_elements(x) == 0 || ht__desc_elements(y) == 0) {
        return;
    }
    for (int32_t i = 0; i < x->rank; ++i) {
        int64_t count = taps_of(p, i, x->dims[i], y->dims[i]);
        size_t entries = (size_t)(count * y->dims[i]);
        double *weights = (double *)(void *)at;
        int64_t *positions = (int64_t *)(void *)(weights + entries);
        at = (unsigned char *)(positions + entries);
        axes[i] = (ht_resize_taps){count, positions, weights};
        for (int64_t o = 0; o < y->dims[i]; ++o) {
            fill_taps(p, i, o, x->dims[i], y->dims[i], count, positions + o * count, weights + o * count);
        }
    }
}

void ht__resize_bind(const ht_kernel_call *call, const ht_resize_parameters *p, void *memory) {
    ht_resize_state *own = memory;
    *own = (ht_resize_state){.call = *call};
    if (p != NULL) {
        fill_axes(p, &call->inputs[0], &call->outputs[0], own + 1, own->axes);
    }
}

/* ---- reading ---- */

double ht__resize_interpolate(const ht_resize_reading *r, int32_t axis, int64_t offset) {
    if (axis == r->rank) {
        return r->load(r->source, offset);
    }
    const ht_resize_taps *taps = &r->axes[axis];
    const int64_t *positions = taps->positions + r->index[axis] * taps->count;
    const double *weights = taps->weights + r->index[axis] * taps->count;
    double sum = 0.0;
    for (int64_t k = 0; k < taps->count; ++k) {
        if (weights[k] != 0.0) {
            sum += weights[k] * ht__resize_interpolate(r, axis + 1, offset + positions[k] * r->strides[axis]);
        }
    }
    return sum;
}

bool ht__resize_is_outside(const ht_resize_reading *r, int64_t *offset) {
    *offset = 0;
    for (int32_t i = 0; i < r->rank; ++i) {
        int64_t at = r->axes[i].positions[r->index[i] * r->axes[i].count];
        if (at < 0) {
            return true;
        }
        *offset += at * r->strides[i];
    }
    return false;
}
