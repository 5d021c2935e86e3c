/* Gelu as exporters write it: Div, Erf, Add and two products. */
#include "graph/op.h"
#include "passes/fuse/fuse.h"
#include "passes/passes.h"

#define SQRT2 1.41421356237309505

/* The x of x / sqrt(2), however it is written; NULL when `value` is something else. */
static ht_value *scaled(const ht_value *value) {
    const ht_node *node = value->producer;
    if (ht__fuse_is(node, "Div")) {
        return ht__fuse_equals(node->inputs[1], SQRT2) ? node->inputs[0] : NULL;
    }
    if (!ht__fuse_is(node, "Mul")) {
        return NULL;
    }
    return ht__fuse_equals(node->inputs[1], 1 / SQRT2)   ? node->inputs[0]
           : ht__fuse_equals(node->inputs[0], 1 / SQRT2) ? node->inputs[1]
                                                         : NULL;
}

/* Is `value` x * 0.5, which nothing else reads? */
static bool is_half(const ht_graph *graph, const ht_value *value, const ht_value *x) {
    const ht_node *node = value->producer;
    return ht__fuse_is(node, "Mul") && ht__fuse_lonely(graph, value) && ht__fuse_equals(ht__fuse_other(node, x), 0.5);
}

/* The product of 1 + erf with x and 0.5; NULL when it is something else. */
static ht_node *last_product(const ht_graph *graph, const ht_value *value, const ht_value *x) {
    bool has_x = false, has_half = false;
    ht_node *node = NULL;
    while (!has_x || !has_half) {
        node = ht__fuse_reader(graph, value, "Mul");
        const ht_value *other = node != NULL ? ht__fuse_other(node, value) : NULL;
        if (other == NULL) {
            return NULL;
        }
        if (!has_x && other == x) {
            has_x = true;
        } else if (!has_half && ht__fuse_equals(other, 0.5)) {
            has_half = true;
        } else if (!has_x && !has_half && is_half(graph, other, x)) {
            has_x = has_half = true;
        } else {
            return NULL;
        }
        value = node->outputs[0];
    }
    return node;
}

static ht_status fuse_one(ht_graph *graph, const ht_node *erf, bool *done, ht_error *err) {
    const ht_value *argument = erf->inputs[0];
    ht_value *x = ht__fuse_lonely(graph, argument) ? scaled(argument) : NULL;
    ht_node *sum = ht__fuse_reader(graph, erf->outputs[0], "Add");
    if (x == NULL || x->desc.type != HT_F32 || sum == NULL ||
        !ht__fuse_equals(ht__fuse_other(sum, erf->outputs[0]), 1.0)) {
        return HT_OK;
    }
    ht_node *last = last_product(graph, sum->outputs[0], x), *gelu;
    if (last == NULL) {
        return HT_OK;
    }
    ht_value *result = last->outputs[0];
    const char *name = last->name;
    ht__graph_remove_node(graph, last);
    *done = true;
    return ht__graph_add_node_raw(graph, "", "Gelu", name, &x, 1, &result, 1, &gelu, err);
}

ht_status ht__pass_fuse_gelu(ht_graph *graph, ht_error *err) {
    bool any = false;
    for (size_t i = graph->node_count; i-- > 0;) { /* new nodes go to the end */
        if (i < graph->node_count && ht__fuse_is(graph->nodes[i], "Erf")) {
            HT_TRY(fuse_one(graph, graph->nodes[i], &any, err));
        }
    }
    return any ? ht__fuse_tidy(graph, err) : HT_OK;
}
