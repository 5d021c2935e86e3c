/* Convolution of channels-last maps in plain C, and the gradient of its input, which is the same sum with other
 * neighbours:
 *
 *     y[p, t] = activation(b[t] + sum over k, s of x[neighbour(p, k), s] * w[k, s, t])
 *
 * t: target channels, s: source channels. Four positions and up to 32 target channels are summed in registers; weights
 * are packed as [k][s][t] with t padded to lanes, once when they are constants, else in each run. */
#include <string.h>

#include "base/clones.h"
#include "kernels/conv/rows.h"
#include "kernels/index.h"
#include "kernels/lanes.h"

#define POSITIONS 4
#define WIDEST 4            /* lanes of target channels summed at once */
#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct rows_state {
    ht_conv_parameters parameters;
    ht_conv_table table;
    bool backward, has_bias, packed;
    int64_t images, sources, targets, width; /* width: targets, padded to lanes */
    int64_t filters, channels;               /* of the weights [filters, channels, k] */
    int64_t x_image;                         /* elements of one source image */
    const float *zeros, *weights;            /* a position of the padding; [k][s][t] when packed */
} rows_state;

static bool accept_forward(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    return ht__kernel_accept_f32(call, env, reason) &&
           ht__conv_rows_accept(call, &call->inputs[0], &call->inputs[1], &call->outputs[0], reason);
}

static bool accept_backward(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    return ht__kernel_accept_f32(call, env, reason) &&
           ht__conv_rows_accept(call, &call->outputs[0], &call->inputs[1], &call->inputs[0], reason);
}

static void pack_weights(const rows_state *s, const float *w, float *packed) {
    int64_t window = s->table.window_size;
    for (int64_t k = 0; k < window; ++k) {
        for (int64_t from = 0; from < s->sources; ++from) {
            for (int64_t to = 0; to < s->width; ++to) {
                int64_t at = s->backward ? from * s->channels + to : to * s->channels + from;
                *packed++ = to < s->targets ? w[at * window + k] : 0.0f;
            }
        }
    }
}

/* All but table, zeros and weights. */
static void describe(const ht_kernel_call *call, bool backward, rows_state *s) {
    const ht_tensor_desc *source = &call->inputs[0], *w = &call->inputs[1], *target = &call->outputs[0];
    *s = (rows_state){.parameters = *HT_PARAMETERS(ht_conv_parameters, call),
                      .backward = backward,
                      .has_bias = call->input_count > 2 && call->inputs[2].type != HT_NONE,
                      .packed = ht__kernel_is_known(call, 1),
                      .images = source->dims[0],
                      .sources = source->dims[1],
                      .targets = target->dims[1],
                      .width = (target->dims[1] + HT_LANES - 1) / HT_LANES * HT_LANES,
                      .filters = w->dims[0],
                      .channels = w->dims[1],
                      .x_image = ht__desc_elements(source) / source->dims[0]};
    s->table.window_size = ht__index_product(w->dims, 2, w->rank);
}

/* The state, zeros, the table. */
static void layout_on(bool backward, const ht_kernel_call *call, ht_kernel_sizes *out) {
    rows_state s;
    describe(call, backward, &s);
    size_t weight_bytes = (size_t)(s.table.window_size * s.sources * s.width) * sizeof(float);
    *out = (ht_kernel_sizes){.state_bytes = ht__aligned(sizeof s) + ht__aligned((size_t)s.sources * sizeof(float)) +
                                            ht__conv_table_bytes(&call->outputs[0], &call->inputs[1]),
                             .packed_bytes = s.packed ? weight_bytes : 0,
                             .scratch_bytes = s.packed ? 0 : weight_bytes,
                             .packed = s.packed ? 1u << 1 : 0};
}

static void bind_on(bool backward, const ht_kernel_call *call, const void *packed, void *memory) {
    const ht_tensor_desc *source = &call->inputs[0], *w = &call->inputs[1], *target = &call->outputs[0];
    rows_state *s = memory;
    describe(call, backward, s);
    unsigned char *zeros = (unsigned char *)memory + ht__aligned(sizeof *s);
    size_t zero_bytes = ht__aligned((size_t)s->sources * sizeof(float));
    memset(zeros, 0, zero_bytes);
    s->zeros = (const float *)(const void *)zeros;
    s->weights = packed;
    ht__conv_table_fill(&s->parameters, backward ? target : source, w, backward ? source : target, backward,
                        (int32_t *)(void *)(zeros + zero_bytes), &s->table);
}

static void layout_forward(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    layout_on(false, call, out);
}
static void layout_backward(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    layout_on(true, call, out);
}
static void pack_forward(const ht_kernel_call *call, void *packed) {
    rows_state s;
    describe(call, false, &s);
    pack_weights(&s, call->constants[1], packed);
}
static void pack_backward(const ht_kernel_call *call, void *packed) {
    rows_state s;
    describe(call, true, &s);
    pack_weights(&s, call->constants[1], packed);
}
static void bind_forward(const ht_kernel_call *call, const void *packed, void *state) {
    bind_on(false, call, packed, state);
}
static void bind_backward(const ht_kernel_call *call, const void *packed, void *state) {
    bind_on(true, call, packed, state);
}

typedef struct rows_job {
    const rows_state *state;
    const float *x, *weights, *bias;
    float *y;
} rows_job;

/* POSITIONS neighbouring positions from `first` on, `count` of which exist, for `vectors` lanes of channels from
 * `channel` on. */
HT_INLINE void block(const rows_job *job, const float *x, float *y, int64_t first, int64_t count, int64_t channel,
                     int vectors) {
    const rows_state *s = job->state;
    const ht_conv_parameters *p = &s->parameters;
    ht_lanes sum[POSITIONS][WIDEST];
    for (int r = 0; r < POSITIONS; ++r) {
        for (int v = 0; v < vectors; ++v) {
            sum[r][v] = (ht_lanes){0};
        }
    }
    for (int64_t k = 0; k < s->table.window_size; ++k) {
        const float *w = job->weights + k * s->sources * s->width + channel, *from[POSITIONS];
        for (int r = 0; r < POSITIONS; ++r) {
            int32_t at = r < count ? s->table.offsets[(first + r) * s->table.window_size + k] : -1;
            from[r] = at >= 0 ? x + at : s->zeros;
        }
        for (int64_t c = 0; c < s->sources; ++c) {
            for (int v = 0; v < vectors; ++v) {
                ht_lanes row;
                memcpy(&row, w + c * s->width + v * HT_LANES, sizeof row);
                for (int r = 0; r < POSITIONS; ++r) {
                    sum[r][v] += row * from[r][c];
                }
            }
        }
    }
    for (int r = 0; r < count; ++r) {
        for (int v = 0; v < vectors; ++v) {
            int64_t at = channel + v * HT_LANES, left = s->targets - at;
            ht_lanes value = sum[r][v], bias;
            if (s->has_bias) {
                ht__lanes_load(&bias, job->bias + at, left);
                value += bias;
            }
            ht__lanes_activate(p->activation, p->clip_low, p->clip_high, &value);
            ht__lanes_store(y + (first + r) * s->targets + at, &value, left);
        }
    }
}

HT_CLONES
static void positions_of(const rows_job *job, const float *x, float *y, int64_t first, int64_t count) {
    int64_t width = job->state->width, channel = 0;
    for (; channel + WIDEST * HT_LANES <= width; channel += WIDEST * HT_LANES) {
        block(job, x, y, first, count, channel, WIDEST);
    }
    for (; channel + 2 * HT_LANES <= width; channel += 2 * HT_LANES) {
        block(job, x, y, first, count, channel, 2);
    }
    for (; channel < width; channel += HT_LANES) {
        block(job, x, y, first, count, channel, 1);
    }
}

static int64_t blocks_of(const rows_state *s) { return (s->table.positions + POSITIONS - 1) / POSITIONS; }

static void blocks_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    int64_t blocks = blocks_of(s);
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t image = i / blocks, first = i % blocks * POSITIONS, left = s->table.positions - first;
        positions_of(job, job->x + image * s->x_image, job->y + image * s->table.positions * s->targets, first,
                     left < POSITIONS ? left : POSITIONS);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const rows_state *s = state->data;
    rows_job job = {s, inputs[0], s->packed ? s->weights : scratch, s->has_bias ? inputs[2] : NULL, outputs[0]};
    if (!s->packed) {
        pack_weights(s, inputs[1], scratch);
    }
    int64_t work = POSITIONS * s->table.window_size * s->sources * s->width;
    ht__pool_run(pool, (size_t)(s->images * blocks_of(s)), (size_t)(PARALLEL_WORK / work + 1), blocks_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__conv_f32_rows = {.name = "conv_f32_rows",
                                             .family = &ht__conv_family,
                                             .accept = accept_forward,
                                             .layout = layout_forward,
                                             .pack = pack_forward,
                                             .bind = bind_forward,
                                             .run = run};
const ht_kernel_variant ht__conv_grad_input_f32_rows = {.name = "conv_grad_input_f32_rows",
                                                        .family = &ht__conv_grad_input_family,
                                                        .accept = accept_backward,
                                                        .layout = layout_backward,
                                                        .pack = pack_backward,
                                                        .bind = bind_backward,
                                                        .run = run};
