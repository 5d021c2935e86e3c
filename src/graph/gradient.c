#include "graph/gradient.h"

#include "graph/op.h"

ht_value *ht__gradient_of(const ht_gradient *gradient, const ht_value *value) {
    return value != NULL && value->id < gradient->count ? gradient->of[value->id] : NULL;
}

bool ht__gradient_wanted(const ht_gradient *gradient, const ht_value *input) {
    return input != NULL && input->id < gradient->wanted_count && gradient->wanted[input->id];
}

ht_status ht__gradient_add(ht_gradient *gradient, ht_value *input, ht_value *contribution, ht_error *err) {
    if (!ht__gradient_wanted(gradient, input)) {
        return HT_OK;
    }
    ht_value **slot = &gradient->of[input->id];
    if (*slot == NULL) {
        *slot = contribution;
        return HT_OK;
    }
    ht_value *both[2] = {*slot, contribution};
    ht_node *sum;
    HT_TRY(ht__graph_add_node(gradient->graph, "Add", NULL, both, 2, 1, NULL, &sum, err));
    HT_TRY(sum->op->infer(gradient->graph, sum, err));
    *slot = sum->outputs[0];
    return HT_OK;
}

/* Marks what depends on `values`, in the order of the nodes. */
static void mark_wanted(const ht_graph *graph, ht_value *const *values, size_t count, bool *wanted) {
    for (size_t i = 0; i < count; ++i) {
        wanted[values[i]->id] = true;
    }
    for (size_t n = 0; n < graph->node_count; ++n) {
        const ht_node *node = graph->nodes[n];
        bool any = false;
        for (uint32_t i = 0; i < node->input_count && !any; ++i) {
            any = node->inputs[i] != NULL && wanted[node->inputs[i]->id];
        }
        for (uint32_t i = 0; i < node->output_count && any; ++i) {
            if (node->outputs[i] != NULL) {
                wanted[node->outputs[i]->id] = true;
            }
        }
    }
}

/* Lets the gradient of one node's outputs pass to its inputs. */
static ht_status pass_node(ht_gradient *gradient, const ht_node *node, ht_error *err) {
    bool reached = false, needed = false;
    for (uint32_t i = 0; i < node->output_count; ++i) {
        reached = reached || ht__gradient_of(gradient, node->outputs[i]) != NULL;
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        needed = needed || ht__gradient_wanted(gradient, node->inputs[i]);
    }
    if (!reached || !needed) {
        return HT_OK;
    }
    if (node->op->gradient == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name,
                           "A gradient would have to pass through %s, which has no gradient rule.", node->op->name);
    }
    return node->op->gradient(gradient, node, err);
}

ht_status ht__graph_differentiate(ht_graph *graph, ht_value *loss, ht_value *const *values, size_t count,
                                  ht_value **gradients, ht_error *err) {
    size_t value_count = graph->value_count, node_count = graph->node_count;
    bool *wanted = ht__arena_alloc(graph->arena, value_count * sizeof *wanted);
    ht_value **of = ht__arena_alloc(graph->arena, value_count * sizeof(ht_value *));
    if (wanted == NULL || of == NULL) {
        return ht__fail_memory(err, value_count * (sizeof *wanted + sizeof *of));
    }
    mark_wanted(graph, values, count, wanted);
    HT_TRY(ht__graph_add_scalar(graph, NULL, 1.0f, &of[loss->id], err));
    ht_gradient gradient = {graph, of, value_count, wanted, value_count};
    for (size_t n = node_count; n-- > 0;) {
        HT_TRY(pass_node(&gradient, graph->nodes[n], err));
    }
    for (size_t i = 0; i < count; ++i) {
        gradients[i] = of[values[i]->id];
    }
    return HT_OK;
}
