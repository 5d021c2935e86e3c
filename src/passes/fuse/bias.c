/* A constant row behind a product. */
#include <string.h>

#include "graph/op.h"
#include "kernels/requantize.h"
#include "passes/fuse/fuse.h"
#include "passes/passes.h"

/* Is the node an integer product with a real result and no bias? */
static bool is_open_product(const ht_node *node) {
    return node != NULL && strcmp(node->op->name, "IntegerMatMul") == 0 &&
           strcmp(ht__node_text(node, "requantize", ""), "real") == 0 && node->input_count > HT_PRODUCT_BIAS &&
           node->inputs[HT_PRODUCT_BIAS] == NULL;
}

static ht_status fuse_one(ht_graph *graph, ht_node *product, bool *done, ht_error *err) {
    ht_value *y = product->outputs[0];
    ht_node *add = ht__fuse_reader(graph, y, "Add");
    ht_value *row = add != NULL ? ht__fuse_row(add, y) : NULL;
    if (row == NULL) {
        return HT_OK;
    }
    ht_value **inputs = ht__arena_copy(graph->arena, product->inputs, product->input_count * sizeof *inputs);
    if (inputs == NULL) {
        return ht__fail_memory(err, product->input_count * sizeof *inputs);
    }
    inputs[HT_PRODUCT_BIAS] = row;
    product->inputs = inputs;
    ht__fuse_absorb(graph, product, add);
    *done = true;
    return HT_OK;
}

ht_status ht__pass_fuse_bias(ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->node_count;) {
        bool done = false;
        if (is_open_product(graph->nodes[i])) {
            HT_TRY(fuse_one(graph, graph->nodes[i], &done, err));
        }
        i = done ? 0 : i + 1; /* the list shifted under us */
    }
    return ht__graph_sort(graph, err);
}
