/* dx = low < x < high ? dy : 0 */
#include <math.h>

#include "ops/gradient.h"

ht_status ht__gradient_Clip(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    float low, high;
    HT_TRY(ht__constant_float(node, 1, -INFINITY, &low, err));
    HT_TRY(ht__constant_float(node, 2, INFINITY, &high, err));
    ht_value *dy = ht__gradient_of(gradient, node->outputs[0]), *dx;
    HT_TRY(ht__gradient_between(gradient, node->inputs[0], dy, low, high, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
