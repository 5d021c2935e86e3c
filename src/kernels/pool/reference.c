#include <math.h>
#include <string.h>

#include "kernels/index.h"
#include "kernels/pool/variants.h"
#include "kernels/window.h"

/* Offset of the first largest element of the window at p (a NaN is larger than all); -1 when the window has none. */
static int64_t largest_offset(const ht_window *w, const float *x, const int64_t p[3]) {
    int64_t k[3] = {0}, best = -1;
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        if (at >= 0 && (best < 0 || x[at] > x[best] || (x[at] != x[at] && x[best] == x[best]))) {
            best = at;
        }
    } while (ht__index_next(3, w->size, k));
    return best;
}

static float average(const ht_window *w, const float *x, const int64_t p[3], bool count_padding) {
    int64_t k[3] = {0}, count = ht__window_count(w, p, count_padding);
    double sum = 0.0;
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        sum += at >= 0 ? x[at] : 0.0f;
    } while (ht__index_next(3, w->size, k));
    return count > 0 ? (float)(sum / (double)count) : 0.0f;
}

static ht_status run_pool(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_pool_parameters *q = HT_PARAMETERS(ht_pool_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[0], *yd = &call->outputs[0];
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    ht_window w;
    ht__window_make(q->spatial, xd, yd, q->window, q->strides, q->dilations, q->pads_begin, q->pads_end, &w);
    for (int64_t map = 0; map < xd->dims[0] * xd->dims[1]; ++map) {
        int64_t n = map / xd->dims[1], c = map % xd->dims[1], p[3] = {0};
        const float *x = (const float *)inputs[0] + n * w.x[0] + c * w.x[1];
        float *y = (float *)outputs[0] + n * w.y[0] + c * w.y[1];
        do {
            float *result = y + ht__index_offset(3, p, w.y + 2);
            if (q->kind == HT_POOL_MAX) {
                int64_t best = largest_offset(&w, x, p);
                *result = best >= 0 ? x[best] : -INFINITY;
            } else {
                *result = average(&w, x, p, q->count_include_pad);
            }
        } while (ht__index_next(3, w.out, p));
    }
    return HT_OK;
}

const ht_kernel_variant ht__pool_f32_reference = {.name = "pool_f32_reference",
                                                  .family = &ht__pool_family,
                                                  .accept = ht__kernel_accept_f32,
                                                  .prepare = ht__kernel_keep_call,
                                                  .run = run_pool};

/* dx[window of p] += share, for average pooling. */
static void spread(const ht_window *w, float *dx, const int64_t p[3], float share) {
    int64_t k[3] = {0};
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        if (at >= 0) {
            dx[at] += share;
        }
    } while (ht__index_next(3, w->size, k));
}

static ht_status run_pool_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                               void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_pool_parameters *q = HT_PARAMETERS(ht_pool_parameters, call);
    const ht_tensor_desc *yd = &call->inputs[0], *xd = &call->outputs[0];
    ht_window w;
    ht__window_make(q->spatial, xd, yd, q->window, q->strides, q->dilations, q->pads_begin, q->pads_end, &w);
    size_t bytes = (size_t)ht__desc_elements(xd) * sizeof(float);
    if (bytes != 0) {
        memset(outputs[0], 0, bytes);
    }
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    for (int64_t map = 0; map < yd->dims[0] * yd->dims[1]; ++map) {
        int64_t n = map / yd->dims[1], c = map % yd->dims[1], p[3] = {0};
        int64_t x_offset = n * w.x[0] + c * w.x[1];
        const float *dy = (const float *)inputs[0] + n * w.y[0] + c * w.y[1];
        float *dx = (float *)outputs[0] + x_offset;
        do {
            float value = dy[ht__index_offset(3, p, w.y + 2)];
            if (q->kind == HT_POOL_MAX) {
                int64_t best = largest_offset(&w, (const float *)inputs[1] + x_offset, p);
                dx[best >= 0 ? best : 0] += best >= 0 ? value : 0.0f;
            } else {
                int64_t count = ht__window_count(&w, p, q->count_include_pad);
                spread(&w, dx, p, count > 0 ? value / (float)count : 0.0f);
            }
        } while (ht__index_next(3, w.out, p));
    }
    return HT_OK;
}

const ht_kernel_variant ht__pool_grad_f32_reference = {.name = "pool_grad_f32_reference",
                                                       .family = &ht__pool_grad_family,
                                                       .accept = ht__kernel_accept_f32,
                                                       .prepare = ht__kernel_keep_call,
                                                       .run = run_pool_grad};
