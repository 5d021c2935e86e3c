#include <string.h>

#include "graph/op.h"
#include "passes/integer.h"

static bool is_split(const ht_node *node) {
    return node->op->domain[0] == '\0' && strcmp(node->op->name, "Split") == 0;
}

static ht_status add_number(ht_graph *graph, int64_t number, ht_value **out, ht_error *err) {
    ht_tensor_desc desc = {.type = HT_I64, .rank = 1, .dims = {1}};
    return ht__graph_add_constant(graph, NULL, &desc, &number, false, out, err);
}

/* Are the sizes of all pieces along the axis known? */
static bool is_known(const ht_node *node, int32_t axis) {
    for (uint32_t k = 0; k < node->output_count; ++k) {
        if (node->outputs[k] == NULL || node->outputs[k]->desc.rank <= axis || node->outputs[k]->desc.dims[axis] < 0) {
            return false;
        }
    }
    return true;
}

static ht_status slice(ht_graph *graph, ht_value *x, ht_value *piece, int32_t axis, int64_t begin, const char *name,
                       ht_error *err) {
    ht_value *inputs[4] = {x};
    ht_node *node;
    HT_TRY(add_number(graph, begin, &inputs[1], err));
    HT_TRY(add_number(graph, begin + piece->desc.dims[axis], &inputs[2], err));
    HT_TRY(add_number(graph, axis, &inputs[3], err));
    return ht__graph_add_node_raw(graph, "", "Slice", name, inputs, 4, &piece, 1, &node, err);
}

static ht_status replace(ht_graph *graph, ht_node *node, ht_error *err) {
    ht_value *x = node->inputs[0], *pieces[HT_MAX_OUTPUTS];
    int64_t axis = ht__node_int(node, "axis", 0), begin = 0;
    axis += axis < 0 ? x->desc.rank : 0;
    if (node->output_count > HT_MAX_OUTPUTS || axis < 0 || axis >= x->desc.rank || !is_known(node, (int32_t)axis)) {
        return HT_OK;
    }
    uint32_t count = node->output_count;
    const char *name = node->name;
    memcpy(pieces, node->outputs, count * sizeof *pieces);
    ht__graph_remove_node(graph, node);
    for (uint32_t k = 0; k < count; ++k) {
        HT_TRY(slice(graph, x, pieces[k], (int32_t)axis, begin, name, err));
        begin += pieces[k]->desc.dims[axis];
    }
    return HT_OK;
}

ht_status ht__integer_split(ht_graph *graph, ht_error *err) {
    bool found = false;
    for (size_t i = graph->node_count; i-- > 0;) { /* new nodes go to the end */
        if (is_split(graph->nodes[i])) {
            found = true;
            HT_TRY(replace(graph, graph->nodes[i], err));
        }
    }
    return found ? ht__graph_sort(graph, err) : HT_OK;
}
