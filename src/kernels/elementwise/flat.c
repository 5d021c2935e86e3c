/* Elementwise functions over contiguous stretches: the loop stands inside the choice of function, so that it
 * vectorises. Element by element the same operations as the references, hence the same bits. */
#include "base/clones.h"
#include "kernels/elementwise/functions.h"
#include "kernels/elementwise/variants.h"
#include "kernels/walk.h"

#define GRAIN 16384 /* elements; below, a second thread costs more than it brings */

HT_CLONES
static void unary_flat(const ht_unary_parameters *p, const float *restrict x, float *restrict y, size_t count) {
    float a = p->a, b = p->b;
    switch (p->function) {
#define UNARY_LOOP(NAME, name)                                   \
    case HT_UNARY_##NAME:                                        \
        for (size_t i = 0; i < count; ++i) {                     \
            y[i] = ht__unary_value(HT_UNARY_##NAME, x[i], a, b); \
        }                                                        \
        break;
        HT_UNARY_LIST(UNARY_LOOP)
#undef UNARY_LOOP
    }
}

typedef struct unary_job {
    const ht_unary_parameters *parameters;
    const float *x;
    float *y;
} unary_job;

static void unary_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const unary_job *job = argument;
    unary_flat(job->parameters, job->x + begin, job->y + begin, end - begin);
}

static ht_status run_unary(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                           ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    unary_job job = {HT_PARAMETERS(ht_unary_parameters, call), inputs[0], outputs[0]};
    ht__pool_run(pool, (size_t)ht__desc_elements(&call->outputs[0]), GRAIN, unary_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__unary_f32_flat = {
    .name = "unary_f32_flat", .family = &ht__unary_family, .accept = ht__kernel_accept_f32, .run = run_unary};

/* y[i] = f(x[i * step_x], z[i * step_z]), the usual steps each with a loop of their own. */
static inline __attribute__((always_inline)) void binary_loop(ht_binary function, float *restrict y, const float *x,
                                                              int64_t step_x, const float *z, int64_t step_z,
                                                              int64_t count, float a, float b) {
    if (step_x == 1 && step_z == 1) {
        for (int64_t i = 0; i < count; ++i) {
            y[i] = ht__binary_value(function, x[i], z[i], a, b);
        }
    } else if (step_x == 1 && step_z == 0) {
        float value = z[0];
        for (int64_t i = 0; i < count; ++i) {
            y[i] = ht__binary_value(function, x[i], value, a, b);
        }
    } else if (step_x == 0 && step_z == 1) {
        float value = x[0];
        for (int64_t i = 0; i < count; ++i) {
            y[i] = ht__binary_value(function, value, z[i], a, b);
        }
    } else {
        for (int64_t i = 0; i < count; ++i) {
            y[i] = ht__binary_value(function, x[i * step_x], z[i * step_z], a, b);
        }
    }
}

HT_CLONES
static void binary_row(const ht_binary_parameters *p, float *y, const float *x, int64_t step_x, const float *z,
                       int64_t step_z, int64_t count) {
    switch (p->function) {
#define BINARY_LOOP(NAME, name) \
    case HT_BINARY_##NAME: binary_loop(HT_BINARY_##NAME, y, x, step_x, z, step_z, count, p->a, p->b); break;
        HT_BINARY_LIST(BINARY_LOOP)
#undef BINARY_LOOP
    default: break; /* those of HT_BINARY_DISCRETE_LIST have no f32 result */
    }
}

typedef struct binary_state {
    ht_walk walk; /* result y, operands x and z */
    ht_binary_parameters parameters;
} binary_state;

static void layout_binary(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)call;
    (void)env;
    out->state_bytes = sizeof(binary_state);
}

static void bind_binary(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    binary_state *own = memory;
    *own = (binary_state){.parameters = *HT_PARAMETERS(ht_binary_parameters, call)};
    ht__walk_broadcast(&call->outputs[0], &call->inputs[0], &call->inputs[1], &own->walk);
}

typedef struct binary_job {
    const binary_state *state;
    const float *x, *z;
    float *y;
} binary_job;

static void binary_segment(void *argument, const int64_t offsets[HT_WALK_TENSORS], int64_t count) {
    const binary_job *job = argument;
    const ht_walk *walk = &job->state->walk;
    binary_row(&job->state->parameters, job->y + offsets[0], job->x + offsets[1], walk->strides[1][walk->rank - 1],
               job->z + offsets[2], walk->strides[2][walk->rank - 1], count);
}

static ht_status run_binary(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                            void *scratch, ht_pool *pool) {
    (void)scratch;
    const binary_state *own = state->data;
    binary_job job = {own, inputs[0], inputs[1], outputs[0]};
    ht__walk_run(&own->walk, pool, GRAIN, binary_segment, &job);
    return HT_OK;
}

const ht_kernel_variant ht__binary_f32_rows = {.name = "binary_f32_rows",
                                               .family = &ht__binary_family,
                                               .accept = ht__kernel_accept_f32,
                                               .layout = layout_binary,
                                               .bind = bind_binary,
                                               .run = run_binary};
