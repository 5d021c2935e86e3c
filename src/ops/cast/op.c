#include "kernels/move/move.h"
#include "ops/common.h"

/* The attribute `to` is ONNX's TensorProto.DataType. */
static ht_type target_type(const ht_node *node) {
    switch (ht__node_int(node, "to", 0)) {
#define TYPE_CASE(NAME, name, bytes, onnx) \
    case onnx: return HT_##NAME;
        HT_TYPE_LIST(TYPE_CASE)
#undef TYPE_CASE
    default: return HT_NONE;
    }
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = target_type(node);
    if (y.type == HT_NONE) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "A Cast to ONNX's type %lld is not supported.",
                           (long long)ht__node_int(node, "to", 0));
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__cast_family;
    return HT_OK;
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
