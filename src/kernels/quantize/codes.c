/* Between f32 and the integer types, one scale for all or one per channel. */
#include <math.h>

#include "kernels/codes.h"
#include "kernels/quantize/channels.h"
#include "kernels/quantize/variants.h"

/* Stores clamp(code) for a code that is integral, infinite or NaN (which gives 0). */
static void store_code(ht_type type, void *codes, int64_t i, double code, const ht_quantize_parameters *p) {
    bool whole = p->low == 0.0f && p->high == 0.0f;
    double low = whole ? ht__code_low(type) : (double)p->low, high = whole ? ht__code_high(type) : (double)p->high;
    ht__code_store(type, codes, i, (int32_t)(code != code ? 0.0 : code < low ? low : code > high ? high : code));
}

static const void *optional(const ht_kernel_call *call, const void *const *inputs, uint32_t i) {
    return i < call->input_count && call->inputs[i].type != HT_NONE ? inputs[i] : NULL;
}

static bool accept_quantize(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "quantizes f32 to u8, i8, u16, i16 or i32, without blocks";
    return call->inputs[0].type == HT_F32 && call->inputs[1].type == HT_F32 &&
           ht__is_code_type(call->outputs[0].type) && HT_PARAMETERS(ht_quantize_parameters, call)->block == 0;
}

static ht_status run_quantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                              void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const float *x = inputs[0], *scale = inputs[1];
    const void *zero_points = optional(call, inputs, 2);
    ht_type type = call->outputs[0].type;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    ht_channel_view view = ht__channel_view(&call->inputs[0], &call->inputs[1], p->axis);
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = ht__channel_of(&view, i), zero = zero_points != NULL ? ht__code_at(type, zero_points, c) : 0;
        float steps = p->ties_away ? roundf(x[i] / scale[c]) : rintf(x[i] / scale[c]);
        store_code(type, outputs[0], i, (double)steps + (double)zero, p);
    }
    return HT_OK;
}

const ht_kernel_variant ht__quantize_codes = {.name = "quantize_codes",
                                              .family = &ht__quantize_family,
                                              .accept = accept_quantize,
                                              .prepare = ht__kernel_keep_call,
                                              .run = run_quantize};

static bool accept_dequantize(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "dequantizes u8, i8, u16, i16 or i32 to f32, without blocks";
    return ht__is_code_type(call->inputs[0].type) && call->inputs[1].type == HT_F32 &&
           call->outputs[0].type == HT_F32 && HT_PARAMETERS(ht_quantize_parameters, call)->block == 0;
}

static ht_status run_dequantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const float *scale = inputs[1];
    const void *zero_points = optional(call, inputs, 2);
    ht_type type = call->inputs[0].type;
    float *y = outputs[0];
    ht_channel_view view =
        ht__channel_view(&call->inputs[0], &call->inputs[1], HT_PARAMETERS(ht_quantize_parameters, call)->axis);
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = ht__channel_of(&view, i), zero = zero_points != NULL ? ht__code_at(type, zero_points, c) : 0;
        y[i] = (float)(ht__code_at(type, inputs[0], i) - zero) * scale[c];
    }
    return HT_OK;
}

const ht_kernel_variant ht__dequantize_codes = {.name = "dequantize_codes",
                                                .family = &ht__dequantize_family,
                                                .accept = accept_dequantize,
                                                .prepare = ht__kernel_keep_call,
                                                .run = run_dequantize};
