#include <math.h>

#include "kernels/quantize/channels.h"
#include "kernels/quantize/variants.h"

static ht_status run_fake_quantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                   void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    const float *x = inputs[0], *scale = inputs[1], *zero = inputs[2];
    float *y = outputs[0];
    ht_channel_view view = ht__channel_view(&call->inputs[0], &call->inputs[1], p->axis);
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = ht__channel_of(&view, i);
        float code = rintf(x[i] / scale[c]) + zero[c];
        float raised = code < p->low ? p->low : code;
        y[i] = ((raised > p->high ? p->high : raised) - zero[c]) * scale[c];
    }
    return HT_OK;
}

const ht_kernel_variant ht__fake_quantize_f32_reference = {.name = "fake_quantize_f32_reference",
                                                           .family = &ht__fake_quantize_family,
                                                           .accept = ht__kernel_accept_f32,
                                                           .run = run_fake_quantize};

static ht_status run_fake_quantize_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                        void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    const float *x = inputs[0], *scale = inputs[1], *zero = inputs[2], *dy = inputs[3];
    float *dx = outputs[0];
    ht_channel_view view = ht__channel_view(&call->inputs[0], &call->inputs[1], p->axis);
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = ht__channel_of(&view, i);
        float code = rintf(x[i] / scale[c]) + zero[c];
        dx[i] = code >= p->low && code <= p->high ? dy[i] : 0.0f;
    }
    return HT_OK;
}

const ht_kernel_variant ht__fake_quantize_grad_f32_reference = {.name = "fake_quantize_grad_f32_reference",
                                                                .family = &ht__fake_quantize_grad_family,
                                                                .accept = ht__kernel_accept_f32,
                                                                .run = run_fake_quantize_grad};
