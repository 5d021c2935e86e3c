/* The slices along an axis (or the elements) whose condition is set. */
#include <string.h>

#include "ops/host.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = {.type = node->inputs[0]->desc.type, .rank = 1, .dims = {-1}};
    if (ht__node_attribute(node, "axis") != NULL) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", 0), node->inputs[0]->desc.rank, &axis, err));
        y = node->inputs[0]->desc;
        y.dims[axis] = -1;
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0], *condition = &call->inputs[1];
    ht_tensor_desc y = {.type = x->desc.type, .rank = 1};
    ht_axis_view view = {1, ht__desc_elements(&x->desc), 1};
    int32_t axis = 0;
    if (ht__node_attribute(call->node, "axis") != NULL) {
        HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", 0), x->desc.rank, &axis, err));
        y = x->desc;
        view = ht__axis_view(&x->desc, axis);
    }
    int64_t limit = ht__desc_elements(&condition->desc), count = 0;
    const uint8_t *set = condition->data;
    if (limit > view.size) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "There are %lld conditions for %lld slices.",
                           (long long)limit, (long long)view.size);
    }
    for (int64_t i = 0; i < limit; ++i) {
        count += set[i] != 0;
    }
    y.dims[axis] = count;
    size_t run = (size_t)view.inner * ht_type_bytes(y.type);
    void *data;
    HT_TRY(ht__host_output(call, 0, &y, &data, err));
    unsigned char *to = data;
    for (int64_t o = 0; to != NULL && run != 0 && o < view.outer; ++o) {
        for (int64_t i = 0; i < limit; ++i) {
            if (set[i] != 0) {
                memcpy(to, (const unsigned char *)x->data + (size_t)(o * view.size + i) * run, run);
                to += run;
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
