/* dx = dy p x^(p-1) for a constant exponent p */
#include "ops/gradient.h"

ht_status ht__gradient_Pow(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *x = node->inputs[0], *p = node->inputs[1], *one, *less, *dx;
    if (ht__gradient_wanted(gradient, p)) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Pow has no gradient for its exponent.");
    }
    HT_TRY(ht__graph_add_scalar(gradient->graph, NULL, 1.0f, &one, err));
    HT_TRY(ht__gradient_call(gradient, "Sub", p, one, &less, err));
    HT_TRY(ht__gradient_call(gradient, "Pow", x, less, &dx, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", dx, p, &dx, err));
    HT_TRY(ht__gradient_call(gradient, "Mul", dx, ht__gradient_of(gradient, node->outputs[0]), &dx, err));
    HT_TRY(ht__gradient_sum_to(gradient, dx, &x->desc, &dx, err));
    return ht__gradient_add(gradient, x, dx, err);
}
