/* Depthwise integer convolution (one channel and one filter per group) of channels-last maps in plain C: for each
 * element of the window, all channels at once. */
#include <string.h>

#include "base/clones.h"
#include "kernels/codes.h"
#include "kernels/index.h"
#include "kernels/integer_conv/variants.h"
#include "kernels/integer_tiles.h"
#include "kernels/window.h"

#define PARALLEL_WORK 65536 /* multiplications per thread that make a second thread worth while */

typedef struct depthwise_state {
    ht_kernel_call call;
    ht_window window;
    int64_t images, channels, window_size;
    size_t room, part_room; /* bytes of scratch for multipliers; of each thread */
    const int16_t *weights; /* [window][channels], minus their zero points */
} depthwise_state;

/* Is every sum within 32 bits? 255 * 255 * window + bias, bias constant. */
static bool sums_fit(const ht_kernel_call *call, int64_t window_size) {
    const int32_t *bias = call->constants[HT_PRODUCT_BIAS];
    int64_t channels = call->inputs[HT_PRODUCT_W].dims[0];
    int64_t span = ht__code_span(call->inputs[HT_PRODUCT_X].type);
    for (int64_t c = 0; c < channels; ++c) {
        int64_t offset = bias == NULL ? 0 : bias[c] < 0 ? -(int64_t)bias[c] : bias[c];
        if (window_size > (INT32_MAX - offset) / (span * UINT8_MAX)) {
            return false;
        }
    }
    return true;
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    if (!ht__integer_conv_is_packable(call, reason)) {
        return false;
    }
    *reason = "takes one channel and one filter per group, channels-last";
    int64_t strides[HT_MAX_RANK];
    ht__desc_strides(&call->inputs[HT_PRODUCT_X], strides);
    return w->dims[1] == 1 && p->conv.groups == w->dims[0] && strides[1] == 1 &&
           sums_fit(call, ht__index_product(w->dims, 2, w->rank));
}

/* All but the packed weights. */
static void describe(const ht_kernel_call *call, depthwise_state *s) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    *s = (depthwise_state){.call = *call,
                           .images = call->inputs[HT_PRODUCT_X].dims[0],
                           .channels = w->dims[0],
                           .window_size = ht__index_product(w->dims, 2, w->rank)};
    s->room = ht__aligned(ht__requantizer_room(call) * sizeof(float));
    s->part_room = ht__aligned(2 * (size_t)s->channels * sizeof(int32_t)); /* sums, a row of x or of codes */
    ht__window_make(p->conv.spatial, &call->inputs[HT_PRODUCT_X], &call->outputs[0], w->dims + 2, p->conv.strides,
                    p->conv.dilations, p->conv.pads_begin, p->conv.pads_end, &s->window);
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    depthwise_state s;
    describe(call, &s);
    *out = (ht_kernel_sizes){.state_bytes = sizeof s,
                             .packed_bytes = (size_t)(s.channels * s.window_size) * sizeof(int16_t),
                             .scratch_bytes = s.room + env->threads * s.part_room,
                             .packed = HT_PRODUCT_WEIGHTS};
}

static void pack(const ht_kernel_call *call, void *packed) {
    const ht_tensor_desc *w = &call->inputs[HT_PRODUCT_W];
    depthwise_state s;
    describe(call, &s);
    for (int64_t i = 0; i < s.channels * s.window_size; ++i) {
        int64_t c = i / s.window_size, k = i % s.window_size;
        ((int16_t *)packed)[k * s.channels + c] =
            (int16_t)(ht__code_at(w->type, call->constants[HT_PRODUCT_W], i) -
                      ht__zero_point(call, call->constants, HT_PRODUCT_W_ZERO, c));
    }
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    depthwise_state *s = memory;
    describe(call, s);
    s->weights = packed;
}

typedef struct depthwise_job {
    const depthwise_state *state;
    ht_requantizer requantizer;
    const void *x;
    const int32_t *bias;
    void *y;
    unsigned char *room;
    int32_t x_zero;
} depthwise_job;

HT_CLONES
static void multiply_add(int32_t *restrict sums, const int32_t *restrict x, const int16_t *restrict w, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        sums[i] += x[i] * w[i];
    }
}

static void result(const depthwise_job *job, int64_t n, const int64_t p[3], int32_t *sums, int32_t *row) {
    const depthwise_state *s = job->state;
    const int16_t *weights = s->weights;
    int64_t k[3] = {0};
    size_t bytes = (size_t)s->channels * sizeof *sums;
    if (job->bias != NULL) {
        memcpy(sums, job->bias, bytes);
    } else {
        memset(sums, 0, bytes);
    }
    do {
        int64_t at = ht__window_input_offset(&s->window, p, k);
        if (at >= 0) {
            ht__codes_load(s->call.inputs[HT_PRODUCT_X].type, job->x, n * s->window.x[0] + at, 1, s->channels,
                           job->x_zero, row);
            multiply_add(sums, row, weights, s->channels);
        }
        weights += s->channels;
    } while (ht__index_next(3, s->window.size, k));
    ht__requantize_row(&job->requantizer, sums, 0, s->channels, row);
    ht__codes_store(s->call.outputs[0].type, job->y, n * s->window.y[0] + ht__index_offset(3, p, s->window.y + 2),
                    s->window.y[1], s->channels, row);
}

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    const depthwise_job *job = argument;
    const ht_window *w = &job->state->window;
    int32_t *sums = (int32_t *)(void *)(job->room + number * job->state->part_room);
    for (int64_t i = (int64_t)begin; i < (int64_t)end; ++i) {
        int64_t p[3] = {i / w->out[2] / w->out[1] % w->out[0], i / w->out[2] % w->out[1], i % w->out[2]};
        result(job, i / w->out[2] / w->out[1] / w->out[0], p, sums, sums + job->state->channels);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    const depthwise_state *s = state->data;
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, &s->call);
    depthwise_job job = {.state = s,
                         .x = inputs[HT_PRODUCT_X],
                         .bias = ht__has_operand(&s->call, HT_PRODUCT_BIAS) ? inputs[HT_PRODUCT_BIAS] : NULL,
                         .y = outputs[0],
                         .room = (unsigned char *)scratch + s->room,
                         .x_zero = ht__zero_point(&s->call, inputs, HT_PRODUCT_X_ZERO, 0)};
    ht__requantizer_make(&s->call, &p->requantize, inputs, scratch, &job.requantizer);
    ht__pool_run(pool, (size_t)(s->images * ht__index_product(s->window.out, 0, 3)),
                 (size_t)(PARALLEL_WORK / (s->window_size * s->channels) + 1), part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__integer_conv_depthwise = {.name = "integer_conv_depthwise",
                                                      .family = &ht__integer_conv_family,
                                                      .accept = accept,
                                                      .layout = layout,
                                                      .pack = pack,
                                                      .bind = bind,
                                                      .run = run};
