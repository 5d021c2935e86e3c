/* y = alpha A B + beta c, A and B being a and b or their transposes:
 *   dA = alpha dy B', dB = alpha A' dy, dc = beta dy summed to c's shape. */
#include "ops/gradient.h"

/* *out = alpha op(a) op(b), transposed as said. */
static ht_status product(ht_gradient *gradient, ht_value *a, bool transpose_a, ht_value *b, bool transpose_b,
                         float alpha, ht_value **out, ht_error *err) {
    ht_value *inputs[2] = {a, b};
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "Gemm", NULL, inputs, 2, 1, &made, err));
    HT_TRY(ht__node_set_int(gradient->graph, made, "transA", transpose_a, err));
    HT_TRY(ht__node_set_int(gradient->graph, made, "transB", transpose_b, err));
    HT_TRY(ht__node_set_float(gradient->graph, made, "alpha", alpha, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    *out = made->outputs[0];
    return HT_OK;
}

ht_status ht__gradient_Gemm(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *a = node->inputs[0], *b = node->inputs[1], *dy = ht__gradient_of(gradient, node->outputs[0]), *part;
    bool ta = ht__node_int(node, "transA", 0) != 0, tb = ht__node_int(node, "transB", 0) != 0;
    float alpha = ht__node_float(node, "alpha", 1.0f), beta = ht__node_float(node, "beta", 1.0f);
    if (ht__gradient_wanted(gradient, a)) {
        /* a stored transposed wants its gradient transposed: (dy B')' = B dy'. */
        HT_TRY(ta ? product(gradient, b, tb, dy, true, alpha, &part, err)
                  : product(gradient, dy, false, b, !tb, alpha, &part, err));
        HT_TRY(ht__gradient_add(gradient, a, part, err));
    }
    if (ht__gradient_wanted(gradient, b)) {
        HT_TRY(tb ? product(gradient, dy, true, a, ta, alpha, &part, err)
                  : product(gradient, a, !ta, dy, false, alpha, &part, err));
        HT_TRY(ht__gradient_add(gradient, b, part, err));
    }
    if (ht__has_input(node, 2) && ht__gradient_wanted(gradient, node->inputs[2])) {
        HT_TRY(ht__gradient_sum_to(gradient, dy, &node->inputs[2]->desc, &part, err));
        HT_TRY(ht__gradient_scale(gradient, part, beta, &part, err));
        HT_TRY(ht__gradient_add(gradient, node->inputs[2], part, err));
    }
    return HT_OK;
}
