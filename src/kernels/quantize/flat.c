/* Fake quantization over contiguous stretches: the reference's operations, element by element, hence its bits. */
#include <math.h>

#include "base/clones.h"
#include "kernels/quantize/variants.h"

#define GRAIN 16384 /* elements per thread that make another thread worth while */

/* The tensor in memory order as [outer, channels, inner], see reference.c; one scale for all: channels 1, inner
 * everything. */
typedef struct fake_state {
    float low, high;
    size_t elements, channels, inner;
} fake_state;

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)call;
    (void)env;
    out->state_bytes = sizeof(fake_state);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0];
    fake_state *own = memory;
    int64_t strides[HT_MAX_RANK], elements = ht__desc_elements(x);
    *own = (fake_state){p->low, p->high, (size_t)elements, 1, elements > 0 ? (size_t)elements : 1};
    if (ht__desc_elements(&call->inputs[1]) > 1) {
        ht__desc_strides(x, strides);
        own->channels = (size_t)x->dims[p->axis];
        own->inner = elements > 0 ? (size_t)strides[p->axis] : 1;
    }
}

typedef struct fake_job {
    const fake_state *state;
    const float *x, *scale, *zero, *dy;
    float *y;
} fake_job;

static inline __attribute__((always_inline)) float fake_value(float x, float scale, float zero, float low, float high) {
    float code = rintf(x / scale) + zero;
    float raised = code < low ? low : code;
    return ((raised > high ? high : raised) - zero) * scale;
}

static inline __attribute__((always_inline)) float pass_value(float x, float scale, float zero, float low, float high,
                                                              float dy) {
    float code = rintf(x / scale) + zero;
    return code >= low && code <= high ? dy : 0.0f;
}

/* `count` elements with one scale (step 0) or one each (step 1). */
HT_CLONES
static void fake_row(const float *restrict x, float *restrict y, size_t count, const float *restrict scale,
                     const float *restrict zero, size_t step, float low, float high) {
    if (step == 0) {
        float s = *scale, z = *zero;
        for (size_t i = 0; i < count; ++i) {
            y[i] = fake_value(x[i], s, z, low, high);
        }
    } else {
        for (size_t i = 0; i < count; ++i) {
            y[i] = fake_value(x[i], scale[i], zero[i], low, high);
        }
    }
}

HT_CLONES
static void pass_row(const float *restrict x, const float *restrict dy, float *restrict dx, size_t count,
                     const float *restrict scale, const float *restrict zero, size_t step, float low, float high) {
    if (step == 0) {
        float s = *scale, z = *zero;
        for (size_t i = 0; i < count; ++i) {
            dx[i] = pass_value(x[i], s, z, low, high, dy[i]);
        }
    } else {
        for (size_t i = 0; i < count; ++i) {
            dx[i] = pass_value(x[i], scale[i], zero[i], low, high, dy[i]);
        }
    }
}

static void fake_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const fake_job *job = argument;
    const fake_state *s = job->state;
    /* A row ends where the scale changes, or, with a scale per element, where the channels begin again. */
    size_t length = s->inner == 1 ? s->channels : s->inner, step = s->inner == 1 ? 1 : 0;
    for (size_t i = begin; i < end;) {
        size_t row_end = (i / length + 1) * length, count = (row_end < end ? row_end : end) - i;
        size_t channel = i / s->inner % s->channels;
        const float *scale = job->scale + channel, *zero = job->zero + channel;
        if (job->dy == NULL) {
            fake_row(job->x + i, job->y + i, count, scale, zero, step, s->low, s->high);
        } else {
            pass_row(job->x + i, job->dy + i, job->y + i, count, scale, zero, step, s->low, s->high);
        }
        i += count;
    }
}

static ht_status run_fake(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    const fake_state *s = state->data;
    fake_job job = {s, inputs[0], inputs[1], inputs[2], NULL, outputs[0]};
    ht__pool_run(pool, s->elements, GRAIN, fake_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__fake_quantize_f32_flat = {.name = "fake_quantize_f32_flat",
                                                      .family = &ht__fake_quantize_family,
                                                      .accept = ht__kernel_accept_f32,
                                                      .layout = layout,
                                                      .bind = bind,
                                                      .run = run_fake};

static ht_status run_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    const fake_state *s = state->data;
    fake_job job = {s, inputs[0], inputs[1], inputs[2], inputs[3], outputs[0]};
    ht__pool_run(pool, s->elements, GRAIN, fake_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__fake_quantize_grad_f32_flat = {.name = "fake_quantize_grad_f32_flat",
                                                           .family = &ht__fake_quantize_grad_family,
                                                           .accept = ht__kernel_accept_f32,
                                                           .layout = layout,
                                                           .bind = bind,
                                                           .run = run_grad};
