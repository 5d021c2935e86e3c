#include "kernels/kernel.h"

#include <string.h>

const ht_kernel_variant *ht__kernel_choose(const ht_kernel_call *call, const ht_kernel_env *env) {
    const ht_kernel_family *family = call->family;
    const char *reason = NULL;
    if (env->reference_only) {
        const ht_kernel_variant *reference = family->variants[family->variant_count - 1];
        return reference->accept(call, env, &reason) ? reference : NULL;
    }
    for (size_t i = 0; i < env->extra_count; ++i) {
        if (env->extra[i]->family == family && env->extra[i]->accept(call, env, &reason)) {
            return env->extra[i];
        }
    }
    for (size_t i = 0; i < family->variant_count; ++i) {
        if (family->variants[i]->accept(call, env, &reason)) {
            return family->variants[i];
        }
    }
    return NULL;
}

ht_status ht__kernel_keep_call(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state,
                               ht_error *err) {
    state->data = ht__alloc(env->allocator, sizeof *call);
    if (state->data == NULL) {
        return ht__fail_memory(err, sizeof *call);
    }
    memcpy(state->data, call, sizeof *call);
    state->data_bytes = sizeof *call;
    state->scratch_bytes = 0;
    return HT_OK;
}

static bool all_f32(const ht_tensor_desc *descs, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        if (descs[i].type != HT_F32 && descs[i].type != HT_NONE) {
            return false;
        }
    }
    return true;
}

bool ht__kernel_accept_f32(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "takes f32 only";
    return all_f32(call->inputs, call->input_count) && all_f32(call->outputs, call->output_count);
}

bool ht__kernel_accept_all(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)call;
    (void)env;
    (void)reason;
    return true;
}

bool ht__kernel_cpu_has(const ht_kernel_env *env, uint32_t needs, const char **reason) {
    *reason = "this CPU lacks its instructions";
    return (env->cpu & needs) == needs;
}
