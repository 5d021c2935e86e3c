/* Indices of any number type; the inputs are indices, depth, and the two values (off, on). */
#include <math.h>
#include <string.h>

#include "ops/host.h"

static ht_status read_axis(const ht_node *node, const ht_tensor_desc *indices, int32_t *axis, ht_error *err) {
    return ht__normal_axis(node, ht__node_int(node, "axis", -1), indices->rank + 1, axis, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *indices = &node->inputs[0]->desc;
    const ht_value *depth = node->inputs[1];
    ht_tensor_desc y = {.type = node->inputs[2]->desc.type, .rank = indices->rank + 1};
    int32_t axis;
    HT_TRY(read_axis(node, indices, &axis, err));
    if (y.rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_LIMIT, node->name, "The result would have rank %d.", (int)y.rank);
    }
    for (int32_t i = 0; i < y.rank; ++i) {
        y.dims[i] = i == axis ? -1 : indices->dims[i < axis ? i : i - 1];
    }
    if (depth->data != NULL && ht__desc_elements(&depth->desc) == 1) {
        double size = ht__scalar_real(ht__scalar_load(depth->desc.type, depth->data, 0));
        if (!(size >= 0.0 && size <= 0x1p40)) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "OneHot has a depth of %g.", size);
        }
        y.dims[axis] = (int64_t)size;
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *indices = &call->inputs[0], *values = &call->inputs[2];
    const ht_tensor_desc *yd = &call->node->outputs[0]->desc;
    size_t bytes = ht_type_bytes(yd->type);
    int32_t axis;
    void *data;
    HT_TRY(read_axis(call->node, &indices->desc, &axis, err));
    if (ht__desc_elements(&values->desc) != 2) {
        return ht__fail_at(err, HT_ERROR_FORMAT, call->node->name, "OneHot takes two values, off and on.");
    }
    HT_TRY(ht__host_inferred(call, 0, &data, err));
    ht_axis_view view = ht__axis_view(yd, axis);
    unsigned char *y = data;
    for (int64_t o = 0; y != NULL && o < view.outer; ++o) {
        for (int64_t d = 0; d < view.size; ++d) {
            for (int64_t i = 0; i < view.inner; ++i, y += bytes) {
                ht_scalar number = ht__scalar_load(indices->desc.type, indices->data, o * view.inner + i);
                double index = ht__scalar_real(number);
                index += index < 0.0 ? (double)view.size : 0.0;
                memcpy(y, (const unsigned char *)values->data + (trunc(index) == (double)d ? bytes : 0), bytes);
            }
        }
    }
    return HT_OK;
}

const ht_op ht__op_OneHot = {
    .name = "OneHot",
    .domain = "",
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x2,
};
