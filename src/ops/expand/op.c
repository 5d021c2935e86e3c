#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    int64_t shape[HT_MAX_RANK];
    size_t count;
    HT_TRY(ht__constant_ints(node, 1, shape, &count, err));
    ht_tensor_desc y = {.type = x->type, .rank = x->rank > (int32_t)count ? x->rank : (int32_t)count};
    for (int32_t i = 0; i < y.rank; ++i) {
        int32_t ix = i - (y.rank - x->rank), is = i - (y.rank - (int32_t)count);
        int64_t dx = ix >= 0 ? x->dims[ix] : 1, ds = is >= 0 ? shape[is] : 1;
        if (ds < 0 || (dx != ds && dx > 1 && ds != 1)) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                               "Axis %d of %lld elements cannot be expanded to %lld.", (int)i, (long long)dx,
                               (long long)ds);
        }
        y.dims[i] = ds == 1 ? dx : ds;
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__expand_family;
    call->input_count = 1;
    return HT_OK;
}

const ht_op ht__op_Expand = {
    .name = "Expand",
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
    .gradient = ht__gradient_Expand,
    .selects = true,
};
