#include "ops/gradient.h"

ht_status ht__gradient_Softmax(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *inputs[2] = {node->outputs[0], ht__gradient_of(gradient, node->outputs[0])};
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "SoftmaxGrad", node, inputs, 2, 1, &made, err));
    HT_TRY(ht__node_set_int(gradient->graph, made, "logarithm", 0, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    return ht__gradient_add(gradient, node->inputs[0], made->outputs[0], err);
}
