/* dx = dy y */
#include "ops/gradient.h"

ht_status ht__gradient_Exp(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dy = ht__gradient_of(gradient, node->outputs[0]), *dx;
    HT_TRY(ht__gradient_call(gradient, "Mul", node->outputs[0], dy, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
