/* The gradient of batch normalisation is an operator of its own (train_op.c). */
#include "ops/gradient.h"

ht_status ht__gradient_BatchNormTrain(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *inputs[6] = {ht__gradient_of(gradient, node->outputs[0]),
                           node->inputs[0],
                           node->inputs[1],
                           node->outputs[3],
                           node->outputs[4],
                           node->outputs[0]};
    ht_node *made;
    bool relu = ht__node_int(node, "relu", 0) != 0;
    HT_TRY(ht__gradient_node(gradient, "BatchNormGrad", node, inputs, relu ? 6 : 5, 3, &made, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    for (uint32_t i = 0; i < 3; ++i) {
        HT_TRY(ht__gradient_add(gradient, node->inputs[i], made->outputs[i], err));
    }
    return HT_OK;
}
