#include <string.h>

#include "ops/host.h"

static ht_tensor_desc filler_desc(const ht_node *node, const void **data) {
    static const float zero = 0.0f;
    const ht_attribute *value = ht__node_attribute(node, "value");
    bool given = value != NULL && value->kind == HT_ATTRIBUTE_TENSOR && ht__desc_elements(&value->desc) == 1;
    *data = given ? value->data : &zero;
    return given ? value->desc : (ht_tensor_desc){.type = HT_F32};
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const void *filler;
    ht_tensor_desc y = filler_desc(node, &filler);
    size_t count;
    if (node->inputs[0]->data == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__constant_ints(node, 0, y.dims, &count, err));
    y.rank = (int32_t)count;
    for (int32_t i = 0; i < y.rank; ++i) {
        if (y.dims[i] < 0) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A shape has the dimension %lld.",
                               (long long)y.dims[i]);
        }
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const void *filler;
    size_t bytes = ht_type_bytes(filler_desc(call->node, &filler).type);
    int64_t elements = ht__desc_elements(&call->node->outputs[0]->desc);
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    for (int64_t i = 0; y != NULL && i < elements; ++i) {
        memcpy((unsigned char *)y + (size_t)i * bytes, filler, bytes);
    }
    return HT_OK;
}

const ht_op ht__op_ConstantOfShape = {
    .name = "ConstantOfShape",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x1,
};
