/* The first sequence_lens[batch] steps of each sequence in reverse order. */
#include <string.h>

#include "kernels/index.h"
#include "ops/host.h"
#include "ops/lookup/lookup.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0], *lengths = &call->inputs[1];
    int64_t batch_axis = ht__node_int(call->node, "batch_axis", 1),
            time_axis = ht__node_int(call->node, "time_axis", 0);
    if (x->desc.rank < 2 || batch_axis < 0 || batch_axis > 1 || time_axis != 1 - batch_axis ||
        ht__desc_elements(&lengths->desc) != x->desc.dims[batch_axis]) {
        return ht__fail_at(
            err, HT_ERROR_FORMAT, call->node->name,
            "ReverseSequence takes time and batch as the first two axes, and a length for each sequence.");
    }
    int64_t strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    size_t bytes = ht_type_bytes(x->desc.type);
    void *data;
    HT_TRY(ht__host_inferred(call, 0, &data, err));
    unsigned char *y = data;
    ht__desc_strides(&x->desc, strides);
    if (y == NULL || ht__desc_elements(&x->desc) == 0) {
        return HT_OK;
    }
    do {
        int64_t length = ht__host_int(lengths, index[batch_axis]), time = index[time_axis];
        if (length < 0 || length > x->desc.dims[time_axis]) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "A sequence has the length %lld.",
                               (long long)length);
        }
        int64_t from = time < length ? length - 1 - time : time;
        int64_t at = ht__index_offset(x->desc.rank, index, strides) + (from - time) * strides[time_axis];
        memcpy(y, (const unsigned char *)x->data + (size_t)at * bytes, bytes);
        y += bytes;
    } while (ht__index_next(x->desc.rank, x->desc.dims, index));
    return HT_OK;
}

const ht_op ht__op_ReverseSequence = {
    .name = "ReverseSequence",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .evaluate = evaluate,
    .integer = ht__integer_move,
};
