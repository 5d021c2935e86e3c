/* dlogits = dloss (probabilities - target) / rows */
#include "ops/gradient.h"

ht_status ht__gradient_CrossEntropy(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dloss = ht__gradient_of(gradient, node->outputs[0]);
    ht_value *inputs[2] = {node->outputs[1], node->inputs[1]};
    ht_node *made;
    if (dloss == NULL || ht__gradient_of(gradient, node->outputs[1]) != NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "Only CrossEntropy's loss has a gradient.");
    }
    HT_TRY(ht__gradient_node(gradient, "CrossEntropyGrad", node, inputs, 2, 1, &made, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    ht_value *dx = made->outputs[0];
    bool seed = dloss->data != NULL && *(const float *)dloss->data == 1.0f; /* the usual case: the loss itself */
    if (!seed) {
        HT_TRY(ht__gradient_call(gradient, "Mul", dx, dloss, &dx, err));
    }
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
