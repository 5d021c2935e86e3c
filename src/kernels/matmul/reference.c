#include "kernels/index.h"
#include "kernels/matmul/variants.h"

/* One product of two matrices: element strides of rows and columns (i, k), (k, j), (i, j). */
typedef struct matrix {
    int64_t row, column;
} matrix;

static void multiply(const ht_matmul_parameters *p, int64_t rows, int64_t columns, int64_t depth, const float *a,
                     matrix sa, const float *b, matrix sb, const float *c, matrix sc, float *y, matrix sy) {
    for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
            float sum = 0.0f;
            for (int64_t k = 0; k < depth; ++k) {
                sum += a[i * sa.row + k * sa.column] * b[k * sb.row + j * sb.column];
            }
            float value = p->alpha * sum;
            if (c != NULL) {
                value += p->beta * c[i * sc.row + j * sc.column];
            }
            y[i * sy.row + j * sy.column] = ht__activate(p->activation, p->clip_low, p->clip_high, value);
        }
    }
}

/* Strides of an operand's two last dimensions, exchanged when it is transposed. */
static matrix matrix_of(int32_t rank, const int64_t *strides, bool transposed) {
    matrix m = {strides[rank - 2], strides[rank - 1]};
    return transposed ? (matrix){m.column, m.row} : m;
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)scratch;
    (void)pool;
    const ht_kernel_call *call = state->data;
    const ht_matmul_parameters *p = HT_PARAMETERS(ht_matmul_parameters, call);
    const ht_tensor_desc *yd = &call->outputs[0];
    int32_t rank = yd->rank;
    if (ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    int64_t stride_a[HT_MAX_RANK], stride_b[HT_MAX_RANK], stride_c[HT_MAX_RANK] = {0}, stride_y[HT_MAX_RANK];
    ht__index_broadcast(&call->inputs[0], rank, stride_a);
    ht__index_broadcast(&call->inputs[1], rank, stride_b);
    ht__desc_strides(yd, stride_y);
    const float *c = call->input_count > 2 && call->inputs[2].type != HT_NONE ? inputs[2] : NULL;
    if (c != NULL) {
        ht__index_broadcast(&call->inputs[2], rank, stride_c);
    }
    const ht_tensor_desc *ad = &call->inputs[0];
    int64_t depth = ad->dims[ad->rank - (p->transpose_a ? 2 : 1)];
    int64_t index[HT_MAX_RANK] = {0};
    do {
        multiply(p, yd->dims[rank - 2], yd->dims[rank - 1], depth,
                 (const float *)inputs[0] + ht__index_offset(rank - 2, index, stride_a),
                 matrix_of(rank, stride_a, p->transpose_a),
                 (const float *)inputs[1] + ht__index_offset(rank - 2, index, stride_b),
                 matrix_of(rank, stride_b, p->transpose_b),
                 c != NULL ? c + ht__index_offset(rank - 2, index, stride_c) : NULL, matrix_of(rank, stride_c, false),
                 (float *)outputs[0] + ht__index_offset(rank - 2, index, stride_y), matrix_of(rank, stride_y, false));
    } while (ht__index_next(rank - 2, yd->dims, index));
    return HT_OK;
}

const ht_kernel_variant ht__matmul_f32_reference = {
    .name = "matmul_f32_reference", .family = &ht__matmul_family, .accept = ht__kernel_accept_f32, .run = run};
