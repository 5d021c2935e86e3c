/* Integer convolution with constant 8-bit weights in plain C: the neighbourhoods of four results are gathered, minus
 * the zero point, and multiplied with the filters as a matrix. */
#include <string.h>

#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/integer_conv/variants.h"
#include "kernels/integer_tiles.h"
#include "kernels/window.h"

#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct tiles_state {
    ht_kernel_call call;
    ht_window window;
    int64_t images, groups, channels, filters, window_size; /* channels and filters of one group */
    int64_t depth;                                          /* channels * window_size */
    size_t room;                                            /* bytes of scratch for multipliers */
    size_t part_room;                                       /* bytes of scratch of each thread */
    const int16_t *packed;                                  /* [groups][ht__tiles_size] */
} tiles_state;

bool ht__integer_conv_is_packable(const ht_kernel_call *call, const char **reason) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    *reason = "takes constant weights and zero points, 8 bits";
    bool constant = ht__kernel_is_known(call, HT_PRODUCT_W) && ht_type_bytes(w->type) == 1 &&
                    (!ht__has_operand(call, HT_PRODUCT_W_ZERO) || ht__kernel_is_known(call, HT_PRODUCT_W_ZERO));
    bool bias = !ht__has_operand(call, HT_PRODUCT_BIAS) ||
                (call->inputs[HT_PRODUCT_BIAS].type == HT_I32 && call->constants[HT_PRODUCT_BIAS] != NULL);
    return constant && bias && ht__desc_elements(&call->outputs[0]) > 0 && ht__desc_elements(w) > 0;
}

/* All but the packed weights. */
static void describe(const ht_kernel_call *call, tiles_state *s) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    *s = (tiles_state){.call = *call,
                       .images = call->inputs[HT_PRODUCT_X].dims[0],
                       .groups = p->conv.groups,
                       .channels = w->dims[1],
                       .filters = w->dims[0] / p->conv.groups,
                       .window_size = ht__index_product(w->dims, 2, w->rank)};
    s->depth = s->channels * s->window_size;
    s->room = ht__aligned(ht__requantizer_room(call) * sizeof(float));
    s->part_room = ht__aligned((size_t)(HT_TILE_ROWS * (s->depth + s->filters)) * sizeof(int32_t)); /* x rows, codes */
    ht__window_make(p->conv.spatial, &call->inputs[HT_PRODUCT_X], &call->outputs[0], w->dims + 2, p->conv.strides,
                    p->conv.dilations, p->conv.pads_begin, p->conv.pads_end, &s->window);
}

static bool sums_fit(const ht_kernel_call *call) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    int64_t depth = ht__index_product(w->dims, 1, w->rank), span = ht__code_span(call->inputs[HT_PRODUCT_X].type);
    for (int64_t o = 0; o < w->dims[0]; ++o) {
        if (!ht__tiles_column_fits(w->type, call->constants[HT_PRODUCT_W], o * depth, 1, depth,
                                   ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, o),
                                   ht__product_bias(call, call->constants, o), span)) {
            return false;
        }
    }
    return true;
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    if (!ht__integer_conv_is_packable(call, reason)) {
        return false;
    }
    *reason = "sums may need 64 bits";
    return call->constants[HT_PRODUCT_W] == NULL || sums_fit(call);
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    tiles_state s;
    describe(call, &s);
    *out = (ht_kernel_sizes){.state_bytes = sizeof s,
                             .packed_bytes = (size_t)(s.groups * ht__tiles_size(s.depth, s.filters)) * sizeof(int16_t),
                             .scratch_bytes = s.room + env->threads * s.part_room,
                             .packed = HT_PRODUCT_WEIGHTS};
}

static void pack(const ht_kernel_call *call, void *packed) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    tiles_state s;
    describe(call, &s);
    int64_t at = 0;
    for (int64_t o = 0; o < s.groups * s.filters; ++o) {
        int16_t *group = (int16_t *)packed + o / s.filters * ht__tiles_size(s.depth, s.filters);
        int32_t zero = ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, o);
        for (int64_t c = 0; c < s.channels; ++c) {
            for (int64_t k = 0; k < s.window_size; ++k) {
                ht__tiles_put(group, s.depth, k * s.channels + c, o % s.filters,
                              ht__code_at(w->type, call->constants[HT_PRODUCT_W], at++) - zero);
            }
        }
    }
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    tiles_state *s = memory;
    describe(call, s);
    s->packed = packed;
}

typedef struct tiles_job {
    const tiles_state *state;
    ht_requantizer requantizer;
    const void *x;
    const int32_t *bias;
    void *y;
    unsigned char *room; /* of all threads */
    int32_t x_zero;
} tiles_job;

/* The neighbourhood of result p, [window][channels], for the group whose first channel lies at offset x. */
static void gather(const tiles_job *job, int64_t x, const int64_t p[3], int32_t *out) {
    const tiles_state *s = job->state;
    int64_t k[3] = {0};
    do {
        int64_t at = ht__window_input_offset(&s->window, p, k);
        if (at >= 0) {
            ht__codes_load(s->call.inputs[HT_PRODUCT_X].type, job->x, x + at, s->window.x[1], s->channels, job->x_zero,
                           out);
        } else {
            for (int64_t c = 0; c < s->channels; ++c) {
                out[c] = 0;
            }
        }
        out += s->channels;
    } while (ht__index_next(3, s->window.size, k));
}

/* Up to four results from position `first` of image n on, for all channels. */
static void results(const tiles_job *job, int64_t n, int64_t first, int64_t count, int32_t *rows) {
    const tiles_state *s = job->state;
    const ht_window *w = &s->window;
    int32_t *codes = rows + HT_TILE_ROWS * s->depth;
    int64_t p[HT_TILE_ROWS][3];
    for (int64_t r = 0; r < count; ++r) {
        int64_t at = first + r;
        p[r][2] = at % w->out[2];
        p[r][1] = at / w->out[2] % w->out[1];
        p[r][0] = at / w->out[2] / w->out[1];
    }
    memset(rows + count * s->depth, 0, (size_t)((HT_TILE_ROWS - count) * s->depth) * sizeof *rows);
    for (int64_t g = 0; g < s->groups; ++g) {
        for (int64_t r = 0; r < count; ++r) {
            gather(job, n * w->x[0] + g * s->channels * w->x[1], p[r], rows + r * s->depth);
        }
        ht__tiles_multiply(rows, count, s->depth, s->packed + g * ht__tiles_size(s->depth, s->filters), g * s->filters,
                           s->filters, job->bias, &job->requantizer, codes);
        for (int64_t r = 0; r < count; ++r) {
            int64_t y = n * w->y[0] + g * s->filters * w->y[1] + ht__index_offset(3, p[r], w->y + 2);
            ht__codes_store(s->call.outputs[0].type, job->y, y, w->y[1], s->filters, codes + r * s->filters);
        }
    }
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const tiles_job *job = argument;
    const tiles_state *s = job->state;
    int32_t *rows = (int32_t *)(void *)(job->room + number * s->part_room);
    int64_t positions = ht__index_product(s->window.out, 0, 3);
    int64_t blocks = (positions + HT_TILE_ROWS - 1) / HT_TILE_ROWS;
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t first = i % blocks * HT_TILE_ROWS, left = positions - first;
        results(job, i / blocks, first, left < HT_TILE_ROWS ? left : HT_TILE_ROWS, rows);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const tiles_state *s = state->data;
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, &s->call);
    tiles_job job = {.state = s,
                     .x = inputs[HT_PRODUCT_X],
                     .bias = ht__has_operand(&s->call, HT_PRODUCT_BIAS) ? inputs[HT_PRODUCT_BIAS] : NULL,
                     .y = outputs[0],
                     .room = (unsigned char *)scratch + s->room,
                     .x_zero = ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0)};
    ht__requantizer_make(&s->call, &p->requantize, inputs, scratch, &job.requantizer);
    int64_t blocks = (ht__index_product(s->window.out, 0, 3) + HT_TILE_ROWS - 1) / HT_TILE_ROWS;
    int64_t work = HT_TILE_ROWS * s->depth * s->filters * s->groups;
    ht__pool_run(pool, (size_t)(s->images * blocks), (size_t)(PARALLEL_WORK / work + 1), part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__integer_conv_tiles = {.name = "integer_conv_tiles",
                                                  .family = &ht__integer_conv_family,
                                                  .accept = accept,
                                                  .layout = layout,
                                                  .pack = pack,
                                                  .bind = bind,
                                                  .run = run};
