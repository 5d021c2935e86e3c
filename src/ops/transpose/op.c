#include "kernels/move/move.h"
#include "ops/gradient.h"
#include "ops/lookup/lookup.h"

/* The attribute perm, or the reversed axes when it is absent. */
static ht_status read_permutation(const ht_node *node, int32_t out[HT_MAX_RANK], ht_error *err) {
    int32_t rank = node->inputs[0]->desc.rank;
    size_t count;
    const int64_t *perm = ht__node_ints(node, "perm", &count);
    bool used[HT_MAX_RANK] = {false};
    for (int32_t i = 0; i < rank; ++i) {
        int64_t axis = perm != NULL && i < (int32_t)count ? perm[i] : rank - 1 - i;
        if ((perm != NULL && count != (size_t)rank) || axis < 0 || axis >= rank || used[axis]) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute perm is no permutation of %d axes.",
                               (int)rank);
        }
        used[axis] = true;
        out[i] = (int32_t)axis;
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int32_t permutation[HT_MAX_RANK];
    HT_TRY(read_permutation(node, permutation, err));
    ht_tensor_desc y = {.type = x->type, .rank = x->rank};
    for (int32_t i = 0; i < x->rank; ++i) {
        y.dims[i] = x->dims[permutation[i]];
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_transpose_parameters *parameters = HT_LOWER(ht_transpose_parameters, call, ht__transpose_family);
    return read_permutation(node, parameters->permutation, err);
}

const ht_op ht__op_Transpose = {
    .name = "Transpose",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_move,
    .gradient = ht__gradient_Transpose,
    .selects = true,
};
