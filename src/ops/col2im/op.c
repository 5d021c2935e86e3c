/* Blocks side by side become a map again, overlaps are summed: the inverse of cutting a map into windows.
 * Inputs x [N, C * elements of the block, L], image_shape, block_shape; output [N, C, image_shape...]. */
#include "kernels/index.h"
#include "ops/reals.h"

/* The geometry of the convolution that would read the map by blocks. */
typedef struct blocks {
    int32_t spatial;
    int64_t image[3], block[3], strides[3], dilations[3], pads[6], counts[3];
} blocks;

static ht_status read_sizes(const ht_node *node, uint32_t input, int64_t out[3], int32_t *spatial, ht_error *err) {
    int64_t sizes[HT_MAX_RANK];
    size_t count;
    HT_TRY(ht__constant_ints(node, input, sizes, &count, err));
    if (count < 1 || count > 3) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Col2Im works with 1 to 3 dimensions, not %zu.",
                           count);
    }
    for (size_t i = 0; i < count; ++i) {
        if (sizes[i] < 1 || sizes[i] > INT32_MAX) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "A size of %lld is not usable.", (long long)sizes[i]);
        }
        out[i] = sizes[i];
    }
    *spatial = (int32_t)count;
    return HT_OK;
}

static ht_status read(const ht_node *node, blocks *out, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int32_t dimensions;
    HT_TRY(read_sizes(node, 1, out->image, &out->spatial, err));
    HT_TRY(read_sizes(node, 2, out->block, &dimensions, err));
    if (dimensions != out->spatial || x->rank != 3) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "Col2Im needs a tensor of rank 3, and as many block sizes as image sizes.");
    }
    HT_TRY(ht__node_numbers(node, "strides", out->spatial, 1, 1, out->strides, err));
    HT_TRY(ht__node_numbers(node, "dilations", out->spatial, 1, 1, out->dilations, err));
    HT_TRY(ht__node_numbers(node, "pads", 2 * out->spatial, 0, 0, out->pads, err));
    int64_t columns = 1;
    for (int32_t i = 0; i < out->spatial; ++i) {
        int64_t room =
            out->image[i] + out->pads[i] + out->pads[out->spatial + i] - (out->block[i] - 1) * out->dilations[i] - 1;
        out->counts[i] = room >= 0 ? room / out->strides[i] + 1 : 0;
        columns = __builtin_mul_overflow(columns, out->counts[i], &columns) ? -1 : columns;
    }
    if (x->dims[2] >= 0 && x->dims[2] != columns) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The image has %lld blocks, but %lld are given.",
                           (long long)columns, (long long)x->dims[2]);
    }
    return HT_OK;
}

/* Elements of a block; -1 when they are too many. */
static int64_t block_elements(const blocks *b) {
    int64_t product = 1;
    for (int32_t i = 0; i < b->spatial; ++i) {
        if (__builtin_mul_overflow(product, b->block[i], &product)) {
            return -1;
        }
    }
    return product;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    if (node->inputs[1]->data == NULL || node->inputs[2]->data == NULL) {
        return HT_OK;
    }
    blocks b;
    HT_TRY(read(node, &b, err));
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t elements = block_elements(&b);
    if (elements < 1 || (x->dims[1] >= 0 && x->dims[1] % elements != 0)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%lld rows are no whole number of blocks of %lld.",
                           (long long)x->dims[1], (long long)elements);
    }
    ht_tensor_desc y = {
        .type = x->type, .rank = 2 + b.spatial, .dims = {x->dims[0], x->dims[1] < 0 ? -1 : x->dims[1] / elements}};
    for (int32_t i = 0; i < b.spatial; ++i) {
        y.dims[2 + i] = b.image[i];
    }
    return ht__set_output(node, 0, &y, err);
}

/* Where element k of block p lies in the map; -1 in the padding. */
static int64_t offset_of(const blocks *b, const int64_t *p, const int64_t *k) {
    int64_t offset = 0;
    for (int32_t i = 0; i < b->spatial; ++i) {
        int64_t at = p[i] * b->strides[i] + k[i] * b->dilations[i] - b->pads[i];
        if (at < 0 || at >= b->image[i]) {
            return -1;
        }
        offset = offset * b->image[i] + at;
    }
    return offset;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    blocks b;
    HT_TRY(read(call->node, &b, err));
    const ht_tensor_desc *y = &call->outputs[0].desc;
    const double *from = call->inputs[0].data;
    int64_t map_elements = ht__index_product(b.image, 0, b.spatial);
    if (ht__desc_elements(&call->inputs[0].desc) == 0) {
        return HT_OK;
    }
    for (int64_t map = 0; map < y->dims[0] * y->dims[1]; ++map) {
        double *to = call->outputs[0].data + map * map_elements;
        int64_t k[3] = {0}, p[3] = {0};
        do {
            do {
                int64_t at = offset_of(&b, p, k);
                if (at >= 0) {
                    to[at] += *from;
                }
                ++from;
            } while (ht__index_next(b.spatial, b.counts, p));
        } while (ht__index_next(b.spatial, b.block, k));
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_Col2Im = {
    .name = "Col2Im",
    .domain = "",
    .since = 18,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x6,
};
