/* A copy of the data with the slices that the rows of indices name joined with the updates. */
#include <string.h>

#include "ops/host.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0], *indices = &call->inputs[1], *updates = &call->inputs[2];
    int64_t width = indices->desc.rank > 0 ? indices->desc.dims[indices->desc.rank - 1] : 0, strides[HT_MAX_RANK];
    size_t bytes = 0;
    ht_scatter how;
    void *y;
    HT_TRY(ht__scatter_read(call->node, &how, err));
    ht__desc_strides(&x->desc, strides);
    int64_t slice = width > 0 && width <= x->desc.rank ? strides[width - 1] : 0;
    int64_t rows = width > 0 ? ht__desc_elements(&indices->desc) / width : 0;
    if (width < 1 || width > x->desc.rank || updates->desc.type != x->desc.type ||
        ht__desc_elements(&updates->desc) != rows * slice) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "Indices and updates do not fit the data.");
    }
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (y == NULL || !ht__desc_bytes(&x->desc, &bytes)) {
        return HT_OK;
    }
    memcpy(y, x->data, bytes);
    for (int64_t row = 0; row < rows; ++row) {
        int64_t at = 0;
        for (int64_t k = 0; k < width; ++k) {
            int64_t wanted = ht__host_int(indices, row * width + k);
            wanted += wanted < 0 ? x->desc.dims[k] : 0;
            if (wanted < 0 || wanted >= x->desc.dims[k]) {
                return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "The index %lld is outside axis %d.",
                                   (long long)wanted, (int)k);
            }
            at += wanted * strides[k];
        }
        for (int64_t i = 0; i < slice; ++i) {
            ht__scatter_element(how, x->desc.type, y, at + i, updates->data, row * slice + i);
        }
    }
    return HT_OK;
}

const ht_op ht__op_ScatterND = {
    .name = "ScatterND",
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
