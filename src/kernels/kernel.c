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

void ht__kernel_layout(const ht_kernel_variant *variant, const ht_kernel_call *call, const ht_kernel_env *env,
                       ht_kernel_sizes *out) {
    *out = (ht_kernel_sizes){.state_bytes = sizeof *call};
    if (variant->layout != NULL) {
        variant->layout(call, env, out);
    }
}

void ht__kernel_bind(const ht_kernel_variant *variant, const ht_kernel_call *call, const void *packed, void *state) {
    if (variant->bind != NULL) {
        variant->bind(call, packed, state);
    } else {
        memcpy(state, call, sizeof *call);
    }
}

ht_status ht__kernel_prepare(const ht_kernel_variant *variant, const ht_kernel_call *call, const ht_kernel_env *env,
                             ht_kernel_state *state, ht_error *err) {
    if (variant->prepare != NULL) {
        return variant->prepare(call, env, state, err);
    }
    ht_kernel_sizes sizes;
    ht__kernel_layout(variant, call, env, &sizes);
    size_t bytes;
    if (sizes.state_bytes > SIZE_MAX - HT_ALIGNMENT ||
        !ht__add(ht__aligned(sizes.state_bytes), sizes.packed_bytes, &bytes)) {
        return ht__fail_memory(err, SIZE_MAX);
    }
    unsigned char *memory = ht__calloc(env->allocator, 1, bytes);
    if (memory == NULL) {
        return ht__fail_memory(err, bytes);
    }
    void *packed = memory + ht__aligned(sizes.state_bytes);
    if (variant->pack != NULL && sizes.packed_bytes != 0) {
        variant->pack(call, packed);
    }
    ht__kernel_bind(variant, call, packed, memory);
    *state = (ht_kernel_state){memory, bytes, sizes.scratch_bytes};
    return HT_OK;
}

void ht__kernel_release(const ht_kernel_variant *variant, ht_kernel_state *state, const ht_allocator *allocator) {
    if (variant->release != NULL) {
        variant->release(state, allocator);
    } else {
        ht__free(allocator, state->data);
    }
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
