#include "kernels/matmul/matmul.h"
#include "ops/conv/conv_common.h"
#include "ops/gradient.h"
#include "ops/integer.h"

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
    ht_matmul_parameters *p = HT_LOWER(ht_matmul_parameters, call, ht__matmul_family);
    p->transpose_a = ht__node_int(node, "transA", 0) != 0;
    p->transpose_b = ht__node_int(node, "transB", 0) != 0;
    p->alpha = ht__node_float(node, "alpha", 1.0f);
    p->beta = ht__node_float(node, "beta", 1.0f);
    return ht__read_activation(node, &p->activation, &p->clip_low, &p->clip_high, err);
}

static int64_t macs(const ht_node *node) {
    bool ta = ht__node_int(node, "transA", 0) != 0;
    return ht__desc_elements(&node->outputs[0]->desc) * node->inputs[0]->desc.dims[ta ? 0 : 1];
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
    .gradient = ht__gradient_Gemm,
    .integer = ht__integer_Gemm,
    .macs = macs,
    .weight_inputs = 0x2,
    .bias_inputs = 0x4,
    .channel_axis = channel_axis,
    .codes = HT_CODES_OWN,
};
