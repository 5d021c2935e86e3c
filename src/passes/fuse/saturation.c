/* Activations that quantizing their result makes superfluous. */
#include <math.h>
#include <string.h>

#include "graph/op.h"
#include "passes/fuse/fuse.h"
#include "passes/passes.h"

/* What the node lets through; false when it is neither Relu nor a Clip with constant bounds. */
static bool read_bounds(const ht_node *node, float *low, float *high) {
    if (node->op->domain[0] != '\0') {
        return false;
    }
    if (strcmp(node->op->name, "Relu") == 0) {
        *low = 0.0f;
        *high = INFINITY;
        return true;
    }
    return strcmp(node->op->name, "Clip") == 0 && ht__fuse_bound(node, 1, -INFINITY, low) &&
           ht__fuse_bound(node, 2, INFINITY, high);
}

/* Do the codes of the result end where the activation does, or before? The upper end may lie above by as much as
 * rounding the scale put it there. */
static bool saturates(const ht_node *node) {
    const ht_quantization *q = node->outputs[0]->quantization;
    float low, high;
    if (q == NULL || q->codebook || q->groups != 1 || !read_bounds(node, &low, &high)) {
        return false;
    }
    float first = q->is_signed ? -ldexpf(1.0f, q->bits - 1) : 0.0f, last = first + ldexpf(1.0f, q->bits) - 1.0f;
    float smallest = (first - q->zero_point[0]) * q->scale[0], largest = (last - q->zero_point[0]) * q->scale[0];
    return smallest >= low && largest <= high * (1.0f + 1e-6f);
}

ht_status ht__pass_drop_saturated(ht_graph *graph, size_t *dropped, ht_error *err) {
    size_t count = 0;
    HT_TRY(ht__graph_sort(graph, err));
    for (size_t i = 0; i < graph->node_count;) {
        ht_node *node = graph->nodes[i];
        ht_node *before = node->inputs[0] != NULL ? node->inputs[0]->producer : NULL;
        if (before == NULL || before->output_count != 1 || !ht__fuse_lonely(graph, node->inputs[0]) ||
            !saturates(node)) {
            ++i;
            continue;
        }
        ht__fuse_absorb(graph, before, node); /* removes nodes[i] */
        ++count;
    }
    if (dropped != NULL) {
        *dropped = count;
    }
    return HT_OK;
}
