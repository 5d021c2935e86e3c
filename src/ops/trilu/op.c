/* The upper or lower triangle of the last two axes; the rest becomes zero. */
#include <string.h>

#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    if (node->inputs[0]->desc.rank < 2) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Trilu works on matrices.");
    }
    return ht__infer_same(graph, node, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *xd = &call->inputs[0].desc;
    int64_t rows = xd->dims[xd->rank - 2], columns = xd->dims[xd->rank - 1], elements = ht__desc_elements(xd), k;
    bool upper = ht__node_int(call->node, "upper", 1) != 0;
    size_t bytes = ht_type_bytes(xd->type);
    void *y;
    HT_TRY(ht__host_one_int(call, 1, 0, &k, err));
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    for (int64_t i = 0; y != NULL && i < elements; ++i) {
        int64_t beyond = i % columns - i / columns % rows;
        unsigned char *to = (unsigned char *)y + (size_t)i * bytes;
        if (upper ? beyond >= k : beyond <= k) {
            memcpy(to, (const unsigned char *)call->inputs[0].data + (size_t)i * bytes, bytes);
        } else {
            memset(to, 0, bytes);
        }
    }
    return HT_OK;
}

const ht_op ht__op_Trilu = {
    .name = "Trilu",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
