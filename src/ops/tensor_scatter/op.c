/* Writes `update` into a copy of a cache along its sequence axis, from write_indices [N] on (absent: 0), in one piece
 * or around its end (mode circular). */
#include <string.h>

#include "ops/host.h"

static ht_status read_axis(const ht_node *node, int32_t *axis, ht_error *err) {
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", -2), node->inputs[0]->desc.rank, axis, err));
    return *axis > 0 ? HT_OK
                     : ht__fail_at(err, HT_ERROR_FORMAT, node->name, "TensorScatter cannot write along the batch.");
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *update = &node->inputs[1]->desc;
    const char *mode = ht__node_text(node, "mode", "linear");
    int32_t axis;
    HT_TRY(read_axis(node, &axis, err));
    bool fits = update->rank == x->rank && update->type == x->type;
    for (int32_t i = 0; i < x->rank && fits; ++i) {
        bool known = x->dims[i] >= 0 && update->dims[i] >= 0;
        fits = !known || (i == axis ? update->dims[i] <= x->dims[i] : update->dims[i] == x->dims[i]);
    }
    if (fits && ht__has_input(node, 2)) {
        const ht_tensor_desc *indices = &node->inputs[2]->desc;
        fits = indices->rank == 1 && (indices->dims[0] < 0 || x->dims[0] < 0 || indices->dims[0] == x->dims[0]);
    }
    if (!fits || (strcmp(mode, "linear") != 0 && strcmp(mode, "circular") != 0)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "The update of TensorScatter does not fit its cache (mode %s).", mode);
    }
    return ht__infer_same(graph, node, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *x = &call->inputs[0].desc;
    bool circular = strcmp(ht__node_text(call->node, "mode", "linear"), "circular") == 0;
    int32_t axis;
    void *data;
    HT_TRY(read_axis(call->node, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &data, err));
    ht_axis_view to = ht__axis_view(x, axis), from = ht__axis_view(&call->inputs[1].desc, axis);
    size_t bytes = (size_t)to.inner * ht_type_bytes(x->type), all;
    if (data == NULL || !ht__desc_bytes(x, &all) || all == 0) {
        return HT_OK;
    }
    memcpy(data, call->inputs[0].data, all);
    for (int64_t o = 0; o < to.outer; ++o) {
        int64_t image = o / (to.outer / x->dims[0]), begin = 0;
        if (ht__host_has(call, 2)) {
            begin = ht__host_int(&call->inputs[2], image);
        }
        if (begin < 0 || (circular ? begin > INT64_MAX - from.size : begin > to.size - from.size)) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "%lld steps do not fit behind step %lld.",
                               (long long)from.size, (long long)begin);
        }
        for (int64_t i = 0; i < from.size; ++i) {
            int64_t place = circular ? (begin + i) % to.size : begin + i;
            memcpy((unsigned char *)data + (size_t)(o * to.size + place) * bytes,
                   (const unsigned char *)call->inputs[1].data + (size_t)(o * from.size + i) * bytes, bytes);
        }
    }
    return HT_OK;
}

const ht_op ht__op_TensorScatter = {
    .name = "TensorScatter",
    .domain = "",
    .since = 24,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
