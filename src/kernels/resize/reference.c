#include <math.h>

#include "kernels/index.h"
#include "kernels/resize/variants.h"

/* Where an output coordinate lies along one axis: between two input elements, `weight` of the way to the second. */
typedef struct place {
    int64_t low, high;
    float weight;
} place;

static float source_coordinate(const ht_resize_parameters *p, int32_t axis, int64_t o, int64_t in, int64_t out) {
    float scale = p->scale[axis], position = (float)o;
    switch (p->coordinate) {
    case HT_RESIZE_PYTORCH_HALF_PIXEL: return out > 1 ? (position + 0.5f) / scale - 0.5f : 0.0f;
    case HT_RESIZE_ALIGN_CORNERS: return out > 1 ? position * (float)(in - 1) / (float)(out - 1) : 0.0f;
    case HT_RESIZE_ASYMMETRIC: return position / scale;
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

static place find_place(const ht_resize_parameters *p, int32_t axis, int64_t o, int64_t in, int64_t out) {
    if (p->scale[axis] == 1.0f && in == out) {
        return (place){o, o, 0.0f};
    }
    float x = source_coordinate(p, axis, o, in, out), last = (float)(in - 1);
    x = p->mode == HT_RESIZE_NEAREST ? round_coordinate(p->rounding, x) : x;
    x = x > 0.0f ? x : 0.0f; /* NaN, too */
    x = x < last ? x : last;
    int64_t low = (int64_t)x;
    return (place){low, low + 1 < in ? low + 1 : low, x - (float)low};
}

/* The weighted sum over the corners of the cell that the output element lies in. */
static float interpolate(const float *x, int32_t rank, const int64_t *strides, const place *places, int32_t axis,
                         int64_t offset) {
    if (axis == rank) {
        return x[offset];
    }
    const place *at = &places[axis];
    float first = interpolate(x, rank, strides, places, axis + 1, offset + at->low * strides[axis]);
    if (at->weight == 0.0f) {
        return first;
    }
    float second = interpolate(x, rank, strides, places, axis + 1, offset + at->high * strides[axis]);
    return (1.0f - at->weight) * first + at->weight * second;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_resize_parameters *p = HT_PARAMETERS(ht_resize_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[0], *yd = &call->outputs[0];
    int64_t x_strides[HT_MAX_RANK], y_strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    ht__desc_strides(xd, x_strides);
    ht__desc_strides(yd, y_strides);
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    do {
        place places[HT_MAX_RANK];
        for (int32_t i = 0; i < xd->rank; ++i) {
            places[i] = find_place(p, i, index[i], xd->dims[i], yd->dims[i]);
        }
        ((float *)outputs[0])[ht__index_offset(yd->rank, index, y_strides)] =
            interpolate(inputs[0], xd->rank, x_strides, places, 0, 0);
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_kernel_variant ht__resize_f32_reference = {.name = "resize_f32_reference",
                                                    .family = &ht__resize_family,
                                                    .accept = ht__kernel_accept_f32,
                                                    .prepare = ht__kernel_keep_call,
                                                    .run = run};
