/* Matrix products through oneDNN's sgemm, which packs both matrices at each run: for weights that change. Bias and
 * activation are a second sweep over y, which is small beside the product. */
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include "kernels/index.h"
#include "kernels/matmul/matmul.h"
#include "kernels/onednn/variants.h"

#define SMALLEST_WORK 32768 /* multiplications; below, matmul_f32_small is faster */

static bool plain(const ht_tensor_desc *desc) { return desc->layout == HT_LAYOUT_PLAIN || desc->rank < 3; }

static int64_t depth_of(const ht_kernel_call *call) {
    const ht_tensor_desc *a = &call->inputs[0];
    return a->dims[a->rank - (HT_PARAMETERS(ht_matmul_parameters, call)->transpose_a ? 2 : 1)];
}

static bool accept(const ht_kernel_call *call, const ht_kernel_env *env, const char **reason) {
    const ht_tensor_desc *y = &call->outputs[0];
    if (!ht__kernel_accept_f32(call, env, reason)) {
        return false;
    }
    if (!plain(&call->inputs[0]) || !plain(&call->inputs[1]) || !plain(y)) {
        *reason = "takes plain tensors";
        return false;
    }
    *reason = "constant weights are packed once by the runtime's kernels";
    if (ht__matmul_packs(call, env)) {
        return false;
    }
    *reason = "too small a product";
    return y->dims[y->rank - 2] * y->dims[y->rank - 1] * depth_of(call) >= SMALLEST_WORK && ht__desc_elements(y) != 0;
}

typedef struct sgemm_state {
    ht_kernel_call call;
    unsigned threads;
} sgemm_state;

static ht_status prepare(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_state *state, ht_error *err) {
    sgemm_state *own = ht__alloc(env->allocator, sizeof *own);
    if (own == NULL) {
        return ht__fail_memory(err, sizeof *own);
    }
    own->call = *call;
    own->threads = env->threads != 0 ? env->threads : 1;
    *state = (ht_kernel_state){own, sizeof *own, 0};
    return HT_OK;
}

/* y = activation(y + beta * c), rows of `columns`. */
static void finish(const ht_kernel_call *call, const float *c, float *y, int64_t rows, int64_t columns) {
    const ht_matmul_parameters *p = HT_PARAMETERS(ht_matmul_parameters, call);
    int64_t stride[HT_MAX_RANK] = {0};
    if (c != NULL) {
        ht__index_broadcast(&call->inputs[2], 2, stride);
    }
    for (int64_t i = 0; i < rows; ++i) {
        float *row = y + i * columns;
        for (int64_t j = 0; c != NULL && j < columns; ++j) {
            row[j] += p->beta * c[i * stride[0] + j * stride[1]];
        }
        for (int64_t j = 0; p->activation != HT_ACTIVATION_NONE && j < columns; ++j) {
            row[j] = ht__activate(p->activation, p->clip_low, p->clip_high, row[j]);
        }
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const sgemm_state *own = state->data;
    const ht_kernel_call *call = &own->call;
    const ht_matmul_parameters *p = HT_PARAMETERS(ht_matmul_parameters, call);
    const ht_tensor_desc *yd = &call->outputs[0];
    int32_t batch = yd->rank - 2;
    int64_t rows = yd->dims[batch], columns = yd->dims[batch + 1], depth = depth_of(call);
    int64_t stride_a[HT_MAX_RANK], stride_b[HT_MAX_RANK], stride_y[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    ht__index_broadcast(&call->inputs[0], yd->rank, stride_a);
    ht__index_broadcast(&call->inputs[1], yd->rank, stride_b);
    ht__desc_strides(yd, stride_y);
    const float *c = call->input_count > 2 && call->inputs[2].type != HT_NONE ? inputs[2] : NULL;
    int before = omp_get_max_threads();
    dnnl_status_t status = dnnl_success;
    omp_set_num_threads((int)own->threads);
    do {
        float *y = (float *)outputs[0] + ht__index_offset(batch, index, stride_y);
        status = dnnl_sgemm(p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N', rows, columns, depth, p->alpha,
                            (const float *)inputs[0] + ht__index_offset(batch, index, stride_a),
                            p->transpose_a ? rows : depth,
                            (const float *)inputs[1] + ht__index_offset(batch, index, stride_b),
                            p->transpose_b ? depth : columns, 0.0f, y, columns);
        if (c != NULL || p->activation != HT_ACTIVATION_NONE) {
            finish(call, c, y, rows, columns);
        }
    } while (status == dnnl_success && ht__index_next(batch, yd->dims, index));
    omp_set_num_threads(before);
    return status == dnnl_success ? HT_OK : HT_ERROR_INTERNAL;
}

const ht_kernel_variant ht__matmul_f32_onednn = {
    .name = "matmul_f32_onednn", .family = &ht__matmul_family, .accept = accept, .prepare = prepare, .run = run};
