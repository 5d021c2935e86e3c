/* dx = dy / (1 + exp(-x)) */
#include "ops/gradient.h"

ht_status ht__gradient_Softplus(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *slope, *dx;
    HT_TRY(ht__gradient_call(gradient, "Sigmoid", node->inputs[0], NULL, &slope, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", ht__gradient_of(gradient, node->outputs[0]), slope, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
