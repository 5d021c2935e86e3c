/* Undoes a max pooling: each element of x goes to the place that the index beside it names, everything else is 0. The
 * indices count in the map that the window attributes give; with output_shape (input 2) that map is the beginning of a
 * larger one. */
#include "kernels/index.h"
#include "ops/reals.h"

static ht_status read_natural(const ht_node *node, ht_tensor_desc *natural, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_window window;
    HT_TRY(ht__window_read(node, x, NULL, &window, err));
    *natural = *x;
    for (int32_t i = 0; i < window.spatial; ++i) {
        if (x->dims[2 + i] >= 0) {
            natural->dims[2 + i] =
                (x->dims[2 + i] - 1) * window.strides[i] + window.kernel[i] - window.pads_begin[i] - window.pads_end[i];
            natural->dims[2 + i] = natural->dims[2 + i] < 0 ? 0 : natural->dims[2 + i];
        }
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y;
    HT_TRY(read_natural(node, &y, err));
    if (!ht__has_input(node, 2)) {
        return ht__set_output(node, 0, &y, err);
    }
    if (node->inputs[2]->data == NULL) {
        return HT_OK;
    }
    ht_tensor_desc natural = y;
    size_t count;
    HT_TRY(ht__constant_ints(node, 2, y.dims, &count, err));
    bool fits = count == (size_t)y.rank;
    for (int32_t i = 0; i < y.rank && fits; ++i) {
        fits = i < 2 ? y.dims[i] == natural.dims[i] || natural.dims[i] < 0 : y.dims[i] >= natural.dims[i];
    }
    return fits ? ht__set_output(node, 0, &y, err)
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                              "The stated output shape is smaller than what the windows give.");
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    ht_tensor_desc natural;
    const ht_reals *x = &call->inputs[0], *indices = &call->inputs[1];
    ht_reals *y = &call->outputs[0];
    HT_TRY(read_natural(call->node, &natural, err));
    int64_t strides[HT_MAX_RANK], places = ht__desc_elements(&natural);
    ht__desc_strides(&y->desc, strides);
    if (!ht__desc_same_shape(&x->desc, &indices->desc)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, call->node->name, "MaxUnpool needs one index for each element.");
    }
    for (int64_t i = 0; i < ht__desc_elements(&x->desc); ++i) {
        if (!(indices->data[i] >= 0.0 && indices->data[i] < (double)places)) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, call->node->name, "The index %.0f lies outside a map of %lld.",
                               indices->data[i], (long long)places);
        }
        int64_t index = (int64_t)indices->data[i], offset = 0;
        for (int32_t d = natural.rank - 1; d >= 0; --d) {
            offset += index % natural.dims[d] * strides[d];
            index /= natural.dims[d];
        }
        y->data[offset] = x->data[i];
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_MaxUnpool = {
    .name = "MaxUnpool",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x4,
};
