#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/lookup/lookup.h"

static int64_t product(const int64_t *dims, int32_t count) {
    int64_t total = 1;
    for (int32_t i = 0; i < count; ++i) {
        if (dims[i] < 0) {
            return -1;
        }
        total *= dims[i];
    }
    return total;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t axis = ht__node_int(node, "axis", 1);
    if (axis < -x->rank || axis > x->rank) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Axis %lld does not exist in a tensor of rank %d.",
                           (long long)axis, (int)x->rank);
    }
    int32_t split = (int32_t)(axis < 0 ? axis + x->rank : axis);
    ht_tensor_desc y = {
        .type = x->type, .rank = 2, .dims = {product(x->dims, split), product(x->dims + split, x->rank - split)}};
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

const ht_op ht__op_Flatten = {
    .name = "Flatten",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_move,
    .gradient = ht__gradient_back_in_shape,
    .selects = true,
};
