/* Straight through inside the range (Bengio et al. 2013). */
#include "ops/gradient.h"

ht_status ht__gradient_FakeQuantize(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *inputs[4] = {node->inputs[0], node->inputs[1], node->inputs[2],
                           ht__gradient_of(gradient, node->outputs[0])};
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "FakeQuantizeGrad", node, inputs, 4, 1, &made, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    return ht__gradient_add(gradient, node->inputs[0], made->outputs[0], err);
}
