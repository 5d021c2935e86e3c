#include "kernels/index.h"
#include "ops/host.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[1]->desc;
    y.type = node->inputs[0]->desc.type;
    if (y.rank != node->inputs[0]->desc.rank) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Data and indices of GatherElements differ in rank.");
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0], *indices = &call->inputs[1];
    int64_t strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0}, to = 0;
    int32_t axis;
    void *y;
    HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", 0), x->desc.rank, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht__desc_strides(&x->desc, strides);
    if (y == NULL || ht__desc_elements(&indices->desc) == 0) {
        return HT_OK;
    }
    do {
        int64_t place[HT_MAX_RANK], wanted = ht__host_int(indices, to), size = x->desc.dims[axis];
        for (int32_t i = 0; i < x->desc.rank; ++i) {
            place[i] = i == axis ? wanted + (wanted < 0 ? size : 0) : index[i];
            if (place[i] < 0 || place[i] >= x->desc.dims[i]) {
                return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "The index %lld is outside axis %d.",
                                   (long long)place[i], (int)i);
            }
        }
        ht__scatter_element(HT_SCATTER_NONE, x->desc.type, y, to++, x->data,
                            ht__index_offset(x->desc.rank, place, strides));
    } while (ht__index_next(indices->desc.rank, indices->desc.dims, index));
    return HT_OK;
}

const ht_op ht__op_GatherElements = {
    .name = "GatherElements",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .integer = ht__integer_move,
};
