/* Dropout over contiguous stretches, random numbers drawn a buffer at a time. */
#include "base/clones.h"
#include "base/rng.h"
#include "kernels/dropout/variants.h"

#define GRAIN 8192 /* elements per thread that make another thread worth while */
#define CHUNK 1024

typedef struct dropout_job {
    const ht_dropout_parameters *parameters;
    const float *x;
    float *y;
    uint64_t first; /* index of element 0 in the random stream */
} dropout_job;

HT_CLONES
static void drop(const float *restrict x, float *restrict y, const float *restrict random, float ratio, float scale,
                 size_t count) {
    for (size_t i = 0; i < count; ++i) {
        y[i] = random[i] < ratio ? 0.0f : x[i] * scale;
    }
}

static void drop_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const dropout_job *job = argument;
    const ht_dropout_parameters *p = job->parameters;
    float random[CHUNK], scale = 1.0f / (1.0f - p->ratio);
    for (size_t i = begin; i < end; i += CHUNK) {
        size_t count = end - i < CHUNK ? end - i : CHUNK;
        ht__random_fill(p->seed, p->stream, job->first + i, random, count);
        drop(job->x + i, job->y + i, random, p->ratio, scale, count);
    }
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "takes f32 and an i64 step";
    return call->inputs[0].type == HT_F32 && call->inputs[1].type == HT_I64;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    size_t elements = (size_t)ht__desc_elements(&call->outputs[0]);
    uint64_t step = (uint64_t) * (const int64_t *)inputs[1];
    dropout_job job = {HT_PARAMETERS(ht_dropout_parameters, call), inputs[0], outputs[0], step * elements};
    ht__pool_run(pool, elements, GRAIN, drop_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__dropout_f32_flat = {
    .name = "dropout_f32_flat", .family = &ht__dropout_family, .accept = accept, .run = run};
