/* Where an affine transformation takes each position of an image: theta [N, d, d + 1] times the position's normalised
 * coordinates and 1, for d = 2 or 3. size (input 1) is N, C and the spatial dimensions; output [N, spatial..., d].
 * A coordinate runs from -1 to 1 over the centres of the border elements (align_corners), or over their outer edges.
 * Coordinates come in the order x, y(, z), dimensions in the order (depth,) height, width. */
#include "kernels/index.h"
#include "ops/reals.h"

static ht_status read_size(const ht_node *node, int64_t size[HT_MAX_RANK], int32_t *spatial, ht_error *err) {
    size_t count;
    HT_TRY(ht__constant_ints(node, 1, size, &count, err));
    const ht_tensor_desc *theta = &node->inputs[0]->desc;
    bool fits = (count == 4 || count == 5) && theta->rank == 3;
    *spatial = (int32_t)count - 2;
    for (size_t i = 0; fits && i < count; ++i) {
        fits = size[i] >= 0 && size[i] <= INT32_MAX;
    }
    fits = fits && (theta->dims[0] < 0 || theta->dims[0] == size[0]) &&
           (theta->dims[1] < 0 || theta->dims[1] == *spatial) && (theta->dims[2] < 0 || theta->dims[2] == *spatial + 1);
    return fits ? HT_OK
                : ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                              "AffineGrid needs transformations [N,2,3] with a size of 4 numbers, or [N,3,4] with 5.");
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    int64_t size[HT_MAX_RANK];
    int32_t spatial;
    if (node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    HT_TRY(read_size(node, size, &spatial, err));
    ht_tensor_desc y = {.type = node->inputs[0]->desc.type, .rank = spatial + 2, .dims = {size[0]}};
    for (int32_t i = 0; i < spatial; ++i) {
        y.dims[1 + i] = size[2 + i];
    }
    y.dims[1 + spatial] = spatial;
    return ht__set_output(node, 0, &y, err);
}

static double coordinate(int64_t i, int64_t size, bool align_corners) {
    if (align_corners) {
        return size > 1 ? -1.0 + 2.0 * (double)i / (double)(size - 1) : 0.0;
    }
    return (2.0 * (double)i + 1.0) / (double)size - 1.0;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    int64_t size[HT_MAX_RANK], at[3] = {0};
    int32_t spatial;
    HT_TRY(read_size(call->node, size, &spatial, err));
    bool align_corners = ht__node_int(call->node, "align_corners", 0) != 0;
    double *to = call->outputs[0].data;
    if (ht__desc_elements(&call->outputs[0].desc) == 0) {
        return HT_OK;
    }
    for (int64_t n = 0; n < size[0]; ++n) {
        const double *theta = call->inputs[0].data + n * spatial * (spatial + 1);
        do {
            for (int32_t row = 0; row < spatial; ++row) {
                double sum = theta[row * (spatial + 1) + spatial];
                for (int32_t i = 0; i < spatial; ++i) {
                    int32_t axis = spatial - 1 - i; /* x belongs to the last dimension */
                    sum += theta[row * (spatial + 1) + i] * coordinate(at[axis], size[2 + axis], align_corners);
                }
                *to++ = sum;
            }
        } while (ht__index_next(spatial, size + 2, at));
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_AffineGrid = {
    .name = "AffineGrid",
    .domain = "",
    .since = 20,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x2,
};
