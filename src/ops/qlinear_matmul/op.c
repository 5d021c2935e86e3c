#include "kernels/integer_matmul/integer_matmul.h"
#include "ops/integer.h"
#include "ops/qlinear_conv/qlinear_conv.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__integer_matmul_infer(node, &node->inputs[0]->desc, &node->inputs[3]->desc, false, false,
                                    node->inputs[7]->desc.type, err);
}

/* a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    static const int32_t order[HT_PRODUCT_OPERANDS] = {0, 3, -1, 2, 5, 7, 1, 4, 6};
    ht_integer_matmul_parameters *p = HT_LOWER(ht_integer_matmul_parameters, call, ht__integer_matmul_family);
    p->requantize = ht__qlinear_requantize(node);
    ht__qlinear_operands(order, node, call, operands);
    const ht_tensor_desc *b = &node->inputs[3]->desc;
    return ht__qlinear_check(node, order, b->dims[b->rank - 1], err);
}

const ht_op ht__op_QLinearMatMul = {
    .name = "QLinearMatMul",
    .domain = "",
    .min_inputs = 8,
    .max_inputs = 8,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
};
