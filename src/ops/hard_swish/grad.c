/* dx = dy h(x) + dy x / 6 where -3 < x < 3, with h(x) = max(0, min(1, x/6 + 1/2)) */
#include "ops/gradient.h"

ht_status ht__gradient_HardSwish(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *x = node->inputs[0], *dy = ht__gradient_of(gradient, node->outputs[0]), *gate, *slope;
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "HardSigmoid", NULL, &x, 1, 1, &made, err));
    HT_TRY(ht__node_set_float(gradient->graph, made, "alpha", 1.0f / 6, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", made->outputs[0], dy, &gate, err));
    HT_TRY(ht__gradient_add(gradient, x, gate, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", x, dy, &slope, err));
    HT_TRY(ht__gradient_scale(gradient, slope, 1.0f / 6, &slope, err));
    HT_TRY(ht__gradient_between(gradient, x, slope, -3, 3, &slope, err));
    return ht__gradient_add(gradient, x, slope, err);
}
