/* Pooling of channels-last maps: all channels of a window's element lie side by side, so that the window is walked once
 * for a tile of channels. Maxima and their gradients have the reference's bits; averages sum in double like it. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "kernels/index.h"
#include "kernels/pool/variants.h"
#include "kernels/window.h"

#define TILE 64 /* channels whose running results stay in registers and the first cache */
#define GRAIN 16384

typedef struct rows_state {
    ht_window window;
    ht_pool_parameters parameters;
    int64_t images, channels;
    bool tiled; /* windows neither overlap nor leave gaps: the gradient writes each element once */
} rows_state;

static bool in_rows(const ht_tensor_desc *x) {
    if (x->layout == HT_LAYOUT_CHANNELS_LAST) {
        return true;
    }
    return x->dims[1] == 1; /* one channel: both layouts are the same */
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    if (HT_PARAMETERS(ht_pool_parameters, call)->kind == HT_POOL_NORM) {
        *reason = "takes maxima and averages";
        return false;
    }
    for (uint32_t i = 0; i < call->input_count; ++i) {
        if (call->inputs[i].type != HT_NONE && !in_rows(&call->inputs[i])) {
            *reason = "the map is not channels-last";
            return false;
        }
    }
    bool rows = in_rows(&call->outputs[0]) && ht__desc_elements(&call->outputs[0]) > 0 &&
                ht__desc_elements(&call->inputs[0]) > 0;
    *reason = rows ? *reason : "the map is not channels-last, or empty";
    return rows;
}

static bool windows_tile(const ht_window *w) {
    for (int i = 0; i < 3; ++i) {
        if (w->stride[i] != w->size[i] || w->dilation[i] != 1 || w->pad_begin[i] != 0 ||
            w->out[i] * w->size[i] != w->in[i]) {
            return false;
        }
    }
    return true;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)call;
    (void)env;
    out->state_bytes = sizeof(rows_state);
}

static void describe(const ht_kernel_call *call, const ht_tensor_desc *x, const ht_tensor_desc *y, rows_state *own) {
    const ht_pool_parameters *q = HT_PARAMETERS(ht_pool_parameters, call);
    *own = (rows_state){.parameters = *q, .images = x->dims[0], .channels = x->dims[1]};
    ht_tensor_desc xr = *x, yr = *y;
    xr.layout = yr.layout = HT_LAYOUT_CHANNELS_LAST;
    ht__window_make(q->spatial, &xr, &yr, q->window, q->strides, q->dilations, q->pads_begin, q->pads_end,
                    &own->window);
    own->tiled = windows_tile(&own->window);
}

static void bind_pool(const ht_kernel_call *call, const void *packed, void *state) {
    (void)packed;
    describe(call, &call->inputs[0], &call->outputs[0], state);
}

static void bind_grad(const ht_kernel_call *call, const void *packed, void *state) {
    (void)packed;
    describe(call, &call->outputs[0], &call->inputs[0], state);
}

typedef struct rows_job {
    const rows_state *state;
    const float *x, *dy;
    float *y, *dx;
} rows_job;

/* ---- forward ---- */

HT_CLONES
static void row_maximum(const float *restrict x, float *restrict best, int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        best[c] = x[c] > best[c] || x[c] != x[c] ? x[c] : best[c];
    }
}

HT_CLONES
static void row_sum(const float *restrict x, double *restrict sum, int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        sum[c] += (double)x[c];
    }
}

static void maximum_at(const ht_window *w, const float *x, const int64_t p[3], float *y, int64_t channels) {
    int64_t k[3] = {0};
    bool first = true;
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        if (at >= 0 && first) {
            memcpy(y, x + at, (size_t)channels * sizeof *y);
            first = false;
        } else if (at >= 0) {
            row_maximum(x + at, y, channels);
        }
    } while (ht__index_next(3, w->size, k));
    for (int64_t c = 0; first && c < channels; ++c) {
        y[c] = -INFINITY;
    }
}

static void average_at(const ht_window *w, const float *x, const int64_t p[3], float *y, int64_t channels,
                       bool count_padding) {
    int64_t count = ht__window_count(w, p, count_padding);
    for (int64_t begin = 0; begin < channels; begin += TILE) {
        int64_t width = channels - begin < TILE ? channels - begin : TILE, k[3] = {0};
        double sum[TILE] = {0};
        do {
            int64_t at = ht__window_input_offset(w, p, k);
            if (at >= 0) {
                row_sum(x + at + begin, sum, width);
            }
        } while (ht__index_next(3, w->size, k));
        for (int64_t c = 0; c < width; ++c) {
            y[begin + c] = count > 0 ? (float)(sum[c] / (double)count) : 0.0f;
        }
    }
}

/* Results `begin` to `end` of all images' results in order. */
static void pool_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    const ht_window *w = &s->window;
    int64_t per_image = w->out[0] * w->out[1] * w->out[2];
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t n = i / per_image, rest = i % per_image;
        int64_t p[3] = {rest / (w->out[1] * w->out[2]), rest / w->out[2] % w->out[1], rest % w->out[2]};
        const float *x = job->x + n * w->x[0];
        float *y = job->y + n * w->y[0] + ht__index_offset(3, p, w->y + 2);
        if (s->parameters.kind == HT_POOL_MAX) {
            maximum_at(w, x, p, y, s->channels);
        } else {
            average_at(w, x, p, y, s->channels, s->parameters.count_include_pad);
        }
    }
}

static size_t results_per_thread(const rows_state *s) {
    int64_t work = s->channels * s->window.size[0] * s->window.size[1] * s->window.size[2];
    return (size_t)(GRAIN / work + 1);
}

static ht_status run_pool(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    const rows_state *s = state->data;
    rows_job job = {.state = s, .x = inputs[0], .y = outputs[0]};
    size_t results = (size_t)(s->images * s->window.out[0] * s->window.out[1] * s->window.out[2]);
    ht__pool_run(pool, results, results_per_thread(s), pool_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__pool_f32_rows = {.name = "pool_f32_rows",
                                             .family = &ht__pool_family,
                                             .accept = accept,
                                             .layout = layout,
                                             .bind = bind_pool,
                                             .run = run_pool};

/* ---- gradient ---- */

/* Element number k of the window takes over where it is larger (a NaN is larger than all), as the reference decides. */
HT_CLONES
static void keep_largest(const float *restrict x, float *restrict best, int32_t *restrict which, int32_t k,
                         int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        bool larger = x[c] > best[c] || (x[c] != x[c] && best[c] == best[c]);
        best[c] = larger ? x[c] : best[c];
        which[c] = larger ? k : which[c];
    }
}

HT_CLONES
static void add_where(const float *restrict dy, const int32_t *restrict which, int32_t k, float *restrict dx,
                      int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        dx[c] += which[c] == k ? dy[c] : 0.0f;
    }
}

HT_CLONES
static void set_where(const float *restrict dy, const int32_t *restrict which, int32_t k, float *restrict dx,
                      int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        dx[c] = which[c] == k ? dy[c] : 0.0f;
    }
}

HT_CLONES
static void add_share(const float *restrict dy, float count, float *restrict dx, int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        dx[c] += dy[c] / count;
    }
}

static void maximum_gradient_at(const rows_state *s, const float *x, const int64_t p[3], const float *dy, float *dx) {
    const ht_window *w = &s->window;
    for (int64_t begin = 0; begin < s->channels; begin += TILE) {
        int64_t width = s->channels - begin < TILE ? s->channels - begin : TILE, k[3] = {0};
        float best[TILE];
        int32_t which[TILE], number = 0;
        bool first = true;
        do {
            int64_t at = ht__window_input_offset(w, p, k);
            if (at >= 0 && first) {
                memcpy(best, x + at + begin, (size_t)width * sizeof *best);
                for (int64_t c = 0; c < width; ++c) {
                    which[c] = number;
                }
                first = false;
            } else if (at >= 0) {
                keep_largest(x + at + begin, best, which, number, width);
            }
            ++number;
        } while (ht__index_next(3, w->size, k));
        memset(k, 0, sizeof k);
        number = 0;
        do {
            int64_t at = ht__window_input_offset(w, p, k);
            if (at >= 0 && s->tiled) {
                set_where(dy + begin, which, number, dx + at + begin, width);
            } else if (at >= 0) {
                add_where(dy + begin, which, number, dx + at + begin, width);
            }
            ++number;
        } while (ht__index_next(3, w->size, k));
    }
}

static void average_gradient_at(const rows_state *s, const int64_t p[3], const float *dy, float *dx) {
    const ht_window *w = &s->window;
    int64_t k[3] = {0}, count = ht__window_count(w, p, s->parameters.count_include_pad);
    do {
        int64_t at = ht__window_input_offset(w, p, k);
        if (at >= 0 && count > 0) {
            add_share(dy, (float)count, dx + at, s->channels);
        }
    } while (ht__index_next(3, w->size, k));
}

/* Whole images: windows that overlap add to one place in the reference's order. */
static void grad_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    const ht_window *w = &s->window;
    bool maximum = s->parameters.kind == HT_POOL_MAX;
    for (int64_t n = (int64_t)begin; n < (int64_t)end; ++n) {
        float *dx = job->dx + n * w->x[0];
        if (!maximum || !s->tiled) {
            memset(dx, 0, (size_t)(w->in[0] * w->in[1] * w->in[2] * s->channels) * sizeof *dx);
        }
        int64_t p[3] = {0};
        do {
            const float *dy = job->dy + n * w->y[0] + ht__index_offset(3, p, w->y + 2);
            if (maximum) {
                maximum_gradient_at(s, job->x + n * w->x[0], p, dy, dx);
            } else {
                average_gradient_at(s, p, dy, dx);
            }
        } while (ht__index_next(3, w->out, p));
    }
}

static ht_status run_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    const rows_state *s = state->data;
    rows_job job = {.state = s, .dy = inputs[0], .x = inputs[1], .dx = outputs[0]};
    int64_t work = s->channels * s->window.in[0] * s->window.in[1] * s->window.in[2];
    ht__pool_run(pool, (size_t)s->images, (size_t)(GRAIN / work + 1), grad_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__pool_grad_f32_rows = {.name = "pool_grad_f32_rows",
                                                  .family = &ht__pool_grad_family,
                                                  .accept = accept,
                                                  .layout = layout,
                                                  .bind = bind_grad,
                                                  .run = run_grad};
