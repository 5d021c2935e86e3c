/* Elementwise functions of codes along memory, on all threads; each function has a loop that compilers turn into
 * vectors. */
#include <math.h>

#include "base/clones.h"
#include "kernels/codes.h"
#include "kernels/fixed_point.h"
#include "kernels/integer_binary/variants.h"
#include "kernels/walk.h"

#define GRAIN 8192 /* elements; below, a second thread costs more than it brings */
#define STRETCH 256

typedef struct rows_state {
    ht_walk walk; /* result y, operands x and z */
    ht_integer_binary_parameters parameters;
    ht_type x_type, z_type, y_type;
} rows_state;

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)call;
    (void)env;
    out->state_bytes = sizeof(rows_state);
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    rows_state *own = memory;
    *own = (rows_state){.parameters = *HT_PARAMETERS(ht_integer_binary_parameters, call),
                        .x_type = call->inputs[0].type,
                        .z_type = call->inputs[1].type,
                        .y_type = call->outputs[0].type};
    ht__walk_broadcast(&call->outputs[0], &call->inputs[0], &call->inputs[1], &own->walk);
}

typedef struct rows_job {
    const rows_state *state;
    const void *x, *z;
    void *y;
} rows_job;

/* y[i] = clamp(zero + round_half_even(real / scale)) where `real` is made of a and b, the operands' real values. */
#define REAL_LOOP(real)                                               \
    for (int64_t i = 0; i < count; ++i) {                             \
        float a = (float)(x[i] - x_zero) * x_scale;                   \
        float b = (float)(z[i] - z_zero) * z_scale;                   \
        float code = rintf((real) / y_scale);                         \
        float raised = code > low ? code : low; /* NaN becomes low */ \
        y[i] = (int32_t)(raised < high ? raised : high) + zero;       \
    }

HT_CLONES
static void real_values(const ht_integer_binary_parameters *p, const int32_t *restrict x, const int32_t *restrict z,
                        int64_t count, int32_t *restrict y) {
    int32_t x_zero = p->zero[0], z_zero = p->zero[1], zero = p->zero[2];
    float x_scale = p->scale[0], z_scale = p->scale[1], y_scale = p->scale[2];
    float low = (float)(p->requantize.low - zero), high = (float)(p->requantize.high - zero);
    switch (p->function) {
    case HT_INTEGER_ADD: REAL_LOOP(a + b) break;
    case HT_INTEGER_SUB: REAL_LOOP(a - b) break;
    case HT_INTEGER_MUL: REAL_LOOP(a * b) break;
    case HT_INTEGER_PRELU: REAL_LOOP(a < 0.0f ? b * a : a) break;
    }
}

/* Sums of fixed-point numbers: sign is 1 or -1. */
HT_CLONES
static void fixed_sums(const ht_integer_binary_parameters *p, int32_t sign, const int32_t *restrict x,
                       const int32_t *restrict z, int64_t count, int32_t *restrict y) {
    int32_t low = p->requantize.low, high = p->requantize.high;
    for (int64_t i = 0; i < count; ++i) {
        uint32_t a = (uint32_t)(x[i] - p->zero[0]) << p->left, b = (uint32_t)(z[i] - p->zero[1]) << p->left;
        uint32_t scaled_a = (uint32_t)ht__fixed_multiply((int32_t)a, p->multiplier[0], p->shift[0]);
        uint32_t scaled_b = (uint32_t)ht__fixed_multiply((int32_t)b, p->multiplier[1], p->shift[1]);
        int32_t sum = (int32_t)(scaled_a + (uint32_t)sign * scaled_b);
        int64_t code = (int64_t)ht__fixed_multiply(sum, p->multiplier[2], p->shift[2]) + p->zero[2];
        y[i] = (int32_t)(code < low ? low : code > high ? high : code);
    }
}

static void values(const ht_integer_binary_parameters *p, const int32_t *x, const int32_t *z, int64_t count,
                   int32_t *y) {
    if (p->requantize.rule != HT_REQUANTIZE_FIXED) {
        real_values(p, x, z, count, y);
    } else if (p->function == HT_INTEGER_ADD || p->function == HT_INTEGER_SUB) {
        fixed_sums(p, p->function == HT_INTEGER_ADD ? 1 : -1, x, z, count, y);
    } else {
        for (int64_t i = 0; i < count; ++i) {
            y[i] = ht__integer_binary_value(p, x[i], z[i]);
        }
    }
}

static void segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const rows_job *job = argument;
    const rows_state *s = job->state;
    const ht_walk *walk = &s->walk;
    int64_t step_y = walk->strides[0][walk->rank - 1], step_x = walk->strides[1][walk->rank - 1];
    int64_t step_z = walk->strides[2][walk->rank - 1];
    int32_t x[STRETCH], z[STRETCH], y[STRETCH];
    for (int64_t i = 0; i < count; i += STRETCH) {
        int64_t some = count - i < STRETCH ? count - i : STRETCH;
        ht__codes_load(s->x_type, job->x, offsets[1] + i * step_x, step_x, some, 0, x);
        ht__codes_load(s->z_type, job->z, offsets[2] + i * step_z, step_z, some, 0, z);
        values(&s->parameters, x, z, some, y);
        ht__codes_store(s->y_type, job->y, offsets[0] + i * step_y, step_y, some, y);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const rows_state *own = state->data;
    rows_job job = {own, inputs[0], inputs[1], outputs[0]};
    ht__walk_run(&own->walk, pool, GRAIN, segment, &job);
    return HT_OK;
}

const ht_kernel_variant ht__integer_binary_rows = {.name = "integer_binary_rows",
                                                   .family = &ht__integer_binary_family,
                                                   .accept = ht__kernel_accept_all,
                                                   .layout = layout,
                                                   .bind = bind,
                                                   .run = run};
