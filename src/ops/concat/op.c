#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/integer.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    int32_t axis;
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", 0), y.rank, &axis, err));
    for (uint32_t k = 1; k < node->input_count; ++k) {
        if (!ht__has_input(node, k)) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Input %u of Concat is missing.", k + 1);
        }
        const ht_tensor_desc *x = &node->inputs[k]->desc;
        bool fits = x->rank == y.rank && x->type == y.type;
        for (int32_t i = 0; i < y.rank && fits; ++i) {
            if (i == axis) {
                y.dims[i] = y.dims[i] < 0 || x->dims[i] < 0 ? -1 : y.dims[i] + x->dims[i];
            } else if (y.dims[i] < 0) {
                y.dims[i] = x->dims[i];
            } else {
                fits = x->dims[i] < 0 || x->dims[i] == y.dims[i];
            }
        }
        if (!fits) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Input %u does not fit the others along axis %d.",
                               k + 1, (int)axis);
        }
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_axis_parameters *parameters = HT_LOWER(ht_axis_parameters, call, ht__concat_family);
    return ht__normal_axis(node, ht__node_int(node, "axis", 0), node->inputs[0]->desc.rank, &parameters->axis, err);
}

const ht_op ht__op_Concat = {
    .name = "Concat",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = HT_MAX_INPUTS,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_join,
    .gradient = ht__gradient_Concat,
    .codes = HT_CODES_OWN,
    .joins = true,
};
