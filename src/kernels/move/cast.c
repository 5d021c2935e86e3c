/* Casts of integers to f32, many elements at a time. */
#include "base/clones.h"
#include "kernels/codes.h"
#include "kernels/move/variants.h"

#define STRETCH 512
#define GRAIN 32768 /* elements per thread that make a second thread worth while */

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "casts integers of up to 32 bits to f32";
    return ht__is_code_type(call->inputs[0].type) && call->outputs[0].type == HT_F32;
}

HT_CLONES
static void to_floats(const int32_t *restrict x, float *restrict y, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        y[i] = (float)x[i];
    }
}

typedef struct cast_job {
    ht_type type;
    const void *x;
    float *y;
} cast_job;

static void part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const cast_job *job = argument;
    int32_t codes[STRETCH];
    for (size_t i = begin; i < end; i += STRETCH) {
        int64_t count = end - i < STRETCH ? (int64_t)(end - i) : STRETCH;
        ht__codes_load(job->type, job->x, (int64_t)i, 1, count, 0, codes);
        to_floats(codes, job->y + i, count);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    cast_job job = {call->inputs[0].type, inputs[0], outputs[0]};
    ht__pool_run(pool, (size_t)ht__desc_elements(&call->outputs[0]), GRAIN, part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__cast_codes = {
    .name = "cast_codes", .family = &ht__cast_family, .accept = accept, .run = run};
