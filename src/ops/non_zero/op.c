/* The indices of all elements that are not zero, one column each, in row-major order. */
#include "kernels/index.h"
#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = {.type = HT_I64, .rank = 2, .dims = {node->inputs[0]->desc.rank, -1}};
    return ht__set_output(node, 0, &y, err);
}

static bool is_set(const ht_tensor_view *x, int64_t i) {
    ht_scalar value = ht__scalar_load(x->desc.type, x->data, i);
    return value.kind == HT_SCALAR_REAL ? value.real != 0.0 : value.integer != 0;
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    int64_t elements = ht__desc_elements(&x->desc), count = 0, column = 0, index[HT_MAX_RANK] = {0};
    for (int64_t i = 0; i < elements; ++i) {
        count += is_set(x, i);
    }
    ht_tensor_desc y = {.type = HT_I64, .rank = 2, .dims = {x->desc.rank, count}};
    void *data;
    HT_TRY(ht__host_output(call, 0, &y, &data, err));
    for (int64_t i = 0; data != NULL && i < elements; ++i) {
        for (int32_t axis = 0; is_set(x, i) && axis < x->desc.rank; ++axis) {
            ((int64_t *)data)[axis * count + column] = index[axis];
        }
        column += is_set(x, i);
        ht__index_next(x->desc.rank, x->desc.dims, index);
    }
    return HT_OK;
}

const ht_op ht__op_NonZero = {
    .name = "NonZero",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
