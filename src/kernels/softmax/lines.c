#include <math.h>

#include "base/clones.h"
#include "kernels/index.h"
#include "kernels/lanes.h"
#include "kernels/softmax/variants.h"
#include "numeric/elementary_f32.h"

#define GRAIN 16384 /* elements per thread that make a second thread worth while */

/* A plain tensor seen as [outer, axis, inner]. */
typedef struct axis_view {
    int64_t outer, length, inner;
} axis_view;

static axis_view view_of(const ht_tensor_desc *desc, int32_t axis) {
    return (axis_view){ht__index_product(desc->dims, 0, axis), desc->dims[axis],
                       ht__index_product(desc->dims, axis + 1, desc->rank)};
}

typedef double wide_lanes __attribute__((vector_size(sizeof(double) * HT_LANES)));

/* The largest, or a NaN if there is one. */
HT_CLONES
static float largest_of(const float *restrict x, int64_t length) {
    float largest = x[0];
    int64_t whole = length / HT_LANES * HT_LANES;
    ht_lanes lanes = {0}, some;
    lanes += largest;
    for (int64_t i = 0; i < whole; i += HT_LANES) {
        memcpy(&some, x + i, sizeof some);
        ht_lanes_mask chosen = (some > lanes) | (some != some);
        lanes = (ht_lanes)(((ht_lanes_mask)some & chosen) | ((ht_lanes_mask)lanes & ~chosen));
    }
    for (int64_t i = whole; i < length; ++i) {
        largest = x[i] > largest || x[i] != x[i] ? x[i] : largest;
    }
    for (int k = 0; k < HT_LANES; ++k) {
        largest = lanes[k] > largest || lanes[k] != lanes[k] ? lanes[k] : largest;
    }
    return largest;
}

/* y_i = exp(x_i - largest). */
HT_CLONES
static void powers_of(const float *restrict x, float *restrict y, int64_t length, float largest) {
    for (int64_t i = 0; i < length; ++i) {
        y[i] = ht__exp_f32(x[i] - largest);
    }
}

/* The sum of each eighth, then of these and the rest. */
HT_CLONES
static double sum_of(const float *restrict y, int64_t length) {
    int64_t whole = length / HT_LANES * HT_LANES;
    wide_lanes sums = {0};
    double sum = 0.0;
    for (int64_t i = 0; i < whole; i += HT_LANES) {
        ht_lanes some;
        memcpy(&some, y + i, sizeof some);
        sums += __builtin_convertvector(some, wide_lanes);
    }
    for (int k = 0; k < HT_LANES; ++k) {
        sum += sums[k];
    }
    for (int64_t i = whole; i < length; ++i) {
        sum += (double)y[i];
    }
    return sum;
}

HT_CLONES
static void finish(const float *restrict x, float *restrict y, int64_t length, double largest, double sum,
                   double log_sum, bool logarithm) {
    double scale = 1.0 / sum;
    if (logarithm) {
        for (int64_t i = 0; i < length; ++i) {
            y[i] = (float)((double)x[i] - largest - log_sum);
        }
    } else {
        for (int64_t i = 0; i < length; ++i) {
            y[i] = (float)((double)y[i] * scale);
        }
    }
}

/* y_i = exp(x_i - m) / sum_j exp(x_j - m), or x_i - m - log(sum), with m = max x. */
static void softmax_line(const float *x, float *y, int64_t length, bool logarithm) {
    float largest = largest_of(x, length);
    powers_of(x, y, length, largest);
    double sum = sum_of(y, length);
    finish(x, y, length, (double)largest, sum, log(sum), logarithm);
}

/* The same for elements `step` apart. */
static void softmax_apart(const float *x, float *y, int64_t length, int64_t step, bool logarithm) {
    float largest = x[0];
    for (int64_t i = 1; i < length; ++i) {
        float value = x[i * step];
        largest = value > largest || value != value ? value : largest;
    }
    double sum = 0.0;
    for (int64_t i = 0; i < length; ++i) {
        y[i * step] = ht__exp_f32(x[i * step] - largest);
        sum += (double)y[i * step];
    }
    double scale = 1.0 / sum, log_sum = log(sum);
    for (int64_t i = 0; i < length; ++i) {
        y[i * step] =
            (float)(logarithm ? (double)x[i * step] - (double)largest - log_sum : (double)y[i * step] * scale);
    }
}

typedef struct softmax_job {
    axis_view view;
    const float *x;
    float *y;
    bool logarithm;
} softmax_job;

static void softmax_part(void *argument, size_t begin, size_t end, unsigned number) {
    (void)number;
    const softmax_job *job = argument;
    int64_t length = job->view.length, inner = job->view.inner;
    for (int64_t line = (int64_t)begin; line < (int64_t)end; ++line) {
        int64_t at = line / inner * length * inner + line % inner;
        if (inner == 1) {
            softmax_line(job->x + at, job->y + at, length, job->logarithm);
        } else {
            softmax_apart(job->x + at, job->y + at, length, inner, job->logarithm);
        }
    }
}

static ht_status run_softmax(const ht_kernel_state *state, const void *const *inputs, void *const *outputs,
                             void *scratch, ht_pool *pool) {
    (void)scratch;
    const ht_kernel_call *call = state->data;
    const ht_softmax_parameters *p = HT_PARAMETERS(ht_softmax_parameters, call);
    softmax_job job = {view_of(&call->inputs[0], p->axis), inputs[0], outputs[0], p->logarithm};
    if (job.view.length > 0) {
        ht__pool_run(pool, (size_t)(job.view.outer * job.view.inner), (size_t)(GRAIN / job.view.length + 1),
                     softmax_part, &job);
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
