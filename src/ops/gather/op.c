#include "kernels/move/move.h"
#include "ops/common.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc, *indices = &node->inputs[1]->desc;
    int32_t axis;
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", 0), x->rank, &axis, err));
    ht_tensor_desc y = {.type = x->type, .rank = x->rank + indices->rank - 1};
    if (y.rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "The result would have rank %d.", (int)y.rank);
    }
    for (int32_t i = 0; i < y.rank; ++i) {
        y.dims[i] = i < axis                   ? x->dims[i]
                    : i < axis + indices->rank ? indices->dims[i - axis]
                                               : x->dims[i - indices->rank + 1];
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_axis_parameters *parameters = HT_LOWER(ht_axis_parameters, call, ht__gather_family);
    return ht__normal_axis(node, ht__node_int(node, "axis", 0), node->inputs[0]->desc.rank, &parameters->axis, err);
}

const ht_op ht__op_Gather = {
    .name = "Gather",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_move,
    .weight_inputs = 0x1,
};
