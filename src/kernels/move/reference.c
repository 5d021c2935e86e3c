/* Transpose, copy, expand, slice, concat: y[index] = x[an affine function of index]. */
#include <string.h>

#include "kernels/index.h"
#include "kernels/move/variants.h"

/* y[index] = x[sum of index[i] * strides_x[i]] over all of y; x points at the element of index 0. */
static void move_strided(const ht_tensor_desc *yd, const int64_t *strides_x, const unsigned char *x, unsigned char *y) {
    int64_t strides_y[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    int64_t bytes = (int64_t)ht_type_bytes(yd->type);
    if (ht__desc_elements(yd) == 0) {
        return;
    }
    ht__desc_strides(yd, strides_y);
    do {
        memcpy(y + ht__index_offset(yd->rank, index, strides_y) * bytes,
               x + ht__index_offset(yd->rank, index, strides_x) * bytes, (size_t)bytes);
    } while (ht__index_next(yd->rank, yd->dims, index));
}

static ht_status run_transpose(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                               void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_transpose_parameters *p = HT_PARAMETERS(ht_transpose_parameters, call);
    int64_t strides[HT_MAX_RANK], permuted[HT_MAX_RANK];
    ht__desc_strides(&call->inputs[0], strides);
    for (int32_t i = 0; i < call->inputs[0].rank; ++i) {
        permuted[i] = strides[p->permutation[i]];
    }
    move_strided(&call->outputs[0], permuted, inputs[0], outputs[0]);
    return HT_OK;
}

const ht_kernel_variant ht__transpose_reference = {.name = "transpose_reference",
                                                   .family = &ht__transpose_family,
                                                   .accept = ht__kernel_accept_all,
                                                   .run = run_transpose};

static ht_status run_copy(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    size_t bytes = (size_t)ht__desc_elements(&call->outputs[0]) * ht_type_bytes(call->outputs[0].type);
    if (bytes != 0 && outputs[0] != inputs[0]) {
        memcpy(outputs[0], inputs[0], bytes);
    }
    return HT_OK;
}

const ht_kernel_variant ht__copy_reference = {
    .name = "copy_reference", .family = &ht__copy_family, .accept = ht__kernel_accept_all, .run = run_copy};

static ht_status run_expand(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                            void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    int64_t strides[HT_MAX_RANK];
    ht__index_broadcast(&call->inputs[0], call->outputs[0].rank, strides);
    move_strided(&call->outputs[0], strides, inputs[0], outputs[0]);
    return HT_OK;
}

const ht_kernel_variant ht__expand_reference = {
    .name = "expand_reference", .family = &ht__expand_family, .accept = ht__kernel_accept_all, .run = run_expand};

static ht_status run_slice(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                           ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_slice_parameters *p = HT_PARAMETERS(ht_slice_parameters, call);
    int64_t strides[HT_MAX_RANK], first = 0;
    ht__desc_strides(&call->inputs[0], strides);
    for (int32_t i = 0; i < call->inputs[0].rank; ++i) {
        first += p->begin[i] * strides[i];
        strides[i] *= p->step[i];
    }
    int64_t bytes = (int64_t)ht_type_bytes(call->inputs[0].type);
    if (ht__desc_elements(&call->outputs[0]) != 0) {
        move_strided(&call->outputs[0], strides, (const unsigned char *)inputs[0] + first * bytes, outputs[0]);
    }
    return HT_OK;
}

const ht_kernel_variant ht__slice_reference = {
    .name = "slice_reference", .family = &ht__slice_family, .accept = ht__kernel_accept_all, .run = run_slice};

/* Each input is a box of y that begins where the inputs before it end. In memory order a box is `outer` runs of
 * contiguous bytes: the axis and everything that moves faster than it. */
static ht_status run_concat(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                            void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    int32_t axis = HT_PARAMETERS(ht_axis_parameters, call)->axis;
    const ht_tensor_desc *yd = &call->outputs[0];
    int64_t strides[HT_MAX_RANK], elements = ht__desc_elements(yd);
    if (elements == 0) {
        return HT_OK;
    }
    ht__desc_strides(yd, strides);
    size_t unit = (size_t)strides[axis] * ht_type_bytes(yd->type); /* bytes of one step along the axis */
    size_t row = unit * (size_t)yd->dims[axis];
    size_t outer = (size_t)elements / (size_t)(strides[axis] * yd->dims[axis]);
    unsigned char *y = outputs[0];
    for (uint32_t n = 0; n < call->input_count; ++n) {
        size_t run = unit * (size_t)call->inputs[n].dims[axis];
        const unsigned char *x = inputs[n];
        for (size_t o = 0; run != 0 && o < outer; ++o) {
            memcpy(y + o * row, x + o * run, run);
        }
        y += run;
    }
    return HT_OK;
}

const ht_kernel_variant ht__concat_reference = {
    .name = "concat_reference", .family = &ht__concat_family, .accept = ht__kernel_accept_all, .run = run_concat};
