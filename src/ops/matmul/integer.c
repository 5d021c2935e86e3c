/* Matrix products of codes (MatMul and Gemm): kernels/integer_matmul.
 *
 * Rule `fixed`: y = clamp(zero_y + sum * m_j). Gemm: m_j = s_x s_w[j] / s_y in double, the product rounded to nearest,
 * ties away from zero (LiteRT's reference_integer_ops::FullyConnected, which computes in double since April 2025; here
 * in integers, ht__fixed_multiply_exact). MatMul: m as fixed point, with s_x s_w rounded to f32 first
 * (reference_ops::BatchMatMul). */
#include "ops/integer.h"
#include "kernels/integer_matmul/integer_matmul.h"

/* Adds the product of `node` with transposes; *out NULL: no integer form. */
static ht_status add_product(ht_integer *integer, const ht_node *node, bool transpose_x, bool transpose_w,
                             ht_fixed_way way, ht_error *err) {
    const ht_tensor_desc *w = &node->inputs[1]->desc;
    ht_node *product;
    int64_t columns = w->dims[w->rank - (transpose_w ? 2 : 1)];
    bool in_f32 = way == HT_FIXED_NARROW;
    HT_TRY(ht__integer_product(integer, node, "IntegerMatMul", columns, way, in_f32, &product, err));
    if (product != NULL) {
        HT_TRY(ht__node_set_int(integer->graph, product, "transpose_x", transpose_x, err));
        HT_TRY(ht__node_set_int(integer->graph, product, "transpose_w", transpose_w, err));
        ht__integer_give(integer, product);
    }
    return HT_OK;
}

ht_status ht__integer_MatMul(ht_integer *integer, const ht_node *node, ht_error *err) {
    bool matrices = node->inputs[0]->desc.rank >= 2 && node->inputs[1]->desc.rank >= 2;
    return matrices ? add_product(integer, node, false, false, HT_FIXED_NARROW, err) : HT_OK;
}

ht_status ht__integer_Gemm(ht_integer *integer, const ht_node *node, ht_error *err) {
    bool plain = ht__node_float(node, "alpha", 1.0f) == 1.0f && ht__node_attribute(node, "activation") == NULL &&
                 (!ht__has_input(node, 2) || ht__node_float(node, "beta", 1.0f) == 1.0f);
    return plain ? add_product(integer, node, ht__node_int(node, "transA", 0) != 0,
                               ht__node_int(node, "transB", 0) != 0, HT_FIXED_EXACT, err)
                 : HT_OK;
}

bool ht__integer_may_be_real(const ht_node *node) {
    return node->op->integer == ht__integer_MatMul || node->op->integer == ht__integer_Gemm;
}

ht_status ht__integer_matmul_infer(ht_node *node, const ht_tensor_desc *x, const ht_tensor_desc *w, bool transpose_x,
                                   bool transpose_w, ht_type type, ht_error *err) {
    if (x->rank < 2 || w->rank < 2) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "%s multiplies matrices, not vectors.",
                           node->op->name);
    }
    int64_t k = x->dims[x->rank - (transpose_x ? 2 : 1)], w_k = w->dims[w->rank - (transpose_w ? 1 : 2)];
    ht_tensor_desc y = {.type = type, .rank = x->rank > w->rank ? x->rank : w->rank};
    bool fits = k < 0 || w_k < 0 || k == w_k;
    for (int32_t i = 0; i < y.rank - 2; ++i) {
        int32_t ix = i - (y.rank - x->rank), iw = i - (y.rank - w->rank);
        int64_t dx = ix >= 0 ? x->dims[ix] : 1, dw = iw >= 0 ? w->dims[iw] : 1;
        fits = fits && (dx == dw || dx == 1 || dw == 1 || dx < 0 || dw < 0);
        y.dims[i] = dx == 1 ? dw : dw == 1 || dw < 0 ? dx : dx < 0 ? dw : dx;
    }
    y.dims[y.rank - 2] = x->dims[x->rank - (transpose_x ? 1 : 2)];
    y.dims[y.rank - 1] = w->dims[w->rank - (transpose_w ? 2 : 1)];
    char left[96], right[96];
    return fits ? ht__set_output(node, 0, &y, err)
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s cannot multiply %s with %s.", node->op->name,
                              ht__desc_print(x, left, sizeof left), ht__desc_print(w, right, sizeof right));
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    bool transpose_x = ht__node_int(node, "transpose_x", 0) != 0,
         transpose_w = ht__node_int(node, "transpose_w", 0) != 0;
    return ht__integer_matmul_infer(node, &node->inputs[0]->desc, &node->inputs[1]->desc, transpose_x, transpose_w,
                                    ht__integer_product_type(node), err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_integer_matmul_parameters *p = HT_LOWER(ht_integer_matmul_parameters, call, ht__integer_matmul_family);
    p->transpose_x = ht__node_int(node, "transpose_x", 0) != 0;
    p->transpose_w = ht__node_int(node, "transpose_w", 0) != 0;
    return ht__integer_read_requantize(node, &p->requantize, err);
}

static int64_t macs(const ht_node *node) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int32_t place = x->rank - (ht__node_int(node, "transpose_x", 0) != 0 ? 2 : 1);
    return ht__dot_products(node, place >= 0 ? x->dims[place] : -1);
}

const ht_op ht__op_IntegerMatMul = {
    .name = "IntegerMatMul",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = HT_PRODUCT_OPERANDS,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .macs = macs,
};
