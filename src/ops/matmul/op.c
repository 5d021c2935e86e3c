#include "kernels/index.h"
#include "kernels/matmul/matmul.h"
#include "ops/gradient.h"
#include "ops/integer.h"
#include "ops/products.h"

/* The operands as matrices: a vector on the left is one row, on the right one column, which the result then lacks. */
static ht_tensor_desc as_matrix(const ht_tensor_desc *desc, bool left) {
    ht_tensor_desc out = *desc;
    if (desc->rank == 1) {
        out.rank = 2;
        out.dims[0] = left ? 1 : desc->dims[0];
        out.dims[1] = left ? desc->dims[0] : 1;
    }
    return out;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *left = &node->inputs[0]->desc, *right = &node->inputs[1]->desc;
    ht_tensor_desc a = as_matrix(left, true), b = as_matrix(right, false);
    if (a.rank < 2 || b.rank < 2 || left->type != right->type) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "MatMul multiplies vectors and matrices of one type, not %s of rank %d and %s of rank %d.",
                           ht_type_name(left->type), (int)left->rank, ht_type_name(right->type), (int)right->rank);
    }
    int64_t ka = a.dims[a.rank - 1], kb = b.dims[b.rank - 2];
    if (ka >= 0 && kb >= 0 && ka != kb) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "MatMul's matrices do not fit: %lld columns against %lld rows.", (long long)ka,
                           (long long)kb);
    }
    ht_tensor_desc y = {.type = a.type, .rank = a.rank > b.rank ? a.rank : b.rank};
    for (int32_t i = 0; i < y.rank - 2; ++i) {
        int32_t ia = i - (y.rank - a.rank), ib = i - (y.rank - b.rank);
        int64_t da = ia >= 0 ? a.dims[ia] : 1, db = ib >= 0 ? b.dims[ib] : 1;
        if (da != db && da > 1 && db > 1) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "MatMul's leading dimensions do not fit.");
        }
        y.dims[i] = da == 1 ? db : db == 1 ? da : da < 0 ? db : da;
    }
    y.rank -= 2;
    if (left->rank > 1) {
        y.dims[y.rank++] = a.dims[a.rank - 2];
    }
    if (right->rank > 1) {
        y.dims[y.rank++] = b.dims[b.rank - 1];
    }
    return ht__set_output(node, 0, &y, err);
}

/* Kernels multiply f32 matrices; everything else is evaluated. */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    const ht_tensor_desc *a = &node->inputs[0]->desc, *b = &node->inputs[1]->desc;
    if (a->type == HT_F32 && a->rank > 1 && b->rank > 1) {
        *HT_LOWER(ht_matmul_parameters, call, ht__matmul_family) = (ht_matmul_parameters){.alpha = 1.0f, .beta = 1.0f};
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    ht_tensor_desc a = as_matrix(&call->inputs[0].desc, true), b = as_matrix(&call->inputs[1].desc, false);
    int32_t rank = a.rank > b.rank ? a.rank : b.rank;
    int64_t stride_a[HT_MAX_RANK], stride_b[HT_MAX_RANK], index[HT_MAX_RANK] = {0}, dims[HT_MAX_RANK], to = 0;
    int64_t rows = a.dims[a.rank - 2], columns = b.dims[b.rank - 1], depth = a.dims[a.rank - 1];
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (y == NULL || ht__desc_elements(&call->node->outputs[0]->desc) == 0) {
        return HT_OK;
    }
    ht__index_broadcast(&a, rank, stride_a);
    ht__index_broadcast(&b, rank, stride_b);
    for (int32_t i = 0; i < rank - 2; ++i) {
        int32_t ia = i - (rank - a.rank), ib = i - (rank - b.rank);
        int64_t da = ia >= 0 ? a.dims[ia] : 1, db = ib >= 0 ? b.dims[ib] : 1;
        dims[i] = da == 1 ? db : da;
    }
    ht_matrix_view left = {&call->inputs[0], stride_a[rank - 2], stride_a[rank - 1]};
    ht_matrix_view right = {&call->inputs[1], stride_b[rank - 2], stride_b[rank - 1]};
    do {
        int64_t first_a = ht__index_offset(rank - 2, index, stride_a);
        int64_t first_b = ht__index_offset(rank - 2, index, stride_b);
        for (int64_t i = 0; i < rows * columns; ++i) {
            ht_scalar sum = ht__matrix_dot(&left, first_a, i / columns, &right, first_b, i % columns, depth);
            ht__scalar_store(a.type, y, to++, sum, NULL);
        }
    } while (ht__index_next(rank - 2, dims, index));
    return HT_OK;
}

static int64_t macs(const ht_node *node) {
    const ht_tensor_desc *a = &node->inputs[0]->desc;
    return ht__dot_products(node, a->rank > 0 ? a->dims[a->rank - 1] : -1);
}

/* Columns of the right factor, rows of the left one. */
static int32_t channel_axis(const ht_node *node, uint32_t input) {
    int32_t rank = node->inputs[input]->desc.rank;
    return input == 1 ? rank - 1 : rank > 1 ? rank - 2 : 0;
}

const ht_op ht__op_MatMul = {
    .name = "MatMul",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .evaluate = evaluate,
    .gradient = ht__gradient_MatMul,
    .integer = ht__integer_MatMul,
    .macs = macs,
    .weight_inputs = 0x3,
    .channel_axis = channel_axis,
    .codes = HT_CODES_OWN,
};
