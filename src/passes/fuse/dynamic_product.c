/* MatMulInteger, Cast, Mul: products of codes whose scales are known at the run. */
#include "graph/op.h"
#include "kernels/requantize.h"
#include "passes/fuse/fuse.h"
#include "passes/passes.h"

static bool is_single(const ht_value *value) {
    return value != NULL && value->desc.rank >= 0 && value->desc.rank <= 1 && value->desc.type == HT_F32 &&
           ht__desc_elements(&value->desc) == 1;
}

/* A constant f32, one or one per column. */
static bool is_weight_scale(const ht_value *value, int64_t columns) {
    return value != NULL && value->data != NULL && value->desc.type == HT_F32 && value->desc.rank <= 1 &&
           (ht__desc_elements(&value->desc) == 1 || ht__desc_elements(&value->desc) == columns);
}

/* The factors of x_scale * w_scale; false when `product` is something else. */
static bool find_scales(const ht_value *product, int64_t columns, ht_value **x_scale, ht_value **w_scale) {
    const ht_node *node = product->producer;
    for (int i = 0; i < 2 && ht__fuse_is(node, "Mul"); ++i) {
        if (is_single(node->inputs[i]) && is_weight_scale(node->inputs[1 - i], columns)) {
            *x_scale = node->inputs[i];
            *w_scale = node->inputs[1 - i];
            return true;
        }
    }
    return false;
}

static ht_value *input_of(const ht_node *node, uint32_t i) { return i < node->input_count ? node->inputs[i] : NULL; }

/* Has the product a form that the kernels know: one zero point of x, matrices? */
static bool fits(const ht_node *product) {
    const ht_value *x_zero = input_of(product, 2), *w = product->inputs[1];
    return (x_zero == NULL || ht__desc_elements(&x_zero->desc) == 1) && product->inputs[0]->desc.rank >= 2 &&
           w->desc.rank >= 2 && w->desc.dims[w->desc.rank - 1] > 0;
}

static ht_status fuse_one(ht_graph *graph, ht_node *product, bool *done, ht_error *err) {
    ht_node *cast = ht__fuse_reader(graph, product->outputs[0], "Cast");
    if (cast == NULL || cast->outputs[0]->desc.type != HT_F32 || !fits(product)) {
        return HT_OK;
    }
    ht_node *scaling = ht__fuse_reader(graph, cast->outputs[0], "Mul"), *fused;
    const ht_value *scale = scaling != NULL ? ht__fuse_other(scaling, cast->outputs[0]) : NULL;
    const ht_tensor_desc *w = &product->inputs[1]->desc;
    ht_value *inputs[HT_PRODUCT_Y_SCALE] = {NULL};
    if (scale == NULL ||
        !find_scales(scale, w->dims[w->rank - 1], &inputs[HT_PRODUCT_SCALE], &inputs[HT_PRODUCT_SHIFT])) {
        return HT_OK;
    }
    inputs[HT_PRODUCT_X] = product->inputs[0];
    inputs[HT_PRODUCT_W] = product->inputs[1];
    inputs[HT_PRODUCT_X_ZERO] = input_of(product, 2);
    inputs[HT_PRODUCT_W_ZERO] = input_of(product, 3);
    ht_value *result = scaling->outputs[0];
    const char *name = product->name;
    ht__graph_remove_node(graph, scaling);
    ht__graph_remove_node(graph, cast);
    ht__graph_remove_node(graph, product);
    *done = true;
    HT_TRY(ht__graph_add_node_raw(graph, "halftone", "IntegerMatMul", name, inputs, HT_PRODUCT_Y_SCALE, &result, 1,
                                  &fused, err));
    return ht__node_set_text(graph, fused, "requantize", "real", err);
}

ht_status ht__pass_fuse_dynamic_product(ht_graph *graph, ht_error *err) {
    bool any = false;
    for (size_t i = 0; i < graph->node_count;) {
        bool done = false;
        if (ht__fuse_is(graph->nodes[i], "MatMulInteger")) {
            HT_TRY(fuse_one(graph, graph->nodes[i], &done, err));
        }
        any = any || done;
        i = done ? 0 : i + 1; /* the list shifted under us */
    }
    return any ? ht__fuse_tidy(graph, err) : HT_OK;
}
