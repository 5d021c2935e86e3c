/* Elementwise functions of codes along memory, on all threads. */
#include "kernels/codes.h"
#include "kernels/integer_binary/variants.h"
#include "kernels/walk.h"

#define GRAIN 8192 /* elements; below, a second thread costs more than it brings */
#define STRETCH 256

typedef struct rows_state {
    ht_walk walk; /* result y, operands x and z */
    ht_integer_binary_parameters parameters;
    ht_type x_type, z_type, y_type;
} rows_state;

static ht_status prepare(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state, ht_error *err) {
    rows_state *own = ht__alloc(env->allocator, sizeof *own);
    if (own == NULL) {
        return ht__fail_memory(err, sizeof *own);
    }
    const ht_tensor_desc *y = &call->outputs[0];
    ht__walk_broadcast(y, &call->inputs[0], &call->inputs[1], &own->walk);
    own->parameters = *HT_PARAMETERS(ht_integer_binary_parameters, call);
    own->x_type = call->inputs[0].type;
    own->z_type = call->inputs[1].type;
    own->y_type = y->type;
    *state = (ht_kernel_state){own, sizeof *own, 0};
    return HT_OK;
}

typedef struct rows_job {
    const rows_state *state;
    const void *x, *z;
    void *y;
} rows_job;

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
        for (int64_t k = 0; k < some; ++k) {
            y[k] = ht__integer_binary_value(&s->parameters, x[k], z[k]);
        }
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
                                                   .prepare = prepare,
                                                   .run = run};
