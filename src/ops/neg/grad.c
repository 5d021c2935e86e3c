/* dx = -dy */
#include "ops/gradient.h"

ht_status ht__gradient_Neg(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dx;
    HT_TRY(ht__gradient_call(gradient, "Neg", ht__gradient_of(gradient, node->outputs[0]), NULL, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
