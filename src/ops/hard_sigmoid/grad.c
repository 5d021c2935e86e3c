/* dx = alpha dy where 0 < alpha x + beta < 1 */
#include "ops/gradient.h"

ht_status ht__gradient_HardSigmoid(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    float alpha = ht__node_float(node, "alpha", 0.2f), beta = ht__node_float(node, "beta", 0.5f);
    if (!(alpha > 0)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "HardSigmoid with alpha %g has no gradient rule.",
                           (double)alpha);
    }
    ht_value *dx = ht__gradient_of(gradient, node->outputs[0]);
    HT_TRY(ht__gradient_between(gradient, node->inputs[0], dx, -beta / alpha, (1 - beta) / alpha, &dx, err));
    HT_TRY(ht__gradient_scale(gradient, dx, alpha, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
