/* Pieces along an axis: of the sizes that input 1 lists, or as equal as can be, the last one smaller. A Split of stated
 * sizes in a file becomes Slice nodes when it is read. */
#include <string.h>

#include "ops/host.h"

/* Size of piece `k` of `count` along an axis of `size`. */
static ht_status piece_size(const ht_node *node, uint32_t k, uint32_t count, int64_t size, int64_t *out,
                            ht_error *err) {
    int64_t each = (size + count - 1) / count, before = (int64_t)k * each;
    *out = before >= size ? 0 : size - before < each ? size - before : each;
    if (!ht__has_input(node, 1)) {
        return HT_OK;
    }
    const ht_value *sizes = node->inputs[1];
    if (sizes->desc.type != HT_I64 || ht__desc_elements(&sizes->desc) != (int64_t)count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Split has %u outputs but not as many sizes.", count);
    }
    *out = ((const int64_t *)sizes->data)[k];
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int32_t axis;
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", 0), x->rank, &axis, err));
    bool known = x->dims[axis] >= 0 && (!ht__has_input(node, 1) || node->inputs[1]->data != NULL);
    int64_t left = x->dims[axis];
    for (uint32_t k = 0; k < node->output_count; ++k) {
        ht_tensor_desc y = *x;
        y.dims[axis] = -1;
        if (known) {
            HT_TRY(piece_size(node, k, node->output_count, x->dims[axis], &y.dims[axis], err));
        }
        bool fits = !known || (y.dims[axis] >= 0 && y.dims[axis] <= left);
        left -= known && fits ? y.dims[axis] : 0;
        if (!fits) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The pieces do not fit an axis of %lld.",
                               (long long)x->dims[axis]);
        }
        HT_TRY(ht__set_output(node, k, &y, err));
    }
    return !known || left == 0 ? HT_OK
                               : ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "The pieces leave %lld of axis %d.",
                                             (long long)left, (int)axis);
}

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    int32_t axis;
    HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", 0), x->desc.rank, &axis, err));
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    size_t unit = (size_t)view.inner * ht_type_bytes(x->desc.type), before = 0;
    for (uint32_t k = 0; k < call->node->output_count; ++k) {
        int64_t size;
        void *y;
        HT_TRY(piece_size(call->node, k, call->node->output_count, view.size, &size, err));
        HT_TRY(ht__host_inferred(call, k, &y, err));
        size_t run = (size_t)size * unit;
        for (int64_t o = 0; y != NULL && run != 0 && o < view.outer; ++o) {
            memcpy((unsigned char *)y + (size_t)o * run,
                   (const unsigned char *)x->data + (size_t)o * (size_t)view.size * unit + before, run);
        }
        before += run;
    }
    return HT_OK;
}

const ht_op ht__op_Split = {
    .name = "Split",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = UINT32_MAX,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .content_inputs = 0x2,
    .selects = true,
};
