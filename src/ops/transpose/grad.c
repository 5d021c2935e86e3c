/* The inverse permutation. */
#include "ops/gradient.h"

ht_status ht__gradient_Transpose(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    int32_t rank = node->inputs[0]->desc.rank;
    size_t count;
    const int64_t *order = ht__node_ints(node, "perm", &count);
    int64_t inverse[HT_MAX_RANK];
    for (int32_t i = 0; i < rank; ++i) {
        inverse[order != NULL ? order[i] : rank - 1 - i] = i;
    }
    ht_value *dy = ht__gradient_of(gradient, node->outputs[0]);
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "Transpose", NULL, &dy, 1, 1, &made, err));
    HT_TRY(ht__node_set_ints(gradient->graph, made, "perm", inverse, (size_t)rank, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    return ht__gradient_add(gradient, node->inputs[0], made->outputs[0], err);
}
