#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    if (ht__node_attribute(node, "dtype") != NULL) {
        y.type = ht__onnx_type(ht__node_int(node, "dtype", 0));
    }
    if (y.rank != 2 || y.type == HT_NONE) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "EyeLike makes matrices of numbers.");
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *yd = &call->node->outputs[0]->desc;
    int64_t k = ht__node_int(call->node, "k", 0);
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    for (int64_t i = 0; y != NULL && i < yd->dims[0] * yd->dims[1]; ++i) {
        int64_t row = i / yd->dims[1], column = i % yd->dims[1];
        ht__scalar_store(yd->type, y, i, ht__scalar_of_integer(column - row == k), NULL);
    }
    return HT_OK;
}

const ht_op ht__op_EyeLike = {
    .name = "EyeLike",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .shape_inputs = 0x1,
};
