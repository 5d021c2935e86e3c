/* The gradients of a convolution are operators of their own (grad_op.c). */
#include "ops/gradient.h"

ht_status ht__gradient_Conv(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *x = node->inputs[0], *w = node->inputs[1], *b = ht__has_input(node, 2) ? node->inputs[2] : NULL;
    ht_value *dy = ht__gradient_of(gradient, node->outputs[0]);
    ht_node *made;
    if (ht__gradient_wanted(gradient, x)) {
        ht_value *inputs[2] = {dy, w};
        HT_TRY(ht__gradient_node(gradient, "ConvGradInput", node, inputs, 2, 1, &made, err));
        HT_TRY(ht__gradient_set_shape(gradient, made, &x->desc, err));
        HT_TRY(ht__gradient_infer(gradient, made, err));
        HT_TRY(ht__gradient_add(gradient, x, made->outputs[0], err));
    }
    bool bias = ht__gradient_wanted(gradient, b);
    if (ht__gradient_wanted(gradient, w) || bias) {
        ht_value *inputs[2] = {x, dy};
        HT_TRY(ht__gradient_node(gradient, "ConvGradWeight", node, inputs, 2, bias ? 2 : 1, &made, err));
        HT_TRY(ht__gradient_set_shape(gradient, made, &w->desc, err));
        HT_TRY(ht__gradient_infer(gradient, made, err));
        HT_TRY(ht__gradient_add(gradient, w, made->outputs[0], err));
        if (bias) {
            HT_TRY(ht__gradient_add(gradient, b, made->outputs[1], err));
        }
    }
    return HT_OK;
}
