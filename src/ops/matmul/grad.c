/* y = a b: da = dy b', db = a' dy, over the last two axes; summed over the leading axes along which an operand was
 * repeated. */
#include "ops/gradient.h"

static ht_status transposed(ht_gradient *gradient, ht_value *x, ht_value **out, ht_error *err) {
    int64_t order[HT_MAX_RANK];
    int32_t rank = x->desc.rank;
    for (int32_t i = 0; i < rank; ++i) {
        order[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    }
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "Transpose", NULL, &x, 1, 1, &made, err));
    HT_TRY(ht__node_set_ints(gradient->graph, made, "perm", order, (size_t)rank, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    *out = made->outputs[0];
    return HT_OK;
}

ht_status ht__gradient_MatMul(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *a = node->inputs[0], *b = node->inputs[1], *dy = ht__gradient_of(gradient, node->outputs[0]), *part;
    if (ht__gradient_wanted(gradient, a)) {
        HT_TRY(transposed(gradient, b, &part, err));
        HT_TRY(ht__gradient_call(gradient, "MatMul", dy, part, &part, err));
        HT_TRY(ht__gradient_sum_to(gradient, part, &a->desc, &part, err));
        HT_TRY(ht__gradient_add(gradient, a, part, err));
    }
    if (ht__gradient_wanted(gradient, b)) {
        HT_TRY(transposed(gradient, a, &part, err));
        HT_TRY(ht__gradient_call(gradient, "MatMul", part, dy, &part, err));
        HT_TRY(ht__gradient_sum_to(gradient, part, &b->desc, &part, err));
        HT_TRY(ht__gradient_add(gradient, b, part, err));
    }
    return HT_OK;
}
