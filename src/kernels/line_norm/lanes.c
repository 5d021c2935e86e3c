/* Lines in f32 with eight sums at once, one line after the other on each thread. */
#include "kernels/lanes.h"
#include "base/clones.h"
#include "kernels/line_norm/variants.h"

#define GRAIN_ELEMENTS 16384

typedef struct lanes_job {
    const ht_line_norm_parameters *parameters;
    int64_t scales, shifts;
    const float *x, *scale, *shift; /* the last two NULL when absent */
    float *y, *mean, *inverse_std;  /* the last two NULL when nobody reads them */
} lanes_job;

static double sum_lanes(const ht_lanes *sum) {
    double total = 0.0;
    for (int i = 0; i < HT_LANES; ++i) {
        total += (double)(*sum)[i];
    }
    return total;
}

/* sum of (x - mean), or of its square. */
HT_INLINE double sum_line(const float *x, int64_t length, float mean, bool squared) {
    ht_lanes sum = {0};
    int64_t i = 0;
    for (; i + HT_LANES <= length; i += HT_LANES) {
        ht_lanes part;
        ht__lanes_load(&part, x + i, HT_LANES);
        part -= mean;
        sum += squared ? part * part : part;
    }
    double total = sum_lanes(&sum);
    for (; i < length; ++i) {
        double deviation = (double)(x[i] - mean);
        total += squared ? deviation * deviation : deviation;
    }
    return total;
}

/* Elements begin .. end-1 of x, whose scale and shift follow one another (stride 1) or are one number (stride 0). */
HT_INLINE void apply(const lanes_job *job, int64_t begin, int64_t end, float mean, float inverse_std,
                     const float *scale, const float *shift, int64_t stride) {
    for (int64_t i = begin; i < end; ++i) {
        int64_t at = (i - begin) * stride;
        float factor = scale != NULL ? scale[at] : 1.0f, offset = shift != NULL ? shift[at] : 0.0f;
        job->y[i] = (job->x[i] - mean) * inverse_std * factor + offset;
    }
}

static const float *at_element(const float *data, int64_t count, int64_t index) {
    return data != NULL ? data + index % count : NULL;
}

/* One stretch of the line after the other in which the scale has one number, or runs without a break. */
HT_INLINE void apply_line(const lanes_job *job, int64_t begin, int64_t end, float mean, float inverse_std) {
    int64_t step = job->parameters->step, period = job->scale != NULL ? job->scales : job->shifts;
    bool runs = step == 1 && period > 1;
    for (int64_t i = begin; i < end;) {
        int64_t index = i / step, next = runs ? i + period - index % period : period > 1 ? (index + 1) * step : end;
        next = next < end ? next : end;
        apply(job, i, next, mean, inverse_std, at_element(job->scale, job->scales, index),
              at_element(job->shift, job->shifts, index), runs ? 1 : 0);
        i = next;
    }
}

HT_CLONES static void normalise_lines(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const lanes_job *job = argument;
    const ht_line_norm_parameters *p = job->parameters;
    for (size_t line = begin; line < end; ++line) {
        int64_t first = (int64_t)line * p->length;
        const float *x = job->x + first;
        float mean = p->centred ? (float)(sum_line(x, p->length, 0.0f, false) / (double)p->length) : 0.0f;
        double variance = sum_line(x, p->length, mean, true) / (double)p->length;
        float inverse_std = (float)(1.0 / sqrt(variance + (double)p->epsilon));
        apply_line(job, first, first + p->length, mean, inverse_std);
        if (job->mean != NULL) {
            job->mean[line] = mean;
        }
        if (job->inverse_std != NULL) {
            job->inverse_std[line] = inverse_std;
        }
    }
}

static bool is_present(const ht_tensor_desc *descs, uint32_t count, uint32_t i) {
    return i < count && descs[i].type != HT_NONE;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    const ht_line_norm_parameters *p = HT_PARAMETERS(ht_line_norm_parameters, call);
    bool scaled = is_present(call->inputs, call->input_count, 1),
         moved = is_present(call->inputs, call->input_count, 2);
    lanes_job job = {.parameters = p,
                     .scales = scaled ? ht__desc_elements(&call->inputs[1]) : 1,
                     .shifts = moved ? ht__desc_elements(&call->inputs[2]) : 1,
                     .x = inputs[0],
                     .scale = scaled ? inputs[1] : NULL,
                     .shift = moved ? inputs[2] : NULL,
                     .y = outputs[0],
                     .mean = is_present(call->outputs, call->output_count, 1) ? outputs[1] : NULL,
                     .inverse_std = is_present(call->outputs, call->output_count, 2) ? outputs[2] : NULL};
    size_t lines = (size_t)(ht__desc_elements(&call->inputs[0]) / p->length);
    ht__pool_run(pool, lines, (size_t)(GRAIN_ELEMENTS / p->length + 1), normalise_lines, &job);
    return HT_OK;
}

/* Scale and shift, where both are there, have equally many elements. */
static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    bool both = is_present(call->inputs, call->input_count, 1) && is_present(call->inputs, call->input_count, 2);
    if (both && ht__desc_elements(&call->inputs[1]) != ht__desc_elements(&call->inputs[2])) {
        *reason = "scale and shift differ in size";
        return false;
    }
    return true;
}

const ht_kernel_variant ht__line_norm_f32_lanes = {
    .name = "line_norm_f32_lanes", .family = &ht__line_norm_family, .accept = accept, .run = run};
