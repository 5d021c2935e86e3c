#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t axes[HT_MAX_RANK];
    size_t count = 0;
    if (node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__constant_ints(node, 1, axes, &count, err));
    ht_tensor_desc y = {.type = x->type, .rank = x->rank + (int32_t)count};
    if (y.rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "The result would have rank %d.", (int)y.rank);
    }
    bool fresh[HT_MAX_RANK] = {false};
    for (size_t i = 0; i < count; ++i) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, axes[i], y.rank, &axis, err));
        if (fresh[axis]) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Axis %d is named twice.", (int)axis);
        }
        fresh[axis] = true;
    }
    for (int32_t i = 0, from = 0; i < y.rank; ++i) {
        y.dims[i] = fresh[i] ? 1 : x->dims[from++];
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__copy_family;
    call->input_count = 1;
    return HT_OK;
}

const ht_op ht__op_Unsqueeze = {
    .name = "Unsqueeze",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .content_inputs = 0x2,
    .integer = ht__integer_move,
    .gradient = ht__gradient_back_in_shape,
    .selects = true,
};
