/* dx = dy sign(x) */
#include "ops/gradient.h"

ht_status ht__gradient_Abs(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *sign, *dx;
    HT_TRY(ht__gradient_call(gradient, "Sign", node->inputs[0], NULL, &sign, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", ht__gradient_of(gradient, node->outputs[0]), sign, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
