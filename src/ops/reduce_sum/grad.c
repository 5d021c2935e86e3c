#include "ops/gradient.h"
#include "ops/reduce_common.h"

ht_status ht__reduce_gradient(ht_gradient *gradient, const ht_node *node, ht_reduce function, ht_error *err) {
    ht_kernel_call call = {.family = NULL};
    HT_TRY(ht__reduce_lower(node, function, &call, err));
    const bool *axes = HT_PARAMETERS(ht_reduce_parameters, &call)->axes;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_tensor_desc kept = *x;
    float elements = 1;
    for (int32_t i = 0; i < x->rank; ++i) {
        kept.dims[i] = axes[i] ? 1 : x->dims[i];
        elements *= axes[i] ? (float)x->dims[i] : 1.0f;
    }
    ht_value *dx = ht__gradient_of(gradient, node->outputs[0]), *shape;
    HT_TRY(ht__gradient_scale(gradient, dx, function == HT_REDUCE_MEAN ? 1 / elements : 1.0f, &dx, err));
    HT_TRY(ht__gradient_reshape(gradient, dx, &kept, &dx, err));
    HT_TRY(ht__gradient_ints(gradient, x->dims, (size_t)x->rank, &shape, err));
    HT_TRY(ht__gradient_call(gradient, "Expand", dx, shape, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}

ht_status ht__gradient_ReduceSum(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    return ht__reduce_gradient(gradient, node, HT_REDUCE_SUM, err);
}
