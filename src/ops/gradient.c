#include "ops/gradient.h"

ht_status ht__gradient_node(ht_gradient *gradient, const char *op, const ht_node *like, ht_value *const *inputs,
                            uint32_t input_count, uint32_t output_count, ht_node **out, ht_error *err) {
    ht_graph *graph = gradient->graph;
    HT_TRY(ht__graph_add_node(graph, op, NULL, inputs, input_count, output_count, NULL, out, err));
    for (uint32_t i = 0; like != NULL && i < like->attribute_count; ++i) {
        HT_TRY(ht__node_copy_attribute(graph, *out, &like->attributes[i], err));
    }
    return HT_OK;
}

ht_status ht__gradient_infer(ht_gradient *gradient, ht_node *node, ht_error *err) {
    return node->op->infer(gradient->graph, node, err);
}

ht_status ht__gradient_call(ht_gradient *gradient, const char *op, ht_value *a, ht_value *b, ht_value **out,
                            ht_error *err) {
    ht_value *inputs[2] = {a, b};
    ht_node *node;
    HT_TRY(ht__gradient_node(gradient, op, NULL, inputs, b != NULL ? 2 : 1, 1, &node, err));
    HT_TRY(ht__gradient_infer(gradient, node, err));
    *out = node->outputs[0];
    return HT_OK;
}

ht_status ht__gradient_scale(ht_gradient *gradient, ht_value *a, float factor, ht_value **out, ht_error *err) {
    if (factor == 1.0f) {
        *out = a;
        return HT_OK;
    }
    ht_value *number;
    HT_TRY(ht__graph_add_scalar(gradient->graph, NULL, factor, &number, err));
    return ht__gradient_call(gradient, "Mul", a, number, out, err);
}

ht_status ht__gradient_ints(ht_gradient *gradient, const int64_t *values, size_t count, ht_value **out, ht_error *err) {
    const ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {(int64_t)count}};
    return ht__graph_add_constant(gradient->graph, NULL, &desc, values, false, out, err);
}

ht_status ht__gradient_set_shape(ht_gradient *gradient, ht_node *node, const ht_tensor_desc *desc, ht_error *err) {
    return ht__node_set_ints(gradient->graph, node, "shape", desc->dims, (size_t)desc->rank, err);
}

ht_status ht__gradient_reshape(ht_gradient *gradient, ht_value *value, const ht_tensor_desc *shape, ht_value **out,
                               ht_error *err) {
    if (ht__desc_same_shape(&value->desc, shape)) {
        *out = value;
        return HT_OK;
    }
    ht_value *dims;
    HT_TRY(ht__gradient_ints(gradient, shape->dims, (size_t)shape->rank, &dims, err));
    return ht__gradient_call(gradient, "Reshape", value, dims, out, err);
}

ht_status ht__gradient_sum_to(ht_gradient *gradient, ht_value *value, const ht_tensor_desc *shape, ht_value **out,
                              ht_error *err) {
    const ht_tensor_desc *from = &value->desc;
    int64_t axes[HT_MAX_RANK];
    size_t count = 0;
    for (int32_t i = 0; i < from->rank; ++i) {
        int32_t k = i - (from->rank - shape->rank);
        int64_t wanted = k >= 0 ? shape->dims[k] : 1;
        if (wanted != from->dims[i]) {
            axes[count++] = i;
        }
    }
    if (count > 0) {
        ht_value *list;
        HT_TRY(ht__gradient_ints(gradient, axes, count, &list, err));
        HT_TRY(ht__gradient_call(gradient, "ReduceSum", value, list, &value, err));
    }
    return ht__gradient_reshape(gradient, value, shape, out, err);
}

ht_status ht__gradient_between(ht_gradient *gradient, ht_value *x, ht_value *dy, float low, float high, ht_value **out,
                               ht_error *err) {
    ht_value *inputs[2] = {x, dy};
    ht_node *made;
    HT_TRY(ht__gradient_node(gradient, "ClipGrad", NULL, inputs, 2, 1, &made, err));
    HT_TRY(ht__node_set_float(gradient->graph, made, "low", low, err));
    HT_TRY(ht__node_set_float(gradient->graph, made, "high", high, err));
    HT_TRY(ht__gradient_infer(gradient, made, err));
    *out = made->outputs[0];
    return HT_OK;
}

ht_status ht__gradient_back_in_shape(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    ht_value *dx;
    HT_TRY(
        ht__gradient_reshape(gradient, ht__gradient_of(gradient, node->outputs[0]), &node->inputs[0]->desc, &dx, err));
    return ht__gradient_add(gradient, node->inputs[0], dx, err);
}
