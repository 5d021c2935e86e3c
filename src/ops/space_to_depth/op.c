/* Blocks of pixels become channels: [N, C, H b, W b] -> [N, C b b, H, W]. */
#include <string.h>

#include "kernels/index.h"
#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t b = ht__node_int(node, "blocksize", 0);
    if (x->rank != 4 || b < 1 || b > 4096) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s takes rank 4 and a blocksize, not rank %d and %lld.",
                           node->op->name, (int)x->rank, (long long)b);
    }
    bool fits = (x->dims[2] < 0 || x->dims[2] % b == 0) && (x->dims[3] < 0 || x->dims[3] % b == 0);
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The input does not divide by a blocksize of %lld.",
                           (long long)b);
    }
    ht_tensor_desc y = *x;
    y.dims[1] = x->dims[1] < 0 ? -1 : x->dims[1] * (b * b);
    y.dims[2] = x->dims[2] < 0 ? -1 : x->dims[2] / b;
    y.dims[3] = x->dims[3] < 0 ? -1 : x->dims[3] / b;
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *xd = &call->inputs[0].desc, *yd = &call->node->outputs[0]->desc;
    const ht_tensor_desc *deep = yd, *wide = xd;
    int64_t b = ht__node_int(call->node, "blocksize", 1), channels = wide->dims[1];
    bool column_first = strcmp(ht__node_text(call->node, "mode", "DCR"), "CRD") == 0;
    size_t bytes = ht_type_bytes(xd->type);
    int64_t strides_deep[HT_MAX_RANK], index[4] = {0}, at = 0;
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht__desc_strides(deep, strides_deep);
    if (y == NULL || ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    do { /* over the wide side in memory order */
        int64_t block = index[2] % b * b + index[3] % b;
        int64_t channel = column_first ? index[1] * b * b + block : block * channels + index[1];
        int64_t other = index[0] * strides_deep[0] + channel * strides_deep[1] + index[2] / b * strides_deep[2] +
                        index[3] / b * strides_deep[3];
        memcpy((unsigned char *)y + (size_t)other * bytes,
               (const unsigned char *)call->inputs[0].data + (size_t)at * bytes, bytes);
        ++at;
    } while (ht__index_next(4, wide->dims, index));
    return HT_OK;
}

const ht_op ht__op_SpaceToDepth = {
    .name = "SpaceToDepth",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
