/* Pad and gather: y[index] = x[an index that depends on values or borders]. */
#include <string.h>

#include "kernels/index.h"
#include "kernels/move/variants.h"

/* Where coordinate `i` of the padded axis reads x (0 .. size-1), or -1 for the constant. Reflection turns at both ends
 * as often as needed, without repeating the border element. */
static int64_t source_of(ht_pad_mode mode, int64_t i, int64_t size) {
    if (i >= 0 && i < size) {
        return i;
    }
    switch (mode) {
    case HT_PAD_CONSTANT: return -1;
    case HT_PAD_EDGE: return i < 0 ? 0 : size - 1;
    case HT_PAD_WRAP: return (i % size + size) % size;
    case HT_PAD_REFLECT: break;
    }
    int64_t period = size > 1 ? 2 * (size - 1) : 1;
    int64_t phase = (i % period + period) % period;
    return phase < size ? phase : period - phase;
}

static ht_status run_pad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                         ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_pad_parameters *p = HT_PARAMETERS(ht_pad_parameters, call);
    const ht_tensor_desc *xd = &call->inputs[0], *yd = &call->outputs[0];
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    int64_t bytes = (int64_t)ht_type_bytes(yd->type);
    int64_t strides_x[HT_MAX_RANK], strides_y[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    ht__desc_strides(xd, strides_x);
    ht__desc_strides(yd, strides_y);
    do {
        int64_t at = 0;
        bool inside = true;
        for (int32_t i = 0; i < yd->rank; ++i) {
            int64_t source = xd->dims[i] > 0 ? source_of(p->mode, index[i] - p->begin[i], xd->dims[i]) : -1;
            inside = inside && source >= 0;
            at += source * strides_x[i];
        }
        const unsigned char *from = inside ? (const unsigned char *)inputs[0] + at * bytes : p->filler;
        memcpy((unsigned char *)outputs[0] + ht__index_offset(yd->rank, index, strides_y) * bytes, from, (size_t)bytes);
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_kernel_variant ht__pad_reference = {
    .name = "pad_reference", .family = &ht__pad_family, .accept = ht__kernel_accept_all, .run = run_pad};

static int64_t index_at(ht_type type, const void *indices, int64_t i) {
    switch (type) {
    case HT_I64: return ((const int64_t *)indices)[i];
    case HT_I32: return ((const int32_t *)indices)[i];
    case HT_U16: return ((const uint16_t *)indices)[i];
    default: return ((const uint8_t *)indices)[i];
    }
}

static bool accept_gather(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    ht_type type = call->inputs[1].type;
    *reason = "indices must be i64, i32, u16 or u8";
    return type == HT_I64 || type == HT_I32 || type == HT_U16 || type == HT_U8;
}

/* x seen as [outer, size, inner], y as [outer, indices, inner]. */
static ht_status run_gather(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                            void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    int32_t axis = HT_PARAMETERS(ht_axis_parameters, call)->axis;
    const ht_tensor_desc *xd = &call->inputs[0];
    int64_t outer = ht__index_product(xd->dims, 0, axis), size = xd->dims[axis];
    int64_t count = ht__desc_elements(&call->inputs[1]);
    size_t inner = (size_t)ht__index_product(xd->dims, axis + 1, xd->rank) * ht_type_bytes(xd->type);
    const unsigned char *x = inputs[0];
    unsigned char *y = outputs[0];
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < count; ++i) {
            int64_t at = index_at(call->inputs[1].type, inputs[1], i);
            at += at < 0 ? size : 0;
            if (at < 0 || at >= size) {
                return HT_ERROR_ARGUMENT;
            }
            if (inner != 0) {
                memcpy(y + (size_t)(o * count + i) * inner, x + (size_t)(o * size + at) * inner, inner);
            }
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__gather_reference = {
    .name = "gather_reference", .family = &ht__gather_family, .accept = accept_gather, .run = run_gather};
