/* The slices along an axis (without the attribute axis: the elements) for which the condition holds. */
#include <string.h>

#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    int32_t axis;
    ht_tensor_desc y;
    HT_TRY(ht__host_slices(node, &node->inputs[0]->desc, &y, &axis, err));
    if (node->inputs[1]->desc.rank != 1 || node->inputs[1]->desc.type != HT_BOOL) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The condition of Compress must be a list of bool.");
    }
    y.dims[axis] = -1;
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const uint8_t *condition = call->inputs[1].data;
    int32_t axis;
    ht_tensor_desc y;
    HT_TRY(ht__host_slices(call->node, &call->inputs[0].desc, &y, &axis, err));
    ht_axis_view view = ht__axis_view(&y, axis);
    int64_t listed = call->inputs[1].desc.dims[0], kept = 0;
    if (listed > view.size) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name,
                           "The condition of Compress has %lld entries for %lld slices.", (long long)listed,
                           (long long)view.size);
    }
    for (int64_t i = 0; i < listed; ++i) {
        kept += condition[i] != 0;
    }
    y.dims[axis] = kept;
    void *data;
    HT_TRY(ht__host_output(call, 0, &y, &data, err));
    size_t bytes = (size_t)view.inner * ht_type_bytes(y.type);
    unsigned char *to = data;
    for (int64_t o = 0; to != NULL && bytes != 0 && o < view.outer; ++o) {
        for (int64_t i = 0; i < listed; ++i) {
            if (condition[i] != 0) {
                memcpy(to, (const unsigned char *)call->inputs[0].data + (size_t)(o * view.size + i) * bytes, bytes);
                to += bytes;
            }
        }
    }
    return HT_OK;
}

const ht_op ht__op_Compress = {
    .name = "Compress",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
