/* y = alpha * A B + c, leading dimensions as in MatMul: what a product becomes with its neighbours
 * (passes/fuse/product.c). c: a row of constants, may be absent. */
#include "kernels/matmul/matmul.h"
#include "ops/integer.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__integer_matmul_infer(node, &node->inputs[0]->desc, &node->inputs[1]->desc, false, false, HT_F32, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    (void)err;
    *HT_LOWER(ht_matmul_parameters, call, ht__matmul_family) =
        (ht_matmul_parameters){.alpha = ht__node_float(node, "alpha", 1.0f), .beta = 1.0f};
    return HT_OK;
}

static int64_t macs(const ht_node *node) {
    const ht_tensor_desc *a = &node->inputs[0]->desc;
    return ht__dot_products(node, a->rank > 0 ? a->dims[a->rank - 1] : -1);
}

const ht_op ht__op_FusedMatMul = {
    .name = "FusedMatMul",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .macs = macs,
};
