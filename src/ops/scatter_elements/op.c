#include <string.h>

#include "kernels/index.h"
#include "ops/host.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0], *indices = &call->inputs[1], *updates = &call->inputs[2];
    int64_t strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0}, from = 0;
    size_t bytes = 0;
    int32_t axis;
    ht_scatter how;
    void *y;
    HT_TRY(ht__scatter_read(call->node, &how, err));
    HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", 0), x->desc.rank, &axis, err));
    if (!ht__desc_same_shape(&indices->desc, &updates->desc) || indices->desc.rank != x->desc.rank ||
        updates->desc.type != x->desc.type) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "Indices and updates do not fit the data.");
    }
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht__desc_strides(&x->desc, strides);
    if (y == NULL || !ht__desc_bytes(&x->desc, &bytes)) {
        return HT_OK;
    }
    memcpy(y, x->data, bytes);
    if (ht__desc_elements(&indices->desc) == 0) {
        return HT_OK;
    }
    do {
        int64_t place[HT_MAX_RANK], wanted = ht__host_int(indices, from), size = x->desc.dims[axis];
        for (int32_t i = 0; i < x->desc.rank; ++i) {
            place[i] = i == axis ? wanted + (wanted < 0 ? size : 0) : index[i];
            if (place[i] < 0 || place[i] >= x->desc.dims[i]) {
                return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "The index %lld is outside axis %d.",
                                   (long long)place[i], (int)i);
            }
        }
        ht__scatter_element(how, x->desc.type, y, ht__index_offset(x->desc.rank, place, strides), updates->data,
                            from++);
    } while (ht__index_next(indices->desc.rank, indices->desc.dims, index));
    return HT_OK;
}

const ht_op ht__op_ScatterElements = {
    .name = "ScatterElements",
    .domain = "",
    .since = 18,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .evaluate = evaluate,
};
