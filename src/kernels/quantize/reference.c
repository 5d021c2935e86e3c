#include <math.h>

#include "kernels/index.h"
#include "kernels/quantize/variants.h"

/* The tensor in memory order as [outer, channels, inner], where channels is the axis of a vector of scales; with one
 * scale for all, channels is 1. Element i belongs to channel (i / inner) % channels. */
typedef struct channel_view {
    int64_t elements, channels, inner;
} channel_view;

static channel_view view_of(const ht_tensor_desc *x, const ht_tensor_desc *scale, int32_t axis) {
    int64_t strides[HT_MAX_RANK];
    channel_view view = {ht__desc_elements(x), 1, 1};
    if (ht__desc_elements(scale) > 1) {
        ht__desc_strides(x, strides);
        view.channels = x->dims[axis];
        view.inner = strides[axis];
    }
    return view;
}

static int64_t channel_of(const channel_view *view, int64_t i) { return i / view->inner % view->channels; }

static ht_status run_fake_quantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                   void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    const float *x = inputs[0], *scale = inputs[1], *zero = inputs[2];
    float *y = outputs[0];
    channel_view view = view_of(&call->inputs[0], &call->inputs[1], p->axis);
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = channel_of(&view, i);
        float code = rintf(x[i] / scale[c]) + zero[c];
        float raised = code < p->low ? p->low : code;
        y[i] = ((raised > p->high ? p->high : raised) - zero[c]) * scale[c];
    }
    return HT_OK;
}

const ht_kernel_variant ht__fake_quantize_f32_reference = {.name = "fake_quantize_f32_reference",
                                                           .family = &ht__fake_quantize_family,
                                                           .accept = ht__kernel_accept_f32,
                                                           .prepare = ht__kernel_keep_call,
                                                           .run = run_fake_quantize};

static ht_status run_fake_quantize_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                        void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    const float *x = inputs[0], *scale = inputs[1], *zero = inputs[2], *dy = inputs[3];
    float *dx = outputs[0];
    channel_view view = view_of(&call->inputs[0], &call->inputs[1], p->axis);
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = channel_of(&view, i);
        float code = rintf(x[i] / scale[c]) + zero[c];
        dx[i] = code >= p->low && code <= p->high ? dy[i] : 0.0f;
    }
    return HT_OK;
}

const ht_kernel_variant ht__fake_quantize_grad_f32_reference = {.name = "fake_quantize_grad_f32_reference",
                                                                .family = &ht__fake_quantize_grad_family,
                                                                .accept = ht__kernel_accept_f32,
                                                                .prepare = ht__kernel_keep_call,
                                                                .run = run_fake_quantize_grad};
