/* dx = dy, dz = -dy, each summed over the axes along which it was broadcast. */
#include "ops/gradient.h"

ht_status ht__gradient_Sub(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dy = ht__gradient_of(gradient, node->outputs[0]);
    for (int i = 0; i < 2; ++i) {
        if (ht__gradient_wanted(gradient, node->inputs[i])) {
            ht_value *part = dy;
            if (i == 1) {
                HT_TRY(ht__gradient_call(gradient, "Neg", dy, NULL, &part, err));
            }
            HT_TRY(ht__gradient_sum_to(gradient, part, &node->inputs[i]->desc, &part, err));
            HT_TRY(ht__gradient_add(gradient, node->inputs[i], part, err));
        }
    }
    return HT_OK;
}
