#include "ops/gradient.h"
#include "ops/pool_common.h"

ht_status ht__pool_gradient(ht_gradient *gradient, const ht_node *node, ht_pool_kind kind, bool global, ht_error *err) {
    bool maximum = kind == HT_POOL_MAX; /* the only one that must see x again */
    ht_value *inputs[2] = {ht__gradient_of(gradient, node->outputs[0]), node->inputs[0]};
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "PoolGrad", node, inputs, maximum ? 2 : 1, 1, &made, err));
    HT_TRY(ht__node_set_text(gradient->graph, made, "mode", maximum ? "max" : "average", err));
    HT_TRY(ht__node_set_int(gradient->graph, made, "global", global, err));
    HT_TRY(ht__gradient_set_shape(gradient, made, &node->inputs[0]->desc, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    return ht__gradient_add(gradient, node->inputs[0], made->outputs[0], err);
}
