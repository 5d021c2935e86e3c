/* Between f32 and the integer types, one scale for all or one per channel. */
#include <math.h>

#include "base/clones.h"
#include "kernels/codes.h"
#include "kernels/lanes.h"
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

#define STRETCH 512
#define GRAIN 16384 /* elements per thread that make a second thread worth while */

typedef struct flat_job {
    const void *x;
    void *y;
    ht_type type; /* of the codes */
    float scale, low, high;
    int32_t zero;
} flat_job;

/* Codes with one scale for all, ties to even. (Codes of at most 16 bits are exact in f32 with their zero point.) */
HT_CLONES
static void quantize_row(const flat_job *job, const float *restrict x, int64_t count, int32_t *restrict codes) {
    float scale = job->scale, low = job->low, high = job->high;
    int32_t zero = job->zero;
    for (int64_t i = 0; i < count; ++i) {
        float code = rintf(x[i] / scale);
        code = code < low ? low : code > high ? high : code;
        codes[i] = (int32_t)(code == code ? code : (float)-zero) + zero; /* NaN gives the code 0 */
    }
}

static void quantize_part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const flat_job *job = argument;
    int32_t codes[STRETCH];
    for (size_t i = begin; i < end; i += STRETCH) {
        int64_t some = end - i < STRETCH ? (int64_t)(end - i) : STRETCH;
        quantize_row(job, (const float *)job->x + i, some, codes);
        ht__codes_store(job->type, job->y, (int64_t)i, 1, some, codes);
    }
}

static ht_status run_quantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                              void *scratch, ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    const float *x = inputs[0], *scale = inputs[1];
    const void *zero_points = optional(call, inputs, 2);
    ht_type type = call->outputs[0].type;
    const ht_quantize_parameters *p = HT_PARAMETERS(ht_quantize_parameters, call);
    ht_channel_view view = ht__channel_view(&call->inputs[0], &call->inputs[1], p->axis);
    if (view.elements > 0 && view.channels == 1 && !p->ties_away && type != HT_I32) {
        bool whole = p->low == 0.0f && p->high == 0.0f;
        flat_job job = {.x = x, .y = outputs[0], .type = type, .scale = scale[0]};
        job.zero = zero_points != NULL ? ht__code_at(type, zero_points, 0) : 0;
        job.low = (whole ? (float)ht__code_low(type) : p->low) - (float)job.zero;
        job.high = (whole ? (float)ht__code_high(type) : p->high) - (float)job.zero;
        ht__pool_run(pool, (size_t)view.elements, GRAIN, quantize_part, &job);
        return HT_OK;
    }
    for (int64_t i = 0; i < view.elements; ++i) {
        int64_t c = ht__channel_of(&view, i), zero = zero_points != NULL ? ht__code_at(type, zero_points, c) : 0;
        float steps = p->ties_away ? roundf(x[i] / scale[c]) : rintf(x[i] / scale[c]);
        store_code(type, outputs[0], i, (double)steps + (double)zero, p);
    }
    return HT_OK;
}

const ht_kernel_variant ht__quantize_codes = {
    .name = "quantize_codes", .family = &ht__quantize_family, .accept = accept_quantize, .run = run_quantize};

/* ---- with a scale of its own ---- */

/* The least and the largest number, and 0; NaN is passed over. */
HT_CLONES
static void extremes(const float *restrict x, int64_t count, float *low, float *high) {
    ht_lanes least = {0}, most = {0}, some;
    int64_t whole = count / HT_LANES * HT_LANES;
    for (int64_t i = 0; i < whole; i += HT_LANES) {
        memcpy(&some, x + i, sizeof some);
        ht_lanes_mask below = some<least, above = some> most;
        least = (ht_lanes)(((ht_lanes_mask)some & below) | ((ht_lanes_mask)least & ~below));
        most = (ht_lanes)(((ht_lanes_mask)some & above) | ((ht_lanes_mask)most & ~above));
    }
    *low = *high = 0.0f;
    for (int64_t i = whole; i < count; ++i) {
        *low = x[i] < *low ? x[i] : *low;
        *high = x[i] > *high ? x[i] : *high;
    }
    for (int k = 0; k < HT_LANES; ++k) {
        *low = least[k] < *low ? least[k] : *low;
        *high = most[k] > *high ? most[k] : *high;
    }
}

static ht_status run_dynamic(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                             void *scratch, ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    int64_t elements = ht__desc_elements(&call->inputs[0]);
    float low, high;
    extremes(inputs[0], elements, &low, &high);
    flat_job job = {.x = inputs[0], .y = outputs[0], .type = HT_U8, .scale = high > low ? (high - low) / 255.0f : 1.0f};
    float zero = rintf(-low / job.scale);
    job.zero = (int32_t)(zero > 0.0f ? (zero < 255.0f ? zero : 255.0f) : 0.0f);
    job.low = 0.0f - (float)job.zero;
    job.high = 255.0f - (float)job.zero;
    if (call->output_count > 1 && call->outputs[1].type != HT_NONE) {
        *(float *)outputs[1] = job.scale;
    }
    if (call->output_count > 2 && call->outputs[2].type != HT_NONE) {
        *(uint8_t *)outputs[2] = (uint8_t)job.zero;
    }
    ht__pool_run(pool, (size_t)elements, GRAIN, quantize_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__dynamic_quantize_flat = {.name = "dynamic_quantize_flat",
                                                     .family = &ht__dynamic_quantize_family,
                                                     .accept = ht__kernel_accept_all,
                                                     .run = run_dynamic};

/* ---- back ---- */

static bool accept_dequantize(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    (void)env;
    *reason = "dequantizes u8, i8, u16, i16 or i32 to f32, without blocks";
    return ht__is_code_type(call->inputs[0].type) && call->inputs[1].type == HT_F32 &&
           call->outputs[0].type == HT_F32 && HT_PARAMETERS(ht_quantize_parameters, call)->block == 0;
}

/* Codes minus their zero point, times one scale (step 0) or one each (step 1). */
HT_CLONES
static void dequantize_row(const int32_t *restrict codes, int64_t count, const float *restrict scale, int64_t step,
                           float *restrict y) {
    if (step == 0) {
        float s = *scale;
        for (int64_t i = 0; i < count; ++i) {
            y[i] = (float)codes[i] * s;
        }
    } else {
        for (int64_t i = 0; i < count; ++i) {
            y[i] = (float)codes[i] * scale[i];
        }
    }
}

typedef struct back_job {
    const void *codes, *zero_points;
    const float *scale;
    float *y;
    ht_type type;
    ht_channel_view view;
} back_job;

static void dequantize_part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const back_job *job = argument;
    const ht_channel_view *view = &job->view;
    /* A row ends where the scale changes, or, with a scale per element, where the channels begin again. */
    int64_t length = view->channels == 1 ? view->elements : view->inner == 1 ? view->channels : view->inner;
    int64_t step = view->channels > 1 && view->inner == 1;
    int32_t codes[STRETCH];
    for (int64_t i = (int64_t)begin; i < (int64_t)end;) {
        int64_t row_end = (i / length + 1) * length, count = (row_end < (int64_t)end ? row_end : (int64_t)end) - i;
        int64_t channel = ht__channel_of(view, i);
        count = count < STRETCH ? count : STRETCH;
        bool one_zero = step == 0 || job->zero_points == NULL;
        int32_t zero = one_zero && job->zero_points != NULL ? ht__code_at(job->type, job->zero_points, channel) : 0;
        ht__codes_load(job->type, job->codes, i, 1, count, zero, codes);
        for (int64_t k = 0; !one_zero && k < count; ++k) {
            codes[k] -= ht__code_at(job->type, job->zero_points, channel + k);
        }
        dequantize_row(codes, count, job->scale + channel, step, job->y + i);
        i += count;
    }
}

static ht_status run_dequantize(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                void *scratch, ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    back_job job = {.codes = inputs[0],
                    .zero_points = optional(call, inputs, 2),
                    .scale = inputs[1],
                    .y = outputs[0],
                    .type = call->inputs[0].type,
                    .view = ht__channel_view(&call->inputs[0], &call->inputs[1],
                                             HT_PARAMETERS(ht_quantize_parameters, call)->axis)};
    ht__pool_run(pool, (size_t)job.view.elements, GRAIN, dequantize_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__dequantize_codes = {
    .name = "dequantize_codes", .family = &ht__dequantize_family, .accept = accept_dequantize, .run = run_dequantize};
