#include "train/optimizer.h"

#include <math.h>

#include "base/clones.h"

/* Elements per block of a sum, and the least a thread is given. */
#define BLOCK 4096

ht_status ht__optimizer_create(const ht_allocator *allocator, const ht_train_options *recipe, size_t count,
                               ht_optimizer_state *out, ht_error *err) {
    *out = (ht_optimizer_state){.kind = recipe->optimizer, .count = count};
    bool adam = recipe->optimizer != HT_OPTIMIZER_SGD;
    if (adam || recipe->momentum > 0) {
        out->first = ht__calloc(allocator, count, sizeof *out->first);
    }
    if (adam) {
        out->second = ht__calloc(allocator, count, sizeof *out->second);
    }
    if (((adam || recipe->momentum > 0) && out->first == NULL) || (adam && out->second == NULL)) {
        ht__optimizer_destroy(allocator, out);
        return ht__fail_memory(err, count * sizeof(float));
    }
    return HT_OK;
}

void ht__optimizer_destroy(const ht_allocator *allocator, ht_optimizer_state *state) {
    ht__free(allocator, state->first);
    ht__free(allocator, state->second);
    state->first = state->second = NULL;
}

size_t ht__optimizer_bytes(const ht_optimizer_state *state) {
    return ((state->first != NULL) + (state->second != NULL)) * state->count * sizeof(float);
}

/* ---- the gradient's norm ---- */

typedef struct norm_job {
    const float *values;
    size_t count;
    double *sums; /* one per block */
} norm_job;

/* Eight running sums, so that the loop can be a vector loop without changing the order of additions. */
HT_CLONES static double square_sum(const float *values, size_t count) {
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (size_t k = 0; k < 8; ++k) {
            double value = (double)values[i + k];
            sums[k] += value * value;
        }
    }
    for (; i < count; ++i) {
        sums[i % 8] += (double)values[i] * (double)values[i];
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static void norm_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    norm_job *job = argument;
    for (size_t block = begin; block < end; ++block) {
        size_t first = block * BLOCK, left = job->count - first;
        job->sums[block] = square_sum(job->values + first, left < BLOCK ? left : BLOCK);
    }
}

double ht__gradient_norm(ht_pool *pool, const float *gradients, size_t count) {
    double sum = 0;
    double sums[256];
    const size_t most = 256 * (size_t)BLOCK; /* so that the sums fit on the stack */
    for (size_t done = 0; done < count; done += most) {
        size_t now = count - done < most ? count - done : most;
        size_t blocks = (now + BLOCK - 1) / BLOCK;
        norm_job job = {gradients + done, now, sums};
        ht__pool_run(pool, blocks, 16, norm_part, &job);
        for (size_t block = 0; block < blocks; ++block) {
            sum += sums[block];
        }
    }
    return sqrt(sum);
}

/* ---- updates ---- */

typedef struct update_job {
    float *parameters;
    const float *gradients;
    float *first, *second;
    float rate, decay, limit;                  /* limit: of each gradient value, INFINITY without clipping */
    float scale;                               /* of the gradient, from clipping by norm */
    float beta1, beta2, rest1, rest2, epsilon; /* rest: 1 - beta, rounded once */
    float step_size, correction;               /* Adam: rate / (1 - b1^t) and 1 / sqrt(1 - b2^t) */
    float shrink;                              /* AdamW: 1 - rate * weight_decay */
    float momentum;
    bool nesterov, first_step;
} update_job;

static inline float clipped(const update_job *job, float gradient) {
    float g = gradient * job->scale;
    g = g < -job->limit ? -job->limit : g;
    return g > job->limit ? job->limit : g;
}

/* The averages of a weight whose gradient stays 0 shrink without end; below this they become 0, before they are
 * denormal numbers, with which processors compute a hundred times slower. It changes an update by less than 1e-28 of
 * the rate. */
static inline float settled(float average) { return fabsf(average) < 1e-36f ? 0.0f : average; }

HT_CLONES static void adam_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const update_job job = *(const update_job *)argument;
    float *restrict p = job.parameters, *restrict m = job.first, *restrict v = job.second;
    const float *restrict gradients = job.gradients;
    for (size_t i = begin; i < end; ++i) {
        float g = clipped(&job, gradients[i]) + job.decay * p[i];
        m[i] = settled(job.beta1 * m[i] + job.rest1 * g);
        v[i] = settled(job.beta2 * v[i] + job.rest2 * (g * g));
        p[i] = p[i] * job.shrink - job.step_size * (m[i] / (sqrtf(v[i]) * job.correction + job.epsilon));
    }
}

HT_CLONES static void momentum_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const update_job job = *(const update_job *)argument;
    float *restrict p = job.parameters, *restrict m = job.first;
    const float *restrict gradients = job.gradients;
    for (size_t i = begin; i < end; ++i) {
        float g = clipped(&job, gradients[i]) + job.decay * p[i];
        m[i] = job.first_step ? g : settled(job.momentum * m[i] + g);
        p[i] -= job.rate * (job.nesterov ? g + job.momentum * m[i] : m[i]);
    }
}

HT_CLONES static void sgd_part(void *argument, size_t begin, size_t end, unsigned part) {
    (void)part;
    const update_job job = *(const update_job *)argument;
    float *restrict p = job.parameters;
    const float *restrict gradients = job.gradients;
    for (size_t i = begin; i < end; ++i) {
        p[i] -= job.rate * (clipped(&job, gradients[i]) + job.decay * p[i]);
    }
}

ht_status ht__optimizer_step(ht_optimizer_state *state, const ht_train_options *recipe, double rate, ht_pool *pool,
                             float *parameters, const float *gradients, ht_error *err) {
    double scale = 1;
    if (recipe->clip_norm > 0) {
        double norm = ht__gradient_norm(pool, gradients, state->count);
        if (!isfinite(norm)) {
            return ht__fail(err, HT_ERROR_NUMERIC, "The gradient is not finite after %llu steps.",
                            (unsigned long long)state->steps);
        }
        /* The small constant is PyTorch's, so that the two can be compared. */
        scale = recipe->clip_norm / (norm + 1e-6);
        scale = scale < 1 ? scale : 1;
    }
    double steps = (double)++state->steps;
    bool decoupled = state->kind == HT_OPTIMIZER_ADAMW;
    update_job job = {.parameters = parameters,
                      .gradients = gradients,
                      .first = state->first,
                      .second = state->second,
                      .rate = (float)rate,
                      .scale = (float)scale,
                      .decay = decoupled ? 0.0f : (float)recipe->weight_decay,
                      .limit = recipe->clip_value > 0 ? (float)recipe->clip_value : INFINITY,
                      .beta1 = (float)recipe->beta1,
                      .beta2 = (float)recipe->beta2,
                      .rest1 = (float)(1 - recipe->beta1),
                      .rest2 = (float)(1 - recipe->beta2),
                      .epsilon = (float)recipe->epsilon,
                      .step_size = (float)(rate / (1 - pow(recipe->beta1, steps))),
                      .correction = (float)(1 / sqrt(1 - pow(recipe->beta2, steps))),
                      .shrink = decoupled ? (float)(1 - rate * recipe->weight_decay) : 1.0f,
                      .momentum = (float)recipe->momentum,
                      .nesterov = recipe->nesterov,
                      .first_step = steps == 1};
    ht_pool_work *work = state->second != NULL ? adam_part : state->first != NULL ? momentum_part : sgd_part;
    ht__pool_run(pool, state->count, 4 * (size_t)BLOCK, work, &job);
    return HT_OK;
}
