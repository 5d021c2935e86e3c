/* y = x / z: dx = dy / z, dz = -dy y / z, each summed over the axes along which it was broadcast. */
#include "ops/gradient.h"

ht_status ht__gradient_Div(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *x = node->inputs[0], *z = node->inputs[1], *y = node->outputs[0], *share, *part;
    HT_TRY(ht__gradient_call(gradient, "Div", ht__gradient_of(gradient, y), z, &share, err));
    if (ht__gradient_wanted(gradient, x)) {
        HT_TRY(ht__gradient_sum_to(gradient, share, &x->desc, &part, err));
        HT_TRY(ht__gradient_add(gradient, x, part, err));
    }
    if (ht__gradient_wanted(gradient, z)) {
        HT_TRY(ht__gradient_call(gradient, "Mul", share, y, &part, err));
        HT_TRY(ht__gradient_call(gradient, "Neg", part, NULL, &part, err));
        HT_TRY(ht__gradient_sum_to(gradient, part, &z->desc, &part, err));
        HT_TRY(ht__gradient_add(gradient, z, part, err));
    }
    return HT_OK;
}
