#include <string.h>

#include "kernels/index.h"
#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y;
    HT_TRY(ht__broadcast_shape(node, 0, 3, &y, err));
    y.type = node->inputs[1]->desc.type;
    if (node->inputs[2]->desc.type != y.type || node->inputs[0]->desc.type != HT_BOOL) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Where takes a bool and two tensors of one type.");
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *yd = &call->node->outputs[0]->desc;
    int64_t strides[3][HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    size_t bytes = ht_type_bytes(yd->type);
    void *data;
    HT_TRY(ht__host_inferred(call, 0, &data, err));
    unsigned char *y = data;
    for (uint32_t k = 0; k < 3; ++k) {
        ht__index_broadcast(&call->inputs[k].desc, yd->rank, strides[k]);
    }
    if (y == NULL || ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    do {
        int64_t condition = ht__index_offset(yd->rank, index, strides[0]);
        uint32_t from = ((const uint8_t *)call->inputs[0].data)[condition] != 0 ? 1 : 2;
        int64_t at = ht__index_offset(yd->rank, index, strides[from]);
        memcpy(y, (const unsigned char *)call->inputs[from].data + (size_t)at * bytes, bytes);
        y += bytes;
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_op ht__op_Where = {
    .name = "Where",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
