#include "kernels/index.h"
#include "kernels/matmul/matmul.h"
#include "ops/conv/conv_common.h"
#include "ops/gradient.h"
#include "ops/integer.h"
#include "ops/products.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *a = &node->inputs[0]->desc, *b = &node->inputs[1]->desc;
    bool ta = ht__node_int(node, "transA", 0) != 0, tb = ht__node_int(node, "transB", 0) != 0;
    if (a->rank != 2 || b->rank != 2) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "Gemm multiplies matrices, not tensors of rank %d and %d.", (int)a->rank, (int)b->rank);
    }
    int64_t ka = a->dims[ta ? 0 : 1], kb = b->dims[tb ? 1 : 0];
    if (ka >= 0 && kb >= 0 && ka != kb) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "Gemm's matrices do not fit: %lld columns against %lld rows.", (long long)ka, (long long)kb);
    }
    ht_tensor_desc y = {.type = a->type, .rank = 2, .dims = {a->dims[ta ? 1 : 0], b->dims[tb ? 0 : 1]}};
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    if (node->inputs[0]->desc.type != HT_F32) {
        return HT_OK; /* evaluated */
    }
    ht_matmul_parameters *p = HT_LOWER(ht_matmul_parameters, call, ht__matmul_family);
    p->transpose_a = ht__node_int(node, "transA", 0) != 0;
    p->transpose_b = ht__node_int(node, "transB", 0) != 0;
    p->alpha = ht__node_float(node, "alpha", 1.0f);
    p->beta = ht__node_float(node, "beta", 1.0f);
    return ht__read_activation(node, &p->activation, &p->clip_low, &p->clip_high, err);
}

/* alpha * A B + beta * C; of integers the product itself wraps, and is left alone where both factors are 1. */
static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_node *node = call->node;
    const ht_tensor_view *a = &call->inputs[0], *b = &call->inputs[1];
    bool ta = ht__node_int(node, "transA", 0) != 0, tb = ht__node_int(node, "transB", 0) != 0;
    double alpha = (double)ht__node_float(node, "alpha", 1.0f), beta = (double)ht__node_float(node, "beta", 1.0f);
    const ht_tensor_desc *yd = &node->outputs[0]->desc;
    int64_t rows = yd->dims[0], columns = yd->dims[1], depth = a->desc.dims[ta ? 0 : 1], stride_c[HT_MAX_RANK];
    ht_matrix_view left = {a, ta ? 1 : a->desc.dims[1], ta ? a->desc.dims[1] : 1};
    ht_matrix_view right = {b, tb ? 1 : b->desc.dims[1], tb ? b->desc.dims[1] : 1};
    bool added = ht__host_has(call, 2),
         exact = ht__scalar_kind(yd->type) != HT_SCALAR_REAL && alpha == 1.0 && beta == 1.0;
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (added) {
        ht__index_broadcast(&call->inputs[2].desc, 2, stride_c);
    }
    for (int64_t i = 0; y != NULL && i < rows * columns; ++i) {
        ht_scalar sum = ht__matrix_dot(&left, 0, i / columns, &right, 0, i % columns, depth), c = {.kind = sum.kind};
        if (added) {
            int64_t at = i / columns * stride_c[0] + i % columns * stride_c[1];
            c = ht__scalar_load(call->inputs[2].desc.type, call->inputs[2].data, at);
        }
        if (exact) {
            sum.integer = (int64_t)((uint64_t)sum.integer + (uint64_t)c.integer);
        } else {
            sum = ht__scalar_of_real(alpha * ht__scalar_real(sum) + beta * ht__scalar_real(c));
        }
        ht__scalar_store(yd->type, y, i, sum, NULL);
    }
    return HT_OK;
}

static int64_t macs(const ht_node *node) {
    bool ta = ht__node_int(node, "transA", 0) != 0;
    const ht_tensor_desc *a = &node->inputs[0]->desc;
    return ht__dot_products(node, a->rank == 2 ? a->dims[ta ? 0 : 1] : -1);
}

static int32_t channel_axis(const ht_node *node, uint32_t input) {
    (void)input;
    return ht__node_int(node, "transB", 0) != 0 ? 0 : 1;
}

const ht_op ht__op_Gemm = {
    .name = "Gemm",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .evaluate = evaluate,
    .gradient = ht__gradient_Gemm,
    .integer = ht__integer_Gemm,
    .macs = macs,
    .weight_inputs = 0x2,
    .bias_inputs = 0x4,
    .channel_axis = channel_axis,
    .codes = HT_CODES_OWN,
};
