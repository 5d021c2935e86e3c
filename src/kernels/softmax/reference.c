#include <math.h>

#include "kernels/index.h"
#include "kernels/softmax/variants.h"

/* A plain tensor seen as [outer, axis, inner]. */
typedef struct axis_view {
    int64_t outer, length, inner;
} axis_view;

static axis_view view_of(const ht_tensor_desc *desc, int32_t axis) {
    return (axis_view){ht__index_product(desc->dims, 0, axis), desc->dims[axis],
                       ht__index_product(desc->dims, axis + 1, desc->rank)};
}

/* y_i = exp(x_i - m) / sum_j exp(x_j - m), or x_i - m - log(sum), with m = max x; elements `step` apart. */
static void softmax_line(const float *x, float *y, int64_t length, int64_t step, bool logarithm) {
    float largest = x[0];
    for (int64_t i = 1; i < length; ++i) {
        float value = x[i * step];
        largest = value > largest || value != value ? value : largest;
    }
    double sum = 0.0;
    for (int64_t i = 0; i < length; ++i) {
        float power = expf(x[i * step] - largest);
        sum += power;
        y[i * step] = power;
    }
    double scale = 1.0 / sum, log_sum = log(sum);
    for (int64_t i = 0; i < length; ++i) {
        y[i * step] = (float)(logarithm ? (double)x[i * step] - largest - log_sum : y[i * step] * scale);
    }
}

static ht_status run_softmax(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                             void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_softmax_parameters *p = HT_PARAMETERS(ht_softmax_parameters, call);
    axis_view view = view_of(&call->inputs[0], p->axis);
    for (int64_t o = 0; view.length > 0 && o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
            int64_t at = o * view.length * view.inner + i;
            softmax_line((const float *)inputs[0] + at, (float *)outputs[0] + at, view.length, view.inner,
                         p->logarithm);
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__softmax_f32_lines = {
    .name = "softmax_f32_lines", .family = &ht__softmax_family, .accept = ht__kernel_accept_f32, .run = run_softmax};

/* softmax: dx_i = y_i (dy_i - sum_j dy_j y_j); log-softmax: dx_i = dy_i - exp(y_i) sum_j dy_j. */
static void softmax_grad_line(const float *y, const float *dy, float *dx, int64_t length, int64_t step,
                              bool logarithm) {
    double sum = 0.0;
    for (int64_t i = 0; i < length; ++i) {
        sum += logarithm ? (double)dy[i * step] : (double)dy[i * step] * y[i * step];
    }
    for (int64_t i = 0; i < length; ++i) {
        double value = dy[i * step];
        dx[i * step] = (float)(logarithm ? value - exp(y[i * step]) * sum : y[i * step] * (value - sum));
    }
}

static ht_status run_softmax_grad(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                                  void *scratch, ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_softmax_parameters *p = HT_PARAMETERS(ht_softmax_parameters, call);
    axis_view view = view_of(&call->inputs[0], p->axis);
    for (int64_t o = 0; view.length > 0 && o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
            int64_t at = o * view.length * view.inner + i;
            softmax_grad_line((const float *)inputs[0] + at, (const float *)inputs[1] + at, (float *)outputs[0] + at,
                              view.length, view.inner, p->logarithm);
        }
    }
    return HT_OK;
}

const ht_kernel_variant ht__softmax_grad_f32_reference = {.name = "softmax_grad_f32_reference",
                                                          .family = &ht__softmax_grad_family,
                                                          .accept = ht__kernel_accept_f32,
                                                          .run = run_softmax_grad};
