#include "kernels/integer_matmul/integer_matmul.h"
#include "ops/integer.h"
#include "ops/qlinear_conv/qlinear_conv.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__integer_matmul_infer(node, &node->inputs[0]->desc, &node->inputs[1]->desc, false, false, HT_I32, err);
}

/* a, b, a_zero, b_zero */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    static const int32_t order[HT_PRODUCT_OPERANDS] = {0, 1, -1, 2, 3, -1, -1, -1, -1};
    HT_LOWER(ht_integer_matmul_parameters, call, ht__integer_matmul_family)->requantize.rule = HT_REQUANTIZE_NONE;
    ht__qlinear_operands(order, node, call, operands);
    const ht_tensor_desc *b = &node->inputs[1]->desc;
    return ht__qlinear_check(node, order, b->dims[b->rank - 1], err);
}

static int64_t macs(const ht_node *node) {
    const ht_tensor_desc *a = &node->inputs[0]->desc;
    return ht__dot_products(node, a->rank > 0 ? a->dims[a->rank - 1] : -1);
}

const ht_op ht__op_MatMulInteger = {
    .name = "MatMulInteger",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .macs = macs,
};
