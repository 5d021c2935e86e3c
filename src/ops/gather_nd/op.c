/* Each row of indices names a slice of x, after `batch_dims` axes that both share. */
#include <string.h>

#include "ops/host.h"
#include "ops/lookup/lookup.h"

/* How many axes a row of indices names; *out is the output. */
static ht_status read_shapes(const ht_node *node, const ht_tensor_desc *x, const ht_tensor_desc *indices,
                             int32_t *named, ht_tensor_desc *out, ht_error *err) {
    int64_t batch = ht__node_int(node, "batch_dims", 0);
    int64_t width = indices->rank > 0 ? indices->dims[indices->rank - 1] : -1;
    if (batch < 0 || batch >= indices->rank || batch > x->rank || width < 1 || batch + width > x->rank) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The indices do not fit the data.");
    }
    *named = (int32_t)width;
    *out = (ht_tensor_desc){.type = x->type};
    int32_t rank = indices->rank - 1 + x->rank - *named - (int32_t)batch;
    if (rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "The result would have rank %d.", (int)rank);
    }
    for (int32_t i = 0; i + 1 < indices->rank; ++i) {
        out->dims[out->rank++] = indices->dims[i];
    }
    for (int32_t i = (int32_t)batch + *named; i < x->rank; ++i) {
        out->dims[out->rank++] = x->dims[i];
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc, *indices = &node->inputs[1]->desc;
    ht_tensor_desc y;
    int32_t named;
    if (indices->rank > 0 && indices->dims[indices->rank - 1] < 0) {
        return HT_OK;
    }
    HT_TRY(read_shapes(node, x, indices, &named, &y, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0], *indices = &call->inputs[1];
    int32_t batch = (int32_t)ht__node_int(call->node, "batch_dims", 0), named;
    ht_tensor_desc yd;
    void *data;
    HT_TRY(read_shapes(call->node, &x->desc, &indices->desc, &named, &yd, err));
    HT_TRY(ht__host_inferred(call, 0, &data, err));
    int64_t strides[HT_MAX_RANK], rows = ht__desc_elements(&indices->desc) / named, batches = 1;
    ht__desc_strides(&x->desc, strides);
    for (int32_t i = 0; i < batch; ++i) {
        batches *= x->desc.dims[i];
        if (x->desc.dims[i] != indices->desc.dims[i]) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "Batches of data and indices differ.");
        }
    }
    int64_t slice = strides[batch + named - 1], per_batch = batches != 0 ? rows / batches : 0;
    int64_t batch_stride = batch > 0 ? strides[batch - 1] : 0;
    size_t run = (size_t)slice * ht_type_bytes(yd.type);
    for (int64_t row = 0; data != NULL && row < rows; ++row) {
        int64_t at = row / per_batch * batch_stride;
        for (int32_t k = 0; k < named; ++k) {
            int64_t size = x->desc.dims[batch + k], wanted = ht__host_int(indices, row * named + k);
            wanted += wanted < 0 ? size : 0;
            if (wanted < 0 || wanted >= size) {
                return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "The index %lld is outside axis %d.",
                                   (long long)wanted, (int)(batch + k));
            }
            at += wanted * strides[batch + k];
        }
        memcpy((unsigned char *)data + (size_t)row * run,
               (const unsigned char *)x->data + (size_t)at * ht_type_bytes(yd.type), run);
    }
    return HT_OK;
}

const ht_op ht__op_GatherND = {
    .name = "GatherND",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .integer = ht__integer_move,
};
