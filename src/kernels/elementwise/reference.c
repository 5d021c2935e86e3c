#include "kernels/elementwise/functions.h"
#include "kernels/elementwise/variants.h"
#include "kernels/index.h"

static ht_status run_unary(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                           ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_unary_parameters *p = HT_PARAMETERS(ht_unary_parameters, call);
    const float *x = inputs[0];
    float *y = outputs[0];
    int64_t elements = ht__desc_elements(&call->outputs[0]);
    for (int64_t i = 0; i < elements; ++i) {
        y[i] = ht__unary_value(p->function, x[i], p->a, p->b);
    }
    return HT_OK;
}

const ht_kernel_variant ht__unary_f32_reference = {.name = "unary_f32_reference",
                                                   .family = &ht__unary_family,
                                                   .accept = ht__kernel_accept_f32,
                                                   .prepare = ht__kernel_keep_call,
                                                   .run = run_unary};

/* Shape arithmetic: wraps like two's complement instead of overflowing. False: division by zero. */
static bool integer_value(ht_binary function, int64_t x, int64_t z, int64_t *y) {
    switch (function) {
    case HT_BINARY_ADD: *y = (int64_t)((uint64_t)x + (uint64_t)z); return true;
    case HT_BINARY_SUB: *y = (int64_t)((uint64_t)x - (uint64_t)z); return true;
    case HT_BINARY_MUL: *y = (int64_t)((uint64_t)x * (uint64_t)z); return true;
    case HT_BINARY_DIV:
        if (z == 0) {
            return false;
        }
        *y = z == -1 ? (int64_t)(0 - (uint64_t)x) : x / z;
        return true;
    case HT_BINARY_MIN: *y = x < z ? x : z; return true;
    case HT_BINARY_MAX: *y = x > z ? x : z; return true;
    default: return false;
    }
}

static ht_status run_binary(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                            void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_binary_parameters *p = HT_PARAMETERS(ht_binary_parameters, call);
    const ht_tensor_desc *yd = &call->outputs[0];
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    int64_t stride_x[HT_MAX_RANK], stride_z[HT_MAX_RANK], stride_y[HT_MAX_RANK];
    ht__index_broadcast(&call->inputs[0], yd->rank, stride_x);
    ht__index_broadcast(&call->inputs[1], yd->rank, stride_z);
    ht__desc_strides(yd, stride_y);
    int64_t index[HT_MAX_RANK] = {0};
    do {
        int64_t ix = ht__index_offset(yd->rank, index, stride_x), iz = ht__index_offset(yd->rank, index, stride_z),
                iy = ht__index_offset(yd->rank, index, stride_y);
        if (yd->type == HT_F32) {
            const float *x = inputs[0], *z = inputs[1];
            ((float *)outputs[0])[iy] = ht__binary_value(p->function, x[ix], z[iz], p->a, p->b);
        } else {
            const int64_t *x = inputs[0], *z = inputs[1];
            if (!integer_value(p->function, x[ix], z[iz], (int64_t *)outputs[0] + iy)) {
                return HT_ERROR_NUMERIC;
            }
        }
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

static bool accept_binary(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    ht_type type = call->outputs[0].type;
    ht_binary function = HT_PARAMETERS(ht_binary_parameters, call)->function;
    bool integer =
        type == HT_I64 && (function <= HT_BINARY_DIV || function == HT_BINARY_MIN || function == HT_BINARY_MAX);
    *reason = "takes f32, or i64 for add, sub, mul, div, min and max";
    return (type == HT_F32 || integer) && call->inputs[0].type == type && call->inputs[1].type == type;
}

const ht_kernel_variant ht__binary_reference = {.name = "binary_reference",
                                                .family = &ht__binary_family,
                                                .accept = accept_binary,
                                                .prepare = ht__kernel_keep_call,
                                                .run = run_binary};
