#include <string.h>

#include "kernels/index.h"
#include "ops/host.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t repeats[HT_MAX_RANK];
    size_t count;
    if (node->inputs[1]->data == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__constant_ints(node, 1, repeats, &count, err));
    ht_tensor_desc y = *x;
    if (count != (size_t)x->rank) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Tile has %zu repeats for %d axes.", count, (int)x->rank);
    }
    for (int32_t i = 0; i < x->rank; ++i) {
        if (repeats[i] < 0 || (x->dims[i] > 0 && __builtin_mul_overflow(x->dims[i], repeats[i], &y.dims[i]))) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Axis %d is repeated %lld times.", (int)i,
                               (long long)repeats[i]);
        }
        y.dims[i] = repeats[i] == 0 ? 0 : y.dims[i];
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_desc *xd = &call->inputs[0].desc, *yd = &call->node->outputs[0]->desc;
    int64_t strides[HT_MAX_RANK], index[HT_MAX_RANK] = {0};
    size_t bytes = ht_type_bytes(xd->type);
    void *data;
    HT_TRY(ht__host_inferred(call, 0, &data, err));
    unsigned char *y = data;
    ht__desc_strides(xd, strides);
    if (y == NULL || ht__desc_elements(yd) == 0) {
        return HT_OK;
    }
    do {
        int64_t at = 0;
        for (int32_t i = 0; i < xd->rank; ++i) {
            at += index[i] % xd->dims[i] * strides[i];
        }
        memcpy(y, (const unsigned char *)call->inputs[0].data + (size_t)at * bytes, bytes);
        y += bytes;
    } while (ht__index_next(yd->rank, yd->dims, index));
    return HT_OK;
}

const ht_op ht__op_Tile = {
    .name = "Tile",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x2,
    .integer = ht__integer_move,
    .selects = true,
};
