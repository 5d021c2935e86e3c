#include "base/rng.h"
#include "kernels/dropout/variants.h"

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "takes f32 and an i64 step";
    return call->inputs[0].type == HT_F32 && call->inputs[1].type == HT_I64;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_dropout_parameters *p = HT_PARAMETERS(ht_dropout_parameters, call);
    const float *x = inputs[0];
    float *y = outputs[0], scale = 1.0f / (1.0f - p->ratio);
    int64_t elements = ht__desc_elements(&call->outputs[0]);
    uint64_t first = (uint64_t) * (const int64_t *)inputs[1] * (uint64_t)elements;
    for (int64_t i = 0; i < elements; ++i) {
        y[i] = ht__random_at(p->seed, p->stream, first + (uint64_t)i) < p->ratio ? 0.0f : x[i] * scale;
    }
    return HT_OK;
}

const ht_kernel_variant ht__dropout_f32_reference = {
    .name = "dropout_f32_reference", .family = &ht__dropout_family, .accept = accept, .run = run};
