#include "ops/space_depth.h"

#include <string.h>

#include "kernels/index.h"

/* `size` times or through `factor`; unknown stays unknown. */
static int64_t scaled(int64_t size, int64_t factor, bool grows) {
    return size < 0 ? -1 : grows ? size * factor : size / factor;
}

static bool divides(int64_t size, int64_t factor) { return size < 0 || size % factor == 0; }

ht_status ht__space_depth_infer(ht_node *node, bool to_space, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t b = ht__node_int(node, "blocksize", 0);
    if (x->rank != 4 || b < 1 || b > 4096) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s takes rank 4 and a blocksize, not rank %d and %lld.",
                           node->op->name, (int)x->rank, (long long)b);
    }
    bool fits = to_space ? divides(x->dims[1], b * b) : divides(x->dims[2], b) && divides(x->dims[3], b);
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The input does not divide by a blocksize of %lld.",
                           (long long)b);
    }
    ht_tensor_desc y = *x;
    y.dims[1] = scaled(x->dims[1], b * b, !to_space);
    y.dims[2] = scaled(x->dims[2], b, to_space);
    y.dims[3] = scaled(x->dims[3], b, to_space);
    return ht__set_output(node, 0, &y, err);
}

ht_status ht__space_depth_evaluate(ht_host_call *call, bool to_space, ht_error *err) {
    const ht_tensor_desc *xd = &call->inputs[0].desc, *yd = &call->node->outputs[0]->desc;
    const ht_tensor_desc *deep = to_space ? xd : yd, *wide = to_space ? yd : xd;
    int64_t b = ht__node_int(call->node, "blocksize", 1), channels = wide->dims[1];
    bool column_first = strcmp(ht__node_text(call->node, "mode", "DCR"), "CRD") == 0;
    size_t bytes = ht_type_bytes(xd->type);
    int64_t strides[HT_MAX_RANK], index[4] = {0}, wide_at = 0;
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht__desc_strides(deep, strides);
    if (y == NULL || ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    do { /* over the wide side in memory order */
        int64_t block = index[2] % b * b + index[3] % b;
        int64_t channel = column_first ? index[1] * b * b + block : block * channels + index[1];
        int64_t deep_at =
            index[0] * strides[0] + channel * strides[1] + index[2] / b * strides[2] + index[3] / b * strides[3];
        memcpy((unsigned char *)y + (size_t)(to_space ? wide_at : deep_at) * bytes,
               (const unsigned char *)call->inputs[0].data + (size_t)(to_space ? deep_at : wide_at) * bytes, bytes);
        ++wide_at;
    } while (ht__index_next(4, wide->dims, index));
    return HT_OK;
}
