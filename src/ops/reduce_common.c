#include "ops/reduce_common.h"

#include <string.h>

static ht_status read_axes(const ht_node *node, bool axes[HT_MAX_RANK], ht_error *err) {
    int32_t rank = node->inputs[0]->desc.rank;
    int64_t listed[HT_MAX_RANK];
    size_t count = 0;
    if (ht__has_input(node, 1)) {
        HT_TRY(ht__constant_ints(node, 1, listed, &count, err));
    } else {
        const int64_t *attribute = ht__node_ints(node, "axes", &count);
        if (count > HT_MAX_RANK) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute axes has %zu numbers.", count);
        }
        if (attribute != NULL) {
            memcpy(listed, attribute, count * sizeof *listed);
        }
    }
    bool all = count == 0 && ht__node_int(node, "noop_with_empty_axes", 0) == 0;
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        axes[i] = all && i < rank;
    }
    for (size_t i = 0; i < count; ++i) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, listed[i], rank, &axis, err));
        axes[axis] = true;
    }
    return HT_OK;
}

ht_status ht__reduce_infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (ht__has_input(node, 1) && node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    bool axes[HT_MAX_RANK];
    HT_TRY(read_axes(node, axes, err));
    bool keep = ht__node_int(node, "keepdims", 1) != 0;
    ht_tensor_desc y = {.type = x->type};
    for (int32_t i = 0; i < x->rank; ++i) {
        if (!axes[i] || keep) {
            y.dims[y.rank++] = axes[i] ? 1 : x->dims[i];
        }
    }
    return ht__set_output(node, 0, &y, err);
}

ht_status ht__reduce_lower(const ht_node *node, ht_reduce function, ht_kernel_call *call, ht_error *err) {
    ht_reduce_parameters *parameters = HT_LOWER(ht_reduce_parameters, call, ht__reduce_family);
    parameters->function = function;
    call->input_count = 1;
    return read_axes(node, parameters->axes, err);
}
