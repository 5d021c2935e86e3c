/* Gradient of the weights of channels-last convolutions in plain C:
 *
 *     dw[o, c, k] = sum over images n and positions p of dy[n, p, o] * x[n, neighbour(p, k), c]
 *
 * Four input channels and up to 32 filters are summed in registers, image by image. */
#include "base/clones.h"
#include "kernels/conv/rows.h"
#include "kernels/lanes.h"

#define CHANNELS 4
#define WIDEST 4            /* lanes of filters summed at once */
#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct weight_state {
    ht_conv_table table;
    int64_t images, channels, filters, x_image;
    bool has_bias;
} weight_state;

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    return ht__kernel_accept_f32(call, env, reason) &&
           ht__conv_rows_accept(call, &call->inputs[0], &call->outputs[0], &call->inputs[1], reason);
}

static ht_status prepare(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state, ht_error *err) {
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->inputs[1], *w = &call->outputs[0];
    size_t bytes = sizeof(weight_state) + ht__conv_table_bytes(y, w);
    weight_state *own = ht__alloc(env->allocator, bytes);
    if (own == NULL) {
        return ht__fail_memory(err, bytes);
    }
    *own = (weight_state){.images = x->dims[0],
                          .channels = x->dims[1],
                          .filters = y->dims[1],
                          .x_image = ht__desc_elements(x) / x->dims[0],
                          .has_bias = call->output_count > 1 && call->outputs[1].type != HT_NONE};
    ht__conv_table_fill(HT_PARAMETERS(ht_conv_parameters, call), x, w, y, false, (int32_t *)(void *)(own + 1),
                        &own->table);
    *state = (ht_kernel_state){own, bytes, (size_t)own->filters * sizeof(double)};
    return HT_OK;
}

typedef struct weight_job {
    const weight_state *state;
    const float *x, *dy;
    float *dw;
} weight_job;

/* Window element k, `channels` input channels from c on, `vectors` lanes of filters from o on (the last may be
 * partial). */
HT_INLINE void block(const weight_job *job, int64_t k, int64_t c, int channels, int64_t o, int vectors) {
    const weight_state *s = job->state;
    int64_t positions = s->table.positions, window = s->table.window_size, left = s->filters - o;
    ht_lanes total[CHANNELS][WIDEST];
    for (int r = 0; r < channels; ++r) {
        for (int v = 0; v < vectors; ++v) {
            total[r][v] = (ht_lanes){0};
        }
    }
    for (int64_t n = 0; n < s->images; ++n) {
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
                total[r][v] += sum[r][v];
            }
        }
    }
    for (int r = 0; r < channels; ++r) {
        for (int v = 0; v < vectors; ++v) {
            for (int64_t j = 0; j < HT_LANES && v * HT_LANES + j < left; ++j) {
                job->dw[((o + v * HT_LANES + j) * s->channels + c + r) * window + k] = total[r][v][j];
            }
        }
    }
}

HT_INLINE void all_filters(const weight_job *job, int64_t k, int64_t c, int channels) {
    int64_t filters = job->state->filters, o = 0;
    for (; o + WIDEST * HT_LANES <= filters; o += WIDEST * HT_LANES) {
        block(job, k, c, channels, o, WIDEST);
    }
    for (; o + 2 * HT_LANES <= filters; o += 2 * HT_LANES) {
        block(job, k, c, channels, o, 2);
    }
    for (; o < filters; o += HT_LANES) {
        block(job, k, c, channels, o, 1);
    }
}

HT_CLONES
static void channels_of(const weight_job *job, int64_t k, int64_t c) {
    int64_t left = job->state->channels - c;
    if (left >= CHANNELS) {
        all_filters(job, k, c, CHANNELS);
        return;
    }
    for (int64_t r = 0; r < left; ++r) {
        all_filters(job, k, c + r, 1);
    }
}

static int64_t blocks_of(const weight_state *s) { return (s->channels + CHANNELS - 1) / CHANNELS; }

static void blocks_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const weight_job *job = argument;
    int64_t blocks = blocks_of(job->state);
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        channels_of(job, i / blocks, i % blocks * CHANNELS);
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
    weight_job job = {s, inputs[0], inputs[1], outputs[0]};
    int64_t work = CHANNELS * s->filters * s->images * s->table.positions;
    ht__pool_run(pool, (size_t)(s->table.window_size * blocks_of(s)), (size_t)(PARALLEL_WORK / work + 1), blocks_part,
                 &job);
    if (s->has_bias) {
        bias_gradient(s, inputs[1], scratch, outputs[1]);
    }
    return HT_OK;
}

const ht_kernel_variant ht__conv_grad_weight_f32_rows = {.name = "conv_grad_weight_f32_rows",
                                                         .family = &ht__conv_grad_weight_family,
                                                         .accept = accept,
                                                         .prepare = prepare,
                                                         .run = run};
