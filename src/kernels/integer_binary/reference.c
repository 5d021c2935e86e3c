#include <math.h>

#include "kernels/codes.h"
#include "kernels/fixed_point.h"
#include "kernels/index.h"
#include "kernels/integer_binary/variants.h"

static float real_value(ht_integer_binary function, float x, float z) {
    switch (function) {
    case HT_INTEGER_ADD: return x + z;
    case HT_INTEGER_SUB: return x - z;
    case HT_INTEGER_MUL: return x * z;
    case HT_INTEGER_PRELU: break;
    }
    return x < 0.0f ? z * x : x;
}

static int32_t scaled(const ht_integer_binary_parameters *p, int operand, int32_t value) {
    return ht__fixed_multiply(value, p->multiplier[operand], p->shift[operand]);
}

static int32_t fixed_value(const ht_integer_binary_parameters *p, int32_t a, int32_t b) {
    switch (p->function) {
    case HT_INTEGER_ADD:
    case HT_INTEGER_SUB: {
        uint32_t x = (uint32_t)scaled(p, 0, (int32_t)((uint32_t)a << p->left));
        uint32_t z = (uint32_t)scaled(p, 1, (int32_t)((uint32_t)b << p->left));
        return scaled(p, 2, (int32_t)(p->function == HT_INTEGER_ADD ? x + z : x - z));
    }
    case HT_INTEGER_PRELU:
        if (a >= 0) {
            return scaled(p, 0, a);
        }
        break;
    case HT_INTEGER_MUL: break;
    }
    return scaled(p, 2, (int32_t)((uint32_t)a * (uint32_t)b));
}

int32_t ht__integer_binary_value(const ht_integer_binary_parameters *p, int32_t x, int32_t z) {
    const ht_requantize_parameters *r = &p->requantize;
    int32_t a = x - p->zero[0], b = z - p->zero[1];
    double code;
    if (r->rule == HT_REQUANTIZE_FIXED) {
        code = (double)fixed_value(p, a, b) + (double)p->zero[2];
    } else {
        float real = real_value(p->function, (float)a * p->scale[0], (float)b * p->scale[1]);
        code = (double)rintf(real / p->scale[2]) + (double)p->zero[2];
    }
    return ht__limit_code(r, code);
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_integer_binary_parameters *p = HT_PARAMETERS(ht_integer_binary_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[0], *zd = &call->inputs[1], *yd = &call->outputs[0];
    int64_t x_strides[HT_MAX_RANK], z_strides[HT_MAX_RANK], y_strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    ht__index_broadcast(xd, yd->rank, x_strides);
    ht__index_broadcast(zd, yd->rank, z_strides);
    ht__desc_strides(yd, y_strides);
    do {
        int32_t x = ht__code_at(xd->type, inputs[0], ht__index_offset(yd->rank, index, x_strides));
        int32_t z = ht__code_at(zd->type, inputs[1], ht__index_offset(yd->rank, index, z_strides));
        ht__code_store(yd->type, outputs[0], ht__index_offset(yd->rank, index, y_strides),
                       ht__integer_binary_value(p, x, z));
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_kernel_variant ht__integer_binary_reference = {.name = "integer_binary_reference",
                                                        .family = &ht__integer_binary_family,
                                                        .accept = ht__kernel_accept_all,
                                                        .run = run};
