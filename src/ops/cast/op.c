#include "kernels/move/move.h"
#include "ops/common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = ht__onnx_type(ht__node_int(node, "to", 0));
    if (y.type == HT_NONE) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "A Cast to ONNX's type %lld is not supported.",
                           (long long)ht__node_int(node, "to", 0));
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    return ht__lower_cast(node, call, err);
}

const ht_op ht__op_Cast = {
    .name = "Cast",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
};
