/* The same bits as elements of another type of the same width. */
#include <string.h>

#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = ht__onnx_type(ht__node_int(node, "to", 0));
    if (y.type == HT_NONE || ht__type_bits(y.type) != ht__type_bits(node->inputs[0]->desc.type) ||
        ht__type_bits(y.type) < 8) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                           "BitCast to ONNX's type %lld, or between types of another width, is not supported.",
                           (long long)ht__node_int(node, "to", 0));
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    size_t bytes = 0;
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (y != NULL && ht__desc_bytes(&call->inputs[0].desc, &bytes)) {
        memcpy(y, call->inputs[0].data, bytes);
    }
    return HT_OK;
}

const ht_op ht__op_BitCast = {
    .name = "BitCast",
    .domain = "",
    .since = 26,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
