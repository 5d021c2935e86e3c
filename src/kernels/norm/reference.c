/* Batch normalisation, one channel after the other, in double. */
#include <math.h>

#include "kernels/index.h"
#include "kernels/norm/variants.h"

/* The elements of one channel: all dimensions of x but the channel's. */
typedef struct channel_walk {
    int32_t rank;
    int64_t dims[HT_MAX_RANK], strides[HT_MAX_RANK], index[HT_MAX_RANK];
    int64_t count;
} channel_walk;

static channel_walk walk_of(const ht_tensor_desc *x, int64_t *channel_stride) {
    channel_walk walk = {.rank = x->rank};
    ht__desc_strides(x, walk.strides);
    for (int32_t i = 0; i < x->rank; ++i) {
        walk.dims[i] = i == 1 ? 1 : x->dims[i];
    }
    walk.count = ht__index_product(walk.dims, 0, walk.rank);
    *channel_stride = walk.strides[1];
    return walk;
}

static int64_t offset_of(const channel_walk *walk) { return ht__index_offset(walk->rank, walk->index, walk->strides); }
static bool step(channel_walk *walk) { return ht__index_next(walk->rank, walk->dims, walk->index); }

/* y = gamma * (x - mean) * inverse_std + beta, then ReLU; x and y point at the channel. */
static void normalise(channel_walk *walk, const float *x, float *y, double mean, double inverse_std, double gamma,
                      double beta, bool relu) {
    do {
        int64_t at = offset_of(walk);
        float value = (float)(gamma * ((double)x[at] - mean) * inverse_std + beta);
        y[at] = relu && value < 0.0f ? 0.0f : value;
    } while (step(walk));
}

static ht_status run_inference(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                               void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_batch_norm_parameters *p = HT_PARAMETERS(ht_batch_norm_parameters, call);
    const float *gamma = inputs[1], *beta = inputs[2], *mean = inputs[3], *variance = inputs[4];
    int64_t stride;
    channel_walk walk = walk_of(&call->inputs[0], &stride);
    for (int64_t c = 0; walk.count > 0 && c < call->inputs[0].dims[1]; ++c) {
        normalise(&walk, (const float *)inputs[0] + c * stride, (float *)outputs[0] + c * stride, mean[c],
                  1.0 / sqrt((double)variance[c] + (double)p->epsilon), gamma[c], beta[c], p->relu);
    }
    return HT_OK;
}

const ht_kernel_variant ht__batch_norm_f32_reference = {.name = "batch_norm_f32_reference",
                                                        .family = &ht__batch_norm_family,
                                                        .accept = ht__kernel_accept_f32,
                                                        .run = run_inference};

/* Mean and biased variance of a channel. */
static void moments(channel_walk *walk, const float *x, double *mean, double *variance) {
    double sum = 0.0, squares = 0.0;
    do {
        sum += x[offset_of(walk)];
    } while (step(walk));
    *mean = sum / (double)walk->count;
    do {
        double deviation = (double)x[offset_of(walk)] - *mean;
        squares += deviation * deviation;
    } while (step(walk));
    *variance = squares / (double)walk->count;
}

static ht_status run_train(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                           ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_batch_norm_parameters *p = HT_PARAMETERS(ht_batch_norm_parameters, call);
    const float *gamma = inputs[1], *beta = inputs[2], *running_mean = inputs[3], *running_variance = inputs[4];
    float *new_mean = outputs[1], *new_variance = outputs[2], *batch_mean = outputs[3], *batch_inverse_std = outputs[4];
    double keep = p->momentum;
    int64_t stride;
    channel_walk walk = walk_of(&call->inputs[0], &stride);
    for (int64_t c = 0; c < call->inputs[0].dims[1]; ++c) {
        const float *x = (const float *)inputs[0] + c * stride;
        double mean = running_mean[c], variance = running_variance[c]; /* an empty batch changes nothing */
        if (walk.count > 0) {
            moments(&walk, x, &mean, &variance);
        }
        double inverse_std = 1.0 / sqrt(variance + (double)p->epsilon);
        new_mean[c] = (float)(keep * running_mean[c] + (1.0 - keep) * mean);
        new_variance[c] = (float)(keep * running_variance[c] + (1.0 - keep) * variance);
        batch_mean[c] = (float)mean;
        batch_inverse_std[c] = (float)inverse_std;
        if (walk.count > 0) {
            normalise(&walk, x, (float *)outputs[0] + c * stride, mean, inverse_std, gamma[c], beta[c], p->relu);
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__batch_norm_train_f32_reference = {.name = "batch_norm_train_f32_reference",
                                                              .family = &ht__batch_norm_train_family,
                                                              .accept = ht__kernel_accept_f32,
                                                              .run = run_train};

/* With z = (x - mean) * inverse_std over the m elements of the channel:
 * dbeta = sum dy, dgamma = sum dy z, dx = gamma inverse_std (dy - dbeta / m - z dgamma / m). */
static void channel_gradient(channel_walk *walk, const float *dy, const float *x, const float *y, float *dx,
                             double mean, double inverse_std, double gamma, float *dgamma, float *dbeta) {
    double sum = 0.0, product = 0.0;
    do {
        int64_t at = offset_of(walk);
        double d = y != NULL && !(y[at] > 0.0f) ? 0.0 : (double)dy[at];
        sum += d;
        product += d * ((double)x[at] - mean) * inverse_std;
    } while (step(walk));
    double each = 1.0 / (double)walk->count;
    do {
        int64_t at = offset_of(walk);
        double d = y != NULL && !(y[at] > 0.0f) ? 0.0 : (double)dy[at];
        double z = ((double)x[at] - mean) * inverse_std;
        dx[at] = (float)(gamma * inverse_std * (d - sum * each - z * product * each));
    } while (step(walk));
    *dgamma = (float)product;
    *dbeta = (float)sum;
}

static ht_status run_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                          ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_batch_norm_parameters *p = HT_PARAMETERS(ht_batch_norm_parameters, call);
    const float *dy = inputs[0], *x = inputs[1], *gamma = inputs[2], *mean = inputs[3], *inverse_std = inputs[4];
    const float *y = p->relu ? inputs[5] : NULL;
    float *dx = outputs[0], *dgamma = outputs[1], *dbeta = outputs[2];
    int64_t stride;
    channel_walk walk = walk_of(&call->inputs[1], &stride);
    for (int64_t c = 0; c < call->inputs[1].dims[1]; ++c) {
        int64_t at = c * stride;
        if (walk.count == 0) {
            dgamma[c] = dbeta[c] = 0.0f;
            continue;
        }
        channel_gradient(&walk, dy + at, x + at, y != NULL ? y + at : NULL, dx + at, mean[c], inverse_std[c], gamma[c],
                         dgamma + c, dbeta + c);
    }
    return HT_OK;
}

const ht_kernel_variant ht__batch_norm_grad_f32_reference = {.name = "batch_norm_grad_f32_reference",
                                                             .family = &ht__batch_norm_grad_family,
                                                             .accept = ht__kernel_accept_f32,
                                                             .run = run_grad};
