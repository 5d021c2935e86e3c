/* Convolution by its definition; sums in double. */
#include "kernels/conv/variants.h"
#include "kernels/index.h"
#include "kernels/window.h"

typedef struct geometry {
    ht_window window;
    int64_t batch, channels, filters; /* channels and filters per group */
    int64_t groups, window_size;
} geometry;

static geometry geometry_of(const ht_conv_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *w,
                            const ht_tensor_desc *y) {
    geometry g = {.batch = x->dims[0],
                  .channels = w->dims[1],
                  .filters = w->dims[0] / p->groups,
                  .groups = p->groups,
                  .window_size = ht__index_product(w->dims, 2, w->rank)};
    ht__window_make(p->spatial, x, y, w->dims + 2, p->strides, p->dilations, p->pads_begin, p->pads_end, &g.window);
    return g;
}

/* sum over c, k of x[c, p*stride + k*dilation - pad] * w[c, k]; x points at image and group, w at the filter. */
static double dot(const geometry *g, const float *x, const float *w, const int64_t p[3]) {
    double sum = 0.0;
    int64_t k[3] = {0};
    do {
        int64_t at = ht__window_input_offset(&g->window, p, k);
        for (int64_t c = 0; at >= 0 && c < g->channels; ++c) {
            sum += (double)x[at + c * g->window.x[1]] * w[c * g->window_size];
        }
        ++w;
    } while (ht__index_next(3, g->window.size, k));
    return sum;
}

static ht_status run_conv(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    if (ht__desc_elements(&call->outputs[0]) == 0) {
        return HT_OK;
    }
    geometry g = geometry_of(p, &call->inputs[0], &call->inputs[1], &call->outputs[0]);
    const float *weights = inputs[1];
    const float *bias = call->input_count > 2 && call->inputs[2].type != HT_NONE ? inputs[2] : NULL;
    int64_t filter_size = g.channels * g.window_size;
    bool summed = filter_size > 0;
    for (int64_t n = 0; n < g.batch; ++n) {
        for (int64_t o = 0; o < g.filters * g.groups; ++o) {
            const float *x = (const float *)inputs[0] + n * g.window.x[0] + o / g.filters * g.channels * g.window.x[1];
            float *y = (float *)outputs[0] + n * g.window.y[0] + o * g.window.y[1];
            int64_t at[3] = {0};
            do {
                double sum =
                    (bias != NULL ? bias[o] : 0.0) + (summed ? dot(&g, x, weights + o * filter_size, at) : 0.0);
                y[ht__index_offset(3, at, g.window.y + 2)] =
                    ht__activate(p->activation, p->clip_low, p->clip_high, (float)sum);
            } while (ht__index_next(3, g.window.out, at));
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__conv_f32_reference = {
    .name = "conv_f32_reference", .family = &ht__conv_family, .accept = ht__kernel_accept_f32, .run = run_conv};

/* sum over o, k of dy[o, p] * w[o, c, k] where p reads input i with k; dy points at image and group, w at (group, c).
 */
static double dot_filters(const geometry *g, const float *dy, const float *w, const int64_t i[3]) {
    int64_t filter_size = g->channels * g->window_size;
    double sum = 0.0;
    int64_t k[3] = {0};
    do {
        int64_t at = ht__window_output_offset(&g->window, i, k);
        for (int64_t o = 0; at >= 0 && o < g->filters; ++o) {
            sum += (double)dy[at + o * g->window.y[1]] * w[o * filter_size];
        }
        ++w;
    } while (ht__index_next(3, g->window.size, k));
    return sum;
}

static ht_status run_grad_input(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    if (ht__desc_elements(&call->outputs[0]) == 0) {
        return HT_OK;
    }
    geometry g = geometry_of(p, &call->outputs[0], &call->inputs[1], &call->inputs[0]);
    bool summed = g.filters * g.window_size > 0;
    const float *bias = call->input_count > 2 && call->inputs[2].type != HT_NONE ? inputs[2] : NULL;
    for (int64_t n = 0; n < g.batch; ++n) {
        for (int64_t c = 0; c < g.channels * g.groups; ++c) {
            int64_t first = c / g.channels * g.filters; /* filter of the group */
            const float *dy = (const float *)inputs[0] + n * g.window.y[0] + first * g.window.y[1];
            const float *w = (const float *)inputs[1] + (first * g.channels + c % g.channels) * g.window_size;
            float *dx = (float *)outputs[0] + n * g.window.x[0] + c * g.window.x[1];
            int64_t at[3] = {0};
            do {
                double sum = summed ? dot_filters(&g, dy, w, at) : 0.0;
                dx[ht__index_offset(3, at, g.window.x + 2)] = (float)(sum + (bias != NULL ? (double)bias[c] : 0.0));
            } while (ht__index_next(3, g.window.in, at));
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__conv_grad_input_f32_reference = {.name = "conv_grad_input_f32_reference",
                                                             .family = &ht__conv_grad_input_family,
                                                             .accept = ht__kernel_accept_f32,
                                                             .run = run_grad_input};

/* sum over n, p of x[n, p*stride + k*dilation - pad] * dy[n, p]. */
static double dot_images(const geometry *g, const float *x, const float *dy, const int64_t k[3]) {
    double sum = 0.0;
    for (int64_t n = 0; n < g->batch; ++n, x += g->window.x[0], dy += g->window.y[0]) {
        int64_t p[3] = {0};
        do {
            int64_t at = ht__window_input_offset(&g->window, p, k);
            sum += at >= 0 ? (double)x[at] * dy[ht__index_offset(3, p, g->window.y + 2)] : 0.0;
        } while (ht__index_next(3, g->window.out, p));
    }
    return sum;
}

static double sum_images(const geometry *g, const float *dy) {
    double sum = 0.0;
    for (int64_t n = 0; n < g->batch; ++n, dy += g->window.y[0]) {
        int64_t p[3] = {0};
        do {
            sum += dy[ht__index_offset(3, p, g->window.y + 2)];
        } while (ht__index_next(3, g->window.out, p));
    }
    return sum;
}

static ht_status run_grad_weight(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                 void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_conv_parameters *p = HT_PARAMETERS(ht_conv_parameters, call);
    geometry g = geometry_of(p, &call->inputs[0], &call->outputs[0], &call->inputs[1]);
    float *dw = outputs[0], *db = call->output_count > 1 && call->outputs[1].type != HT_NONE ? outputs[1] : NULL;
    bool empty = ht__desc_elements(&call->inputs[1]) == 0;
    for (int64_t o = 0; o < g.filters * g.groups; ++o) {
        const float *dy = (const float *)inputs[1] + o * g.window.y[1];
        for (int64_t c = 0; g.window_size > 0 && c < g.channels; ++c) {
            const float *x = (const float *)inputs[0] + (o / g.filters * g.channels + c) * g.window.x[1];
            int64_t k[3] = {0};
            do {
                *dw++ = empty ? 0.0f : (float)dot_images(&g, x, dy, k);
            } while (ht__index_next(3, g.window.size, k));
        }
        if (db != NULL) {
            db[o] = empty ? 0.0f : (float)sum_images(&g, dy);
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__conv_grad_weight_f32_reference = {.name = "conv_grad_weight_f32_reference",
                                                              .family = &ht__conv_grad_weight_family,
                                                              .accept = ht__kernel_accept_f32,
                                                              .run = run_grad_weight};
