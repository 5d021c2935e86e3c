/* What each output coordinate of an axis reads is tabulated once, in prepare; an element of y is the weighted sum over
 * the product of its axes' taps. */
#include <string.h>

#include "kernels/index.h"
#include "kernels/resize/taps.h"
#include "kernels/resize/variants.h"
#include "numeric/scalar.h"

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    out->state_bytes = ht__resize_state_bytes(call, HT_PARAMETERS(ht_resize_parameters, call));
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    ht__resize_bind(call, HT_PARAMETERS(ht_resize_parameters, call), memory);
}

typedef struct elements {
    ht_type type;
    const void *data;
} elements;

static double load(const void *source, int64_t offset) {
    const elements *from = source;
    return ht__scalar_real(ht__scalar_load(from->type, from->data, offset));
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_resize_state *own = state->data;
    const ht_resize_parameters *p = HT_PARAMETERS(ht_resize_parameters, &own->call);
    const ht_tensor_desc *xd = &own->call.inputs[0], *yd = &own->call.outputs[0];
    int64_t x_strides[HT_MAX_RANK], y_strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    size_t bytes = ht_type_bytes(xd->type);
    ht__desc_strides(xd, x_strides);
    ht__desc_strides(yd, y_strides);
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    if (ht__desc_elements(xd) == 0) {
        return HT_ERROR_ARGUMENT;
    }
    elements source = {xd->type, inputs[0]};
    ht_resize_reading r = {own->axes, index, x_strides, xd->rank, load, &source};
    do {
        int64_t to = ht__index_offset(yd->rank, index, y_strides), from;
        if (ht__resize_is_outside(&r, &from)) {
            ht__scalar_store(yd->type, outputs[0], to, ht__scalar_of_real((double)p->extrapolation), NULL);
        } else if (p->mode == HT_RESIZE_NEAREST) {
            memcpy((unsigned char *)outputs[0] + (size_t)to * bytes,
                   (const unsigned char *)inputs[0] + (size_t)from * bytes, bytes);
        } else {
            ht__scalar_store(yd->type, outputs[0], to, ht__scalar_of_real(ht__resize_interpolate(&r, 0, 0)), NULL);
        }
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_kernel_variant ht__resize_reference = {.name = "resize_reference",
                                                .family = &ht__resize_family,
                                                .accept = ht__kernel_accept_all,
                                                .layout = layout,
                                                .bind = bind,
                                                .run = run};
