#include <math.h>
#include <string.h>

#include "kernels/index.h"
#include "kernels/pool/variants.h"
#include "kernels/window.h"
#include "numeric/scalar.h"

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

/* A map of x: its type and the element that offsets count from. */
typedef struct source {
    ht_type type;
    const unsigned char *data;
    int64_t first;
} source;

static double element(const source *x, int64_t at) {
    return x->type == HT_F32 ? (double)((const float *)(const void *)x->data)[x->first + at]
                             : ht__scalar_real(ht__scalar_load(x->type, x->data, x->first + at));
}

/* The first largest element of the window at p (a NaN is larger than all) and where it lies in the map; the lowest
 * value and -1s when the window has none. */
static double largest(const ht_window *w, const source *x, const int64_t p[3], int64_t where[3]) {
    int64_t k[3] = {0};
    double best = 0.0;
    bool found = false;
    where[0] = where[1] = where[2] = -1;
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        double value = at >= 0 ? element(x, at) : 0.0;
        if (at >= 0 && (!found || value > best || (value != value && best == best))) {
            best = value;
            found = true;
            for (int i = 0; i < 3; ++i) {
                where[i] = p[i] * w->stride[i] + k[i] * w->dilation[i] - w->pad_begin[i];
            }
        }
    } while (ht__index_next(3, w->size, k));
    return found ? best : ht__scalar_kind(x->type) == HT_SCALAR_UNSIGNED ? 0.0 : -INFINITY;
}

/* sum of x, or of |x|^power, over the window at p. */
static double sum_window(const ht_window *w, const source *x, const int64_t p[3], int64_t power) {
    int64_t k[3] = {0};
    double sum = 0.0;
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        double value = at >= 0 ? element(x, at) : 0.0;
        sum += power == 0 ? value : power == 2 ? value * value : pow(fabs(value), (double)power);
    } while (ht__index_next(3, w->size, k));
    return sum;
}

static double pool_window(const ht_pool_parameters *q, const ht_window *w, const source *x, const int64_t p[3],
                          int64_t where[3]) {
    if (q->kind == HT_POOL_MAX) {
        return largest(w, x, p, where);
    }
    if (q->kind == HT_POOL_NORM) {
        return pow(sum_window(w, x, p, q->power), 1.0 / (double)q->power);
    }
    int64_t count = ht__window_count(w, p, q->count_include_pad);
    return count > 0 ? sum_window(w, x, p, 0) / (double)count : 0.0;
}

/* The index of a position in map number `map` of x. */
static int64_t index_of(const ht_window *w, int64_t map, const int64_t at[3], bool column_major) {
    const int64_t *in = w->in;
    int64_t inside = column_major ? at[0] + in[0] * (at[1] + in[1] * at[2]) : (at[0] * in[1] + at[1]) * in[2] + at[2];
    return at[0] < 0 ? -1 : map * in[0] * in[1] * in[2] + inside;
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
    int64_t *indices = call->output_count > 1 && call->outputs[1].type != HT_NONE ? outputs[1] : NULL;
    ht_window w;
    ht__window_make(q->spatial, xd, yd, q->window, q->strides, q->dilations, q->pads_begin, q->pads_end, &w);
    for (int64_t map = 0; map < xd->dims[0] * xd->dims[1]; ++map) {
        int64_t n = map / xd->dims[1], c = map % xd->dims[1], p[3] = {0}, where[3] = {-1, -1, -1};
        source x = {xd->type, inputs[0], n * w.x[0] + c * w.x[1]};
        do {
            double value = pool_window(q, &w, &x, p, where);
            ht__scalar_store(yd->type, outputs[0], n * w.y[0] + c * w.y[1] + ht__index_offset(3, p, w.y + 2),
                             ht__scalar_of_real(value), NULL);
            if (indices != NULL) {
                *indices++ = index_of(&w, map, where, q->column_major);
            }
        } while (ht__index_next(3, w.out, p));
    }
    return HT_OK;
}

const ht_kernel_variant ht__pool_reference = {
    .name = "pool_reference", .family = &ht__pool_family, .accept = ht__kernel_accept_all, .run = run_pool};

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
                                                       .run = run_pool_grad};
