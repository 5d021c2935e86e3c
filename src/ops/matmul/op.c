#include "kernels/matmul/matmul.h"
#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *a = &node->inputs[0]->desc, *b = &node->inputs[1]->desc;
    if (a->rank < 2 || b->rank < 2) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "MatMul with a vector is not supported.");
    }
    int64_t ka = a->dims[a->rank - 1], kb = b->dims[b->rank - 2];
    if (ka >= 0 && kb >= 0 && ka != kb) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "MatMul's matrices do not fit: %lld columns against %lld rows.", (long long)ka,
                           (long long)kb);
    }
    ht_tensor_desc y = {.type = a->type, .rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t i = 0; i < y.rank - 2; ++i) {
        int32_t ia = i - (y.rank - a->rank), ib = i - (y.rank - b->rank);
        int64_t da = ia >= 0 ? a->dims[ia] : 1, db = ib >= 0 ? b->dims[ib] : 1;
        if (da != db && da > 1 && db > 1) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "MatMul's leading dimensions do not fit.");
        }
        y.dims[i] = da == 1 ? db : da;
    }
    y.dims[y.rank - 2] = a->dims[a->rank - 2];
    y.dims[y.rank - 1] = b->dims[b->rank - 1];
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    *HT_LOWER(ht_matmul_parameters, call, ht__matmul_family) = (ht_matmul_parameters){.alpha = 1.0f, .beta = 1.0f};
    return HT_OK;
}

static int64_t macs(const ht_node *node) {
    const ht_tensor_desc *a = &node->inputs[0]->desc;
    return ht__desc_elements(&node->outputs[0]->desc) * a->dims[a->rank - 1];
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
    .gradient = ht__gradient_MatMul,
    .integer = ht__integer_MatMul,
    .macs = macs,
    .weight_inputs = 0x3,
    .channel_axis = channel_axis,
    .codes = HT_CODES_OWN,
};
