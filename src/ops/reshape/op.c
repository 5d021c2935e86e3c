#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/lookup/lookup.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    if (node->inputs[1]->data == NULL) {
        return HT_OK; /* a computed shape: known once it has been folded */
    }
    int64_t shape[HT_MAX_RANK];
    size_t count;
    HT_TRY(ht__constant_ints(node, 1, shape, &count, err));
    bool keep_zero = ht__node_int(node, "allowzero", 0) != 0;
    ht_tensor_desc y = {.type = x->type, .rank = (int32_t)count};
    int64_t known = 1;
    int32_t open = -1;
    for (int32_t i = 0; i < y.rank; ++i) {
        int64_t size = shape[i] == 0 && !keep_zero && i < x->rank ? x->dims[i] : shape[i];
        if (shape[i] == -1 && open < 0) {
            open = i;
            continue;
        }
        if (shape[i] < 0) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The new shape has the dimension %lld.",
                               (long long)shape[i]);
        }
        y.dims[i] = size;
        if (size < 0 || known < 0 || __builtin_mul_overflow(known, size, &known)) {
            known = -1;
        }
    }
    int64_t elements = ht__desc_elements(x);
    if (open >= 0) {
        y.dims[open] = elements >= 0 && known > 0 ? elements / known : -1;
    }
    int64_t total = ht__desc_elements(&y);
    if (elements >= 0 && total >= 0 && total != elements) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%lld elements cannot be reshaped to %lld.",
                           (long long)elements, (long long)total);
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__copy_family;
    call->input_count = 1;
    return HT_OK;
}

const ht_op ht__op_Reshape = {
    .name = "Reshape",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .content_inputs = 0x2,
    .integer = ht__integer_move,
    .gradient = ht__gradient_back_in_shape,
    .selects = true,
};
