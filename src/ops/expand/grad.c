/* The reverse of broadcasting: a sum. */
#include "ops/gradient.h"

ht_status ht__gradient_Expand(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dx = ht__gradient_of(gradient, node->outputs[0]);
    HT_TRY(ht__gradient_sum_to(gradient, dx, &node->inputs[0]->desc, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
