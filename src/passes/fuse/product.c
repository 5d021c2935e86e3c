/* A product of f32 matrices with what follows it: a constant factor, a constant row. */
#include <string.h>

#include "graph/op.h"
#include "passes/fuse/fuse.h"
#include "passes/passes.h"

static bool is_product(const ht_node *node) {
    return ht__fuse_is(node, "MatMul") && node->inputs[0]->desc.type == HT_F32 && node->inputs[0]->desc.rank > 1 &&
           node->inputs[1]->desc.rank > 1;
}

/* The Mul or Div by a constant scalar that alone reads `value`, or NULL. */
static ht_node *scaling(const ht_graph *graph, const ht_value *value, float *factor) {
    ht_node *mul = ht__fuse_reader(graph, value, "Mul"), *div = ht__fuse_reader(graph, value, "Div");
    const ht_value *other = mul != NULL   ? ht__fuse_other(mul, value)
                            : div != NULL ? (div->inputs[0] == value ? div->inputs[1] : NULL)
                                          : NULL;
    if (other == NULL || other->data == NULL || other->desc.type != HT_F32 || ht__desc_elements(&other->desc) != 1 ||
        other->desc.rank > value->desc.rank) {
        return NULL;
    }
    float number;
    memcpy(&number, other->data, sizeof number);
    *factor = mul != NULL ? number : 1.0f / number;
    return mul != NULL ? mul : div;
}

static ht_status fuse_one(ht_graph *graph, ht_node *product, bool *done, ht_error *err) {
    ht_value *inputs[3] = {product->inputs[0], product->inputs[1]}, *result = product->outputs[0];
    const char *name = product->name;
    float alpha = 1.0f;
    ht_node *scale = scaling(graph, result, &alpha);
    result = scale != NULL ? scale->outputs[0] : result;
    ht_node *add = ht__fuse_reader(graph, result, "Add");
    inputs[2] = add != NULL ? ht__fuse_row(add, result) : NULL;
    if (inputs[2] != NULL) {
        result = add->outputs[0];
        ht__graph_remove_node(graph, add);
    }
    if (scale == NULL && inputs[2] == NULL) {
        return HT_OK;
    }
    if (scale != NULL) {
        ht__graph_remove_node(graph, scale);
    }
    ht__graph_remove_node(graph, product);
    *done = true;
    ht_node *fused;
    HT_TRY(ht__graph_add_node_raw(graph, "halftone", "FusedMatMul", name, inputs, inputs[2] != NULL ? 3 : 2, &result, 1,
                                  &fused, err));
    return ht__node_set_float(graph, fused, "alpha", alpha, err);
}

ht_status ht__pass_fuse_product(ht_graph *graph, ht_error *err) {
    bool any = false;
    for (size_t i = 0; i < graph->node_count;) {
        bool done = false;
        if (is_product(graph->nodes[i])) {
            HT_TRY(fuse_one(graph, graph->nodes[i], &done, err));
        }
        any = any || done;
        i = done ? 0 : i + 1; /* the list shifted under us */
    }
    return any ? ht__fuse_tidy(graph, err) : HT_OK;
}
