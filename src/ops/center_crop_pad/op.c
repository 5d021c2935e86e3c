/* Crops or pads each axis (attribute axes: all) around its middle to the size that input 1 states; padding is 0. Of an
 * odd difference the end gets one element more when padding; cropping begins at the difference halved, rounded down. */
#include <string.h>

#include "kernels/move/move.h"
#include "ops/common.h"

static ht_status read(const ht_node *node, ht_pad_parameters *out, ht_tensor_desc *y, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t sizes[HT_MAX_RANK];
    size_t listed, count;
    const int64_t *axes = ht__node_ints(node, "axes", &listed);
    HT_TRY(ht__constant_ints(node, 1, sizes, &count, err));
    if (count != (axes != NULL ? listed : (size_t)x->rank)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "CenterCropPad needs one size for each of its axes.");
    }
    memset(out, 0, sizeof *out);
    out->mode = HT_PAD_CONSTANT;
    *y = *x;
    for (size_t i = 0; i < count; ++i) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, axes != NULL ? axes[i] : (int64_t)i, x->rank, &axis, err));
        if (sizes[i] < 0 || sizes[i] > INT32_MAX) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A size of %lld is not usable.", (long long)sizes[i]);
        }
        int64_t more = sizes[i] - (x->dims[axis] >= 0 ? x->dims[axis] : sizes[i]);
        out->begin[axis] = more / 2; /* rounded towards 0: half of what is cropped, rounded down, too */
        out->end[axis] = more - out->begin[axis];
        y->dims[axis] = sizes[i];
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_pad_parameters parameters;
    ht_tensor_desc y = node->inputs[0]->desc;
    if (node->inputs[1]->data == NULL) {
        for (int32_t i = 0; i < y.rank; ++i) {
            y.dims[i] = -1;
        }
        return ht__set_output(node, 0, &y, err);
    }
    HT_TRY(read(node, &parameters, &y, err));
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_tensor_desc y;
    call->input_count = 1;
    return read(node, HT_LOWER(ht_pad_parameters, call, ht__pad_family), &y, err);
}

const ht_op ht__op_CenterCropPad = {
    .name = "CenterCropPad",
    .domain = "",
    .since = 18,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .content_inputs = 0x2,
};
