#include <math.h>

#include "kernels/softmax/variants.h"
#include "numeric/elementary_f32.h"

/* Is the row counted? Labels below 0 are not; *valid becomes false for one that is no class index. */
static bool counted(float label, int64_t classes, bool *valid) {
    if (label < 0.0f) {
        return false;
    }
    *valid = *valid && label < (float)classes; /* false for NaN */
    return *valid;
}

static ht_status count_rows(const float *labels, int64_t rows, int64_t classes, int64_t *count) {
    bool valid = true;
    *count = 0;
    for (int64_t n = 0; n < rows; ++n) {
        *count += counted(labels[n], classes, &valid) ? 1 : 0;
    }
    return valid ? HT_OK : HT_ERROR_ARGUMENT;
}

/* One row: probabilities, and the loss -sum_k t_k log p_k = log(sum_j exp(x_j)) - sum_k t_k x_k with
 * t = (1 - s) onehot(label) + s / K. A label < 0 gives loss 0. */
static double cross_entropy_row(const float *x, float label, int64_t classes, float smoothing, float *probabilities) {
    float largest = x[0];
    for (int64_t k = 1; k < classes; ++k) {
        largest = x[k] > largest || x[k] != x[k] ? x[k] : largest;
    }
    double sum = 0.0, total = 0.0;
    for (int64_t k = 0; k < classes; ++k) {
        float power = ht__exp_f32(x[k] - largest);
        sum += power;
        total += (double)x[k] - largest;
        probabilities[k] = power;
    }
    double scale = 1.0 / sum;
    for (int64_t k = 0; k < classes; ++k) {
        probabilities[k] = (float)(probabilities[k] * scale);
    }
    if (label < 0.0f) {
        return 0.0;
    }
    double own = (double)x[(int64_t)label] - largest;
    return log(sum) - (1.0 - (double)smoothing) * own - (double)smoothing * total / (double)classes;
}

static ht_status run_cross_entropy(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                   void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_softmax_parameters *p = HT_PARAMETERS(ht_softmax_parameters, call);
    int64_t rows = call->inputs[0].dims[0], classes = call->inputs[0].dims[1], count = 0;
    const float *logits = inputs[0], *labels = inputs[1];
    float *probabilities = outputs[1];
    HT_TRY(count_rows(labels, rows, classes, &count));
    double loss = 0.0;
    for (int64_t n = 0; classes > 0 && n < rows; ++n) {
        loss += cross_entropy_row(logits + n * classes, labels[n], classes, p->smoothing, probabilities + n * classes);
    }
    *(float *)outputs[0] = (float)(count > 0 ? loss / (double)count : 0.0);
    return HT_OK;
}

const ht_kernel_variant ht__cross_entropy_f32_reference = {.name = "cross_entropy_f32_reference",
                                                           .family = &ht__cross_entropy_family,
                                                           .accept = ht__kernel_accept_f32,
                                                           .run = run_cross_entropy};

static ht_status run_cross_entropy_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                        void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_softmax_parameters *p = HT_PARAMETERS(ht_softmax_parameters, call);
    int64_t rows = call->inputs[0].dims[0], classes = call->inputs[0].dims[1], count = 0;
    const float *probabilities = inputs[0], *labels = inputs[1];
    float *dlogits = outputs[0];
    HT_TRY(count_rows(labels, rows, classes, &count));
    double each = count > 0 ? 1.0 / (double)count : 0.0, spread = (double)p->smoothing / (double)classes;
    for (int64_t n = 0; n < rows; ++n) {
        int64_t label = labels[n] < 0.0f ? -1 : (int64_t)labels[n];
        for (int64_t k = 0; k < classes; ++k) {
            double target = spread + (k == label ? 1.0 - (double)p->smoothing : 0.0);
            double value = ((double)probabilities[n * classes + k] - target) * each;
            dlogits[n * classes + k] = label < 0 ? 0.0f : (float)value;
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__cross_entropy_grad_f32_reference = {.name = "cross_entropy_grad_f32_reference",
                                                                .family = &ht__cross_entropy_grad_family,
                                                                .accept = ht__kernel_accept_f32,
                                                                .run = run_cross_entropy_grad};

static ht_status run_squared_error(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                   void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    int64_t elements = ht__desc_elements(&call->inputs[0]);
    const float *y = inputs[0], *target = inputs[1];
    double sum = 0.0;
    for (int64_t i = 0; i < elements; ++i) {
        double error = (double)y[i] - target[i];
        sum += error * error;
    }
    *(float *)outputs[0] = (float)(elements > 0 ? sum / (double)elements : 0.0);
    return HT_OK;
}

const ht_kernel_variant ht__squared_error_f32_reference = {.name = "squared_error_f32_reference",
                                                           .family = &ht__squared_error_family,
                                                           .accept = ht__kernel_accept_f32,
                                                           .run = run_squared_error};

static ht_status run_squared_error_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                        void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    int64_t elements = ht__desc_elements(&call->inputs[0]);
    const float *y = inputs[0], *target = inputs[1];
    float *dy = outputs[0];
    for (int64_t i = 0; i < elements; ++i) {
        dy[i] = (float)(2.0 * ((double)y[i] - target[i]) / (double)elements);
    }
    return HT_OK;
}

const ht_kernel_variant ht__squared_error_grad_f32_reference = {.name = "squared_error_grad_f32_reference",
                                                                .family = &ht__squared_error_grad_family,
                                                                .accept = ht__kernel_accept_f32,
                                                                .run = run_squared_error_grad};
