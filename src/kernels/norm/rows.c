/* Batch normalisation of tensors whose channels lie side by side: channels-last maps and matrices, seen as rows of C
 * channels.
 *
 * Sums run in double over chunks of rows; their number depends on the shape only and they are added in order, so that
 * the result is the same for any number of threads. The elementwise part is y  = (x - mean) a + beta a = gamma
 * inverse_std dx = a dy + b (x - mean) + c        b = -a inverse_std dgamma / m,  c = -a dbeta / m
 */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "kernels/index.h"
#include "kernels/norm/variants.h"

#define CHUNK_ELEMENTS 16384 /* a chunk is worth a thread's while */
#define MOST_CHUNKS 64

typedef struct rows_state {
    int64_t rows, channels;
    int64_t chunks;
    ht_batch_norm_parameters parameters;
} rows_state;

/* Scratch: two sums per chunk and channel, then four coefficients per channel. */
typedef struct rows_scratch {
    double *first, *second; /* [chunks][channels] */
    float *a, *b, *c, *mean;
} rows_scratch;

static rows_scratch divide_scratch(const rows_state *s, void *scratch) {
    size_t sums = (size_t)(s->chunks * s->channels), channels = (size_t)s->channels;
    rows_scratch out = {.first = scratch};
    out.second = out.first + sums;
    out.a = (float *)(void *)(out.second + sums);
    out.b = out.a + channels;
    out.c = out.b + channels;
    out.mean = out.c + channels;
    return out;
}

static bool lies_in_rows(const ht_tensor_desc *x) {
    if (x->rank == 2 || (x->rank >= 3 && x->layout == HT_LAYOUT_CHANNELS_LAST)) {
        return true;
    }
    for (int32_t i = 2; i < x->rank; ++i) {
        if (x->dims[i] != 1) {
            return false;
        }
    }
    return x->rank >= 2;
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    const ht_tensor_desc *x = &call->inputs[0];
    if (!lies_in_rows(x) || call->outputs[0].layout != x->layout || ht__desc_elements(x) == 0) {
        *reason = "channels do not lie side by side";
        return false;
    }
    for (uint32_t i = 1; i < call->input_count; ++i) { /* the gradient's other maps */
        if (call->inputs[i].type != HT_NONE && call->inputs[i].rank > 1 && call->inputs[i].layout != x->layout) {
            *reason = "maps of different layouts";
            return false;
        }
    }
    return true;
}

static void bind(const ht_kernel_call *call, const void *packed, void *memory) {
    (void)packed;
    rows_state *own = memory;
    *own = (rows_state){.channels = call->inputs[0].dims[1]};
    own->rows = ht__desc_elements(&call->inputs[0]) / own->channels;
    int64_t chunks = own->rows * own->channels / CHUNK_ELEMENTS;
    chunks = chunks < 1 ? 1 : chunks > MOST_CHUNKS ? MOST_CHUNKS : chunks;
    own->chunks = chunks < own->rows ? chunks : own->rows;
    own->parameters = *HT_PARAMETERS(ht_batch_norm_parameters, call);
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    rows_state s;
    bind(call, NULL, &s);
    out->state_bytes = sizeof s;
    out->scratch_bytes = (size_t)s.channels * ((size_t)s.chunks * 2 * sizeof(double) + 4 * sizeof(float));
}

typedef struct rows_job {
    const rows_state *state;
    rows_scratch scratch;
    const float *x, *dy, *mask, *shift;
    float *y;
} rows_job;

static void chunk_rows(const rows_state *s, size_t chunk, int64_t *begin, int64_t *end) {
    *begin = s->rows * (int64_t)chunk / s->chunks;
    *end = s->rows * ((int64_t)chunk + 1) / s->chunks;
}

/* ---- y = (x - mean) a + beta ---- */

HT_CLONES
static void apply(const float *restrict x, float *restrict y, int64_t rows, int64_t channels,
                  const float *restrict mean, const float *restrict a, const float *restrict beta, bool relu) {
    for (int64_t r = 0; r < rows; ++r) {
        const float *in = x + r * channels;
        float *out = y + r * channels;
        if (relu) {
            for (int64_t c = 0; c < channels; ++c) {
                float value = (in[c] - mean[c]) * a[c] + beta[c];
                out[c] = value < 0.0f ? 0.0f : value;
            }
        } else {
            for (int64_t c = 0; c < channels; ++c) {
                out[c] = (in[c] - mean[c]) * a[c] + beta[c];
            }
        }
    }
}

static void apply_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    int64_t first, last, unused;
    chunk_rows(s, begin, &first, &unused);
    chunk_rows(s, end - 1, &unused, &last);
    apply(job->x + first * s->channels, job->y + first * s->channels, last - first, s->channels, job->scratch.mean,
          job->scratch.a, job->scratch.b, s->parameters.relu);
}

static ht_status run_inference(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                               void *scratch, ht_pool *pool) {
    const rows_state *s = state->data;
    const float *gamma = inputs[1], *beta = inputs[2], *mean = inputs[3], *variance = inputs[4];
    rows_job job = {.state = s, .scratch = divide_scratch(s, scratch), .x = inputs[0], .y = outputs[0]};
    for (int64_t c = 0; c < s->channels; ++c) {
        job.scratch.a[c] = (float)(gamma[c] / sqrt((double)variance[c] + (double)s->parameters.epsilon));
        job.scratch.b[c] = beta[c];
        job.scratch.mean[c] = mean[c];
    }
    ht__pool_run(pool, (size_t)s->chunks, 1, apply_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__batch_norm_f32_rows = {.name = "batch_norm_f32_rows",
                                                   .family = &ht__batch_norm_family,
                                                   .accept = accept,
                                                   .layout = layout,
                                                   .bind = bind,
                                                   .run = run_inference};

/* ---- training ---- */

/* first[c] = sum of x - shift, second[c] = sum of (x - shift)^2: the shift keeps the difference of squares exact
 * enough. */
HT_CLONES
static void moment_sums(const float *restrict x, int64_t rows, int64_t channels, const float *restrict shift,
                        double *restrict first, double *restrict second) {
    memset(first, 0, (size_t)channels * sizeof *first);
    memset(second, 0, (size_t)channels * sizeof *second);
    for (int64_t r = 0; r < rows; ++r) {
        const float *in = x + r * channels;
        for (int64_t c = 0; c < channels; ++c) {
            double d = (double)in[c] - (double)shift[c];
            first[c] += d;
            second[c] += d * d;
        }
    }
}

static void moments_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    for (size_t chunk = begin; chunk < end; ++chunk) {
        int64_t first, last;
        chunk_rows(s, chunk, &first, &last);
        size_t at = chunk * (size_t)s->channels;
        moment_sums(job->x + first * s->channels, last - first, s->channels, job->shift, job->scratch.first + at,
                    job->scratch.second + at);
    }
}

/* Adds the chunks' sums, in order, into those of the first chunk. */
static void add_chunks(const rows_state *s, const rows_scratch *scratch) {
    for (int64_t chunk = 1; chunk < s->chunks; ++chunk) {
        for (int64_t c = 0; c < s->channels; ++c) {
            scratch->first[c] += scratch->first[chunk * s->channels + c];
            scratch->second[c] += scratch->second[chunk * s->channels + c];
        }
    }
}

static ht_status run_train(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                           ht_pool *pool) {
    const rows_state *s = state->data;
    const float *gamma = inputs[1], *beta = inputs[2], *running_mean = inputs[3], *running_variance = inputs[4];
    float *new_mean = outputs[1], *new_variance = outputs[2], *batch_mean = outputs[3], *batch_inverse_std = outputs[4];
    rows_job job = {.state = s, .scratch = divide_scratch(s, scratch), .x = inputs[0], .y = outputs[0]};
    job.shift = job.x; /* the first row */
    ht__pool_run(pool, (size_t)s->chunks, 1, moments_part, &job);
    add_chunks(s, &job.scratch);
    double keep = s->parameters.momentum, count = (double)s->rows;
    for (int64_t c = 0; c < s->channels; ++c) {
        double shifted = job.scratch.first[c] / count;
        double mean = (double)job.shift[c] + shifted;
        double variance = job.scratch.second[c] / count - shifted * shifted;
        variance = variance < 0.0 ? 0.0 : variance;
        double inverse_std = 1.0 / sqrt(variance + (double)s->parameters.epsilon);
        new_mean[c] = (float)(keep * running_mean[c] + (1.0 - keep) * mean);
        new_variance[c] = (float)(keep * running_variance[c] + (1.0 - keep) * variance);
        batch_mean[c] = (float)mean;
        batch_inverse_std[c] = (float)inverse_std;
        job.scratch.mean[c] = (float)mean;
        job.scratch.a[c] = (float)(gamma[c] * inverse_std);
        job.scratch.b[c] = beta[c];
    }
    ht__pool_run(pool, (size_t)s->chunks, 1, apply_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__batch_norm_train_f32_rows = {.name = "batch_norm_train_f32_rows",
                                                         .family = &ht__batch_norm_train_family,
                                                         .accept = accept,
                                                         .layout = layout,
                                                         .bind = bind,
                                                         .run = run_train};

/* ---- gradient ---- */

/* first[c] = sum of d, second[c] = sum of d (x - mean), with d = dy where mask > 0 (no mask: everywhere). */
HT_CLONES
static void gradient_sums(const float *restrict dy, const float *restrict x, const float *restrict mask, int64_t rows,
                          int64_t channels, const float *restrict mean, double *restrict first,
                          double *restrict second) {
    memset(first, 0, (size_t)channels * sizeof *first);
    memset(second, 0, (size_t)channels * sizeof *second);
    for (int64_t r = 0; r < rows; ++r) {
        const float *d = dy + r * channels, *in = x + r * channels;
        if (mask != NULL) {
            const float *m = mask + r * channels;
            for (int64_t c = 0; c < channels; ++c) {
                double value = m[c] > 0.0f ? (double)d[c] : 0.0;
                first[c] += value;
                second[c] += value * ((double)in[c] - (double)mean[c]);
            }
        } else {
            for (int64_t c = 0; c < channels; ++c) {
                first[c] += (double)d[c];
                second[c] += (double)d[c] * ((double)in[c] - (double)mean[c]);
            }
        }
    }
}

HT_CLONES
static void apply_gradient(const float *restrict dy, const float *restrict x, const float *restrict mask,
                           float *restrict dx, int64_t rows, int64_t channels, const rows_scratch *k) {
    const float *restrict a = k->a, *restrict b = k->b, *restrict shift = k->c, *restrict mean = k->mean;
    for (int64_t r = 0; r < rows; ++r) {
        const float *d = dy + r * channels, *in = x + r * channels;
        float *out = dx + r * channels;
        if (mask != NULL) {
            const float *m = mask + r * channels;
            for (int64_t c = 0; c < channels; ++c) {
                float value = m[c] > 0.0f ? d[c] : 0.0f;
                out[c] = a[c] * value + b[c] * (in[c] - mean[c]) + shift[c];
            }
        } else {
            for (int64_t c = 0; c < channels; ++c) {
                out[c] = a[c] * d[c] + b[c] * (in[c] - mean[c]) + shift[c];
            }
        }
    }
}

static void gradient_sums_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    for (size_t chunk = begin; chunk < end; ++chunk) {
        int64_t first, last;
        chunk_rows(s, chunk, &first, &last);
        size_t at = chunk * (size_t)s->channels;
        int64_t offset = first * s->channels;
        gradient_sums(job->dy + offset, job->x + offset, job->mask != NULL ? job->mask + offset : NULL, last - first,
                      s->channels, job->scratch.mean, job->scratch.first + at, job->scratch.second + at);
    }
}

static void gradient_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const rows_job *job = argument;
    const rows_state *s = job->state;
    int64_t first, last, unused;
    chunk_rows(s, begin, &first, &unused);
    chunk_rows(s, end - 1, &unused, &last);
    int64_t offset = first * s->channels;
    apply_gradient(job->dy + offset, job->x + offset, job->mask != NULL ? job->mask + offset : NULL, job->y + offset,
                   last - first, s->channels, &job->scratch);
}

static ht_status run_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    const rows_state *s = state->data;
    const float *gamma = inputs[2], *mean = inputs[3], *inverse_std = inputs[4];
    float *dgamma = outputs[1], *dbeta = outputs[2];
    rows_job job = {.state = s,
                    .scratch = divide_scratch(s, scratch),
                    .dy = inputs[0],
                    .x = inputs[1],
                    .mask = s->parameters.relu ? inputs[5] : NULL,
                    .y = outputs[0]};
    memcpy(job.scratch.mean, mean, (size_t)s->channels * sizeof *mean);
    ht__pool_run(pool, (size_t)s->chunks, 1, gradient_sums_part, &job);
    add_chunks(s, &job.scratch);
    double count = (double)s->rows;
    for (int64_t c = 0; c < s->channels; ++c) {
        double inverse = inverse_std[c], product = job.scratch.second[c] * inverse, sum = job.scratch.first[c];
        double a = (double)gamma[c] * inverse;
        dgamma[c] = (float)product;
        dbeta[c] = (float)sum;
        job.scratch.a[c] = (float)a;
        job.scratch.b[c] = (float)(-a * inverse * product / count);
        job.scratch.c[c] = (float)(-a * sum / count);
    }
    ht__pool_run(pool, (size_t)s->chunks, 1, gradient_part, &job);
    return HT_OK;
}

const ht_kernel_variant ht__batch_norm_grad_f32_rows = {.name = "batch_norm_grad_f32_rows",
                                                        .family = &ht__batch_norm_grad_family,
                                                        .accept = accept,
                                                        .layout = layout,
                                                        .bind = bind,
                                                        .run = run_grad};
