/* Gradient of the weights of channels-last convolutions in plain C:
 *
 *     dw[o, c, k] = sum over images n and positions p of dy[n, p, o] * x[n, neighbour(p, k), c]
 *
 * Four input channels and up to 32 filters are summed in registers. Images are the outer loop, so that one image's x
 * and dy stay in the cache; what an image adds is kept in scratch as [k][c][o]. */
#include "base/clones.h"
#include "kernels/conv/rows.h"
#include "kernels/index.h"
#include "kernels/lanes.h"

#define CHANNELS 4
#define WIDEST 4            /* lanes of filters summed at once */
#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct weight_state {
    ht_conv_table table;
    int64_t images, channels, filters, width, x_image; /* width: filters, padded to lanes */
    bool has_bias;
} weight_state;

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    return ht__kernel_accept_f32(call, env, reason) &&
           ht__conv_rows_accept(call, &call->inputs[0], &call->outputs[0], &call->inputs[1], reason);
}

/* Scratch: sums of the bias gradient, then of the weights'. */
static size_t bias_bytes(const weight_state *s) { return ht__aligned((size_t)s->filters * sizeof(double)); }
static size_t sum_bytes(const weight_state *s) {
    return (size_t)(s->table.window_size * s->channels * s->width) * sizeof(float);
}

/* All but the table. */
static void describe(const ht_kernel_call *call, weight_state *s) {
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->inputs[1], *w = &call->outputs[0];
    *s = (weight_state){.images = x->dims[0],
                        .channels = x->dims[1],
                        .filters = y->dims[1],
                        .width = (y->dims[1] + HT_LANES - 1) / HT_LANES * HT_LANES,
                        .x_image = ht__desc_elements(x) / x->dims[0],
                        .has_bias = call->output_count > 1 && call->outputs[1].type != HT_NONE};
    s->table.window_size = ht__index_product(w->dims, 2, w->rank);
}

/* The state, then its table. */
static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    weight_state s;
    describe(call, &s);
    out->state_bytes = sizeof s + ht__conv_table_bytes(&call->inputs[1], &call->outputs[0]);
    out->scratch_bytes = bias_bytes(&s) + sum_bytes(&s);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    weight_state *own = memory;
    describe(call, own);
    ht__conv_table_fill(HT_PARAMETERS(ht_conv_parameters, call), &call->inputs[0], &call->outputs[0], &call->inputs[1],
                        false, (int32_t *)(void *)(own + 1), &own->table);
}

typedef struct weight_job {
    const weight_state *state;
    const float *x, *dy;
    float *sums; /* [k][c][o], o padded to lanes */
    float *dw;
} weight_job;

/* What image n adds: window element k, `channels` input channels from c on, `vectors` lanes of filters from o on (a
 * single one may be partial). */
HT_INLINE void block(const weight_job *job, int64_t n, int64_t k, int64_t c, int channels, int64_t o, int vectors) {
    const weight_state *s = job->state;
    int64_t positions = s->table.positions, window = s->table.window_size, left = s->filters - o;
    const float *x = job->x + n * s->x_image + c, *dy = job->dy + n * positions * s->filters + o;
    ht_lanes sum[CHANNELS][WIDEST];
    for (int r = 0; r < channels; ++r) {
        for (int v = 0; v < vectors; ++v) {
            sum[r][v] = (ht_lanes){0};
        }
    }
    for (int64_t p = 0; p < positions; ++p, dy += s->filters) {
        int32_t at = s->table.offsets[p * window + k];
        if (at < 0) {
            continue;
        }
        for (int v = 0; v < vectors; ++v) {
            ht_lanes row;
            ht__lanes_load(&row, dy + v * HT_LANES, vectors > 1 ? HT_LANES : left);
            for (int r = 0; r < channels; ++r) {
                sum[r][v] += row * x[at + r];
            }
        }
    }
    for (int r = 0; r < channels; ++r) {
        for (int v = 0; v < vectors; ++v) {
            float *total = job->sums + (k * s->channels + c + r) * s->width + o + v * HT_LANES;
            ht_lanes before;
            memcpy(&before, total, sizeof before);
            sum[r][v] += before;
            memcpy(total, &sum[r][v], sizeof before);
        }
    }
}

HT_INLINE void all_filters(const weight_job *job, int64_t n, int64_t k, int64_t c, int channels) {
    int64_t filters = job->state->filters, o = 0;
    for (; o + WIDEST * HT_LANES <= filters; o += WIDEST * HT_LANES) {
        block(job, n, k, c, channels, o, WIDEST);
    }
    for (; o + 2 * HT_LANES <= filters; o += 2 * HT_LANES) {
        block(job, n, k, c, channels, o, 2);
    }
    for (; o < filters; o += HT_LANES) {
        block(job, n, k, c, channels, o, 1);
    }
}

HT_CLONES
static void channels_of(const weight_job *job, int64_t n, int64_t k, int64_t c) {
    int64_t left = job->state->channels - c;
    if (left >= CHANNELS) {
        all_filters(job, n, k, c, CHANNELS);
        return;
    }
    for (int64_t r = 0; r < left; ++r) {
        all_filters(job, n, k, c + r, 1);
    }
}

static int64_t blocks_of(const weight_state *s) { return (s->channels + CHANNELS - 1) / CHANNELS; }

/* Blocks i = (k, c / CHANNELS): each owns its sums. */
static void blocks_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const weight_job *job = argument;
    int64_t blocks = blocks_of(job->state);
    for (int64_t n = 0; n < job->state->images; ++n) {
        for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
            channels_of(job, n, i / blocks, i % blocks * CHANNELS);
        }
    }
}

/* dw[o][c][k] = sums[k][c][o]. */
static void scatter(const weight_state *s, const float *sums, float *dw) {
    for (int64_t o = 0; o < s->filters; ++o) {
        for (int64_t c = 0; c < s->channels; ++c) {
            for (int64_t k = 0; k < s->table.window_size; ++k) {
                *dw++ = sums[(k * s->channels + c) * s->width + o];
            }
        }
    }
}

/* db[o] = sum of dy over images and positions, in double. */
static void bias_gradient(const weight_state *s, const float *dy, double *sums, float *db) {
    memset(sums, 0, (size_t)s->filters * sizeof *sums);
    for (int64_t row = 0; row < s->images * s->table.positions; ++row, dy += s->filters) {
        for (int64_t o = 0; o < s->filters; ++o) {
            sums[o] += (double)dy[o];
        }
    }
    for (int64_t o = 0; o < s->filters; ++o) {
        db[o] = (float)sums[o];
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const weight_state *s = state->data;
    weight_job job = {s, inputs[0], inputs[1], (float *)(void *)((unsigned char *)scratch + bias_bytes(s)), outputs[0]};
    int64_t work = CHANNELS * s->filters * s->images * s->table.positions;
    memset(job.sums, 0, sum_bytes(s));
    ht__pool_run(pool, (size_t)(s->table.window_size * blocks_of(s)), (size_t)(PARALLEL_WORK / work + 1), blocks_part,
                 &job);
    scatter(s, job.sums, job.dw);
    if (s->has_bias) {
        bias_gradient(s, inputs[1], scratch, outputs[1]);
    }
    return HT_OK;
}

const ht_kernel_variant ht__conv_grad_weight_f32_rows = {.name = "conv_grad_weight_f32_rows",
                                                         .family = &ht__conv_grad_weight_family,
                                                         .accept = accept,
                                                         .layout = layout,
                                                         .bind = bind,
                                                         .run = run};
