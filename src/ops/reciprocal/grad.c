/* dx = -dy y^2 */
#include "ops/gradient.h"

ht_status ht__gradient_Reciprocal(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *y = node->outputs[0], *dx;
    HT_TRY(ht__gradient_call(gradient, "Mul", ht__gradient_of(gradient, y), y, &dx, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", dx, y, &dx, err));
    HT_TRY(ht__gradient_call(gradient, "Neg", dx, NULL, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
