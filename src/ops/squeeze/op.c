#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t axes[HT_MAX_RANK];
    size_t count = 0;
    bool given = ht__has_input(node, 1);
    if (given) {
        if (node->inputs[1]->data == NULL) {
            return HT_OK;
        }
        HT_TRY(ht__constant_ints(node, 1, axes, &count, err));
    }
    bool drop[HT_MAX_RANK] = {false};
    for (size_t i = 0; i < count; ++i) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, axes[i], x->rank, &axis, err));
        if (x->dims[axis] >= 0 && x->dims[axis] != 1) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Axis %d has the size %lld and cannot be squeezed.",
                               (int)axis, (long long)x->dims[axis]);
        }
        drop[axis] = true;
    }
    ht_tensor_desc y = {.type = x->type};
    for (int32_t i = 0; i < x->rank; ++i) {
        if (given ? !drop[i] : x->dims[i] != 1) {
            y.dims[y.rank++] = x->dims[i];
        }
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

const ht_op ht__op_Squeeze = {
    .name = "Squeeze",
    .domain = "",
    .min_inputs = 1,
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
