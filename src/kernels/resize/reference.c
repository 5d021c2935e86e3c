/* What each output coordinate of an axis reads is tabulated once, in prepare; an element of y is the weighted sum over
 * the product of its axes' taps. */
#include <math.h>
#include <string.h>

#include "kernels/index.h"
#include "kernels/resize/variants.h"
#include "numeric/scalar.h"

/* Taps of one axis: those of output coordinate o are elements [o * count ..] of both arrays. */
typedef struct axis_taps {
    int64_t count;
    int64_t *positions; /* -1: extrapolated */
    double *weights;
} axis_taps;

typedef struct resize_state {
    ht_kernel_call call;
    axis_taps axes[HT_MAX_RANK];
} resize_state;

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

static ht_status prepare(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state, ht_error *err) {
    const ht_resize_parameters *p = HT_PARAMETERS(ht_resize_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    size_t entries = 0, bytes;
    for (int32_t i = 0; i < x->rank; ++i) {
        size_t own;
        if (!ht__mul((size_t)taps_of(p, i, x->dims[i], y->dims[i]), (size_t)y->dims[i], &own) ||
            !ht__add(entries, own, &entries)) {
            return ht__fail_memory(err, SIZE_MAX);
        }
    }
    if (!ht__mul(entries, sizeof(int64_t) + sizeof(double), &bytes) || !ht__add(bytes, sizeof(resize_state), &bytes)) {
        return ht__fail_memory(err, SIZE_MAX);
    }
    resize_state *own = ht__calloc(env->allocator, 1, bytes);
    if (own == NULL) {
        return ht__fail_memory(err, bytes);
    }
    own->call = *call;
    double *weights = (double *)(void *)(own + 1);
    int64_t *positions = (int64_t *)(void *)(weights + entries);
    bool empty = ht__desc_elements(x) == 0 || ht__desc_elements(y) == 0;
    for (int32_t i = 0; i < x->rank && !empty; ++i) {
        int64_t count = taps_of(p, i, x->dims[i], y->dims[i]);
        own->axes[i] = (axis_taps){count, positions, weights};
        for (int64_t o = 0; o < y->dims[i]; ++o, positions += count, weights += count) {
            fill_taps(p, i, o, x->dims[i], y->dims[i], count, positions, weights);
        }
    }
    *state = (ht_kernel_state){own, bytes, 0};
    return HT_OK;
}

/* ---- running ---- */

typedef struct reading {
    const axis_taps *axes;
    const int64_t *index, *strides;
    int32_t rank;
    ht_type type;
    const void *data;
} reading;

/* The weighted sum over the taps of `axis` and those behind it. */
static double interpolate(const reading *r, int32_t axis, int64_t offset) {
    if (axis == r->rank) {
        return ht__scalar_real(ht__scalar_load(r->type, r->data, offset));
    }
    const axis_taps *taps = &r->axes[axis];
    const int64_t *positions = taps->positions + r->index[axis] * taps->count;
    const double *weights = taps->weights + r->index[axis] * taps->count;
    double sum = 0.0;
    for (int64_t k = 0; k < taps->count; ++k) {
        if (weights[k] != 0.0) {
            sum += weights[k] * interpolate(r, axis + 1, offset + positions[k] * r->strides[axis]);
        }
    }
    return sum;
}

/* Does a coordinate along any axis lie outside x? `offset` gets that of the first taps. */
static bool is_outside(const reading *r, int64_t *offset) {
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

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const resize_state *own = state->data;
    const ht_resize_parameters *p = HT_PARAMETERS(ht_resize_parameters, &own->call);
    const ht_tensor_desc *xd = &own->call.inputs[0], *yd = &own->call.outputs[0];
    int64_t x_strides[HT_MAX_RANK], y_strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    size_t bytes = ht_type_bytes(xd->type);
    ht__desc_strides(xd, x_strides);
    ht__desc_strides(yd, y_strides);
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    if (ht__desc_elements(xd) == 0) {
        return HT_ERROR_ARGUMENT;
    }
    reading r = {own->axes, index, x_strides, xd->rank, xd->type, inputs[0]};
    do {
        int64_t to = ht__index_offset(yd->rank, index, y_strides), from;
        if (is_outside(&r, &from)) {
            ht__scalar_store(yd->type, outputs[0], to, ht__scalar_of_real((double)p->extrapolation), NULL);
        } else if (p->mode == HT_RESIZE_NEAREST) {
            memcpy((unsigned char *)outputs[0] + (size_t)to * bytes,
                   (const unsigned char *)inputs[0] + (size_t)from * bytes, bytes);
        } else {
            ht__scalar_store(yd->type, outputs[0], to, ht__scalar_of_real(interpolate(&r, 0, 0)), NULL);
        }
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_kernel_variant ht__resize_reference = {.name = "resize_reference",
                                                .family = &ht__resize_family,
                                                .accept = ht__kernel_accept_all,
                                                .prepare = prepare,
                                                .run = run};
