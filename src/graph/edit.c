/* Changing a graph: replacing, removing, copying. */
#include <string.h>

#include "graph/graph.h"
#include "graph/op.h"

void ht__graph_replace_uses(ht_graph *graph, ht_value *from, ht_value *to) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        for (uint32_t k = 0; k < graph->nodes[i]->input_count; ++k) {
            if (graph->nodes[i]->inputs[k] == from) {
                graph->nodes[i]->inputs[k] = to;
            }
        }
    }
    for (size_t i = 0; i < graph->state_count; ++i) {
        graph->states[i].after = graph->states[i].after == from ? to : graph->states[i].after;
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        if (graph->outputs[i] == from) {
            graph->outputs[i] = to;
            to->is_output = true;
            from->is_output = false;
        }
    }
}

void ht__graph_remove_node(ht_graph *graph, ht_node *node) {
    for (uint32_t k = 0; k < node->output_count; ++k) {
        if (node->outputs[k] != NULL) {
            node->outputs[k]->producer = NULL;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < graph->node_count; ++i) {
        if (graph->nodes[i] != node) {
            graph->nodes[kept++] = graph->nodes[i];
        }
    }
    graph->node_count = kept;
}

void ht__graph_prune(ht_graph *graph) {
    if (graph->node_count == 0) {
        return;
    }
    bool *needed = ht__calloc(&graph->ctx->allocator, graph->value_count, sizeof *needed);
    if (needed == NULL) {
        return; /* pruning only saves work; without memory the graph stays as it is */
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        needed[graph->outputs[i]->id] = true;
    }
    for (size_t i = 0; i < graph->state_count; ++i) {
        needed[graph->states[i].after->id] = true;
    }
    size_t kept = graph->node_count;
    for (size_t i = graph->node_count; i-- > 0;) {
        ht_node *node = graph->nodes[i];
        bool used = false;
        for (uint32_t k = 0; k < node->output_count; ++k) {
            used |= node->outputs[k] != NULL && needed[node->outputs[k]->id];
        }
        if (!used) {
            for (uint32_t k = 0; k < node->output_count; ++k) {
                if (node->outputs[k] != NULL) {
                    node->outputs[k]->producer = NULL;
                }
            }
            continue;
        }
        for (uint32_t k = 0; k < node->input_count; ++k) {
            if (node->inputs[k] != NULL) {
                needed[node->inputs[k]->id] = true;
            }
        }
        graph->nodes[--kept] = node;
    }
    if (kept != graph->node_count) {
        memmove(graph->nodes, graph->nodes + kept, (graph->node_count - kept) * sizeof *graph->nodes);
    }
    graph->node_count -= kept;
    ht__free(&graph->ctx->allocator, needed);
}

ht_status ht__graph_validate(const ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        for (uint32_t k = 0; k < node->op->min_inputs; ++k) {
            if (node->inputs[k] == NULL) {
                return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "Input %u of %s is missing.", k + 1,
                                   node->op->name);
            }
        }
        if (node->outputs[0] == NULL) {
            return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The first output of %s is missing.", node->op->name);
        }
    }
    if (graph->output_count == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, graph->name, "The graph has no output.");
    }
    return HT_OK;
}

/* ---- copy ---- */

static ht_status copy_quantization(ht_graph *graph, const ht_quantization *source, ht_quantization **out,
                                   ht_error *err) {
    if (source == NULL) {
        *out = NULL;
        return HT_OK;
    }
    *out = ht__arena_copy(graph->arena, source, sizeof *source); /* arrays are shared, like constant data */
    return *out != NULL ? HT_OK : ht__fail_memory(err, sizeof *source);
}

static ht_status copy_values(const ht_graph *source, ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < source->value_count; ++i) {
        const ht_value *from = source->values[i];
        ht_value *value;
        HT_TRY(ht__graph_add_value(graph, from->name, &from->desc, &value, err));
        value->data = from->data;
        for (int k = 0; k < HT_MAX_RANK; ++k) {
            value->symbols[k] = from->symbols[k] != NULL ? ht__arena_strdup(graph->arena, from->symbols[k]) : NULL;
        }
        HT_TRY(copy_quantization(graph, from->quantization, &value->quantization, err));
    }
    graph->made_up = source->made_up;
    return HT_OK;
}

static ht_value *copied(const ht_graph *graph, const ht_value *from) {
    return from != NULL ? graph->values[from->id] : NULL;
}

/* `operands` has room for those of any node. */
static ht_status copy_node(const ht_node *from, ht_graph *graph, ht_value **operands, ht_error *err) {
    ht_value **outputs = operands + from->input_count;
    for (uint32_t k = 0; k < from->input_count; ++k) {
        operands[k] = copied(graph, from->inputs[k]);
    }
    for (uint32_t k = 0; k < from->output_count; ++k) {
        outputs[k] = copied(graph, from->outputs[k]);
    }
    ht_node *node;
    HT_TRY(ht__graph_add_node_raw(graph, from->op->domain, from->op->name, from->name, operands, from->input_count,
                                  outputs, from->output_count, &node, err));
    node->captured = from->captured;
    for (uint32_t i = 0; i < from->attribute_count; ++i) {
        HT_TRY(ht__node_copy_attribute(graph, node, &from->attributes[i], err));
    }
    return HT_OK;
}

static ht_status copy_nodes(const ht_graph *source, ht_graph *graph, ht_error *err) {
    size_t most = 0;
    for (size_t i = 0; i < source->node_count; ++i) {
        size_t count = (size_t)source->nodes[i]->input_count + source->nodes[i]->output_count;
        most = count > most ? count : most;
    }
    ht_value **operands = ht__calloc(&graph->ctx->allocator, most, sizeof *operands);
    if (operands == NULL) {
        return ht__fail_memory(err, most * sizeof *operands);
    }
    ht_status status = HT_OK;
    for (size_t i = 0; i < source->node_count && status == HT_OK; ++i) {
        status = copy_node(source->nodes[i], graph, operands, err);
    }
    ht__free(&graph->ctx->allocator, operands);
    return status;
}

static ht_status copy_ends(const ht_graph *source, ht_graph *graph, ht_error *err) {
    const ht_allocator *allocator = &graph->ctx->allocator;
    HT_TRY(
        ht__grow(allocator, &graph->inputs, sizeof *graph->inputs, &graph->input_capacity, source->input_count, err));
    for (size_t i = 0; i < source->input_count; ++i) {
        graph->inputs[graph->input_count++] = graph->values[source->inputs[i]->id];
    }
    for (size_t i = 0; i < source->output_count; ++i) {
        HT_TRY(ht__graph_mark_output(graph, graph->values[source->outputs[i]->id], err));
    }
    HT_TRY(
        ht__grow(allocator, &graph->states, sizeof *graph->states, &graph->state_capacity, source->state_count, err));
    for (size_t i = 0; i < source->state_count; ++i) {
        const ht_state *from = &source->states[i];
        graph->states[graph->state_count++] =
            (ht_state){graph->values[from->before->id], graph->values[from->after->id]};
    }
    return HT_OK;
}

ht_status ht__graph_copy(const ht_graph *source, ht_graph **out, ht_error *err) {
    ht_graph *graph;
    HT_TRY(ht__graph_create(source->ctx, source->name, &graph, err));
    graph->requant = source->requant;
    ht_status status = copy_values(source, graph, err);
    if (status == HT_OK) {
        status = copy_nodes(source, graph, err);
    }
    /* Only now: add_node_raw refuses inputs as outputs, which the source could not have either. */
    for (size_t i = 0; status == HT_OK && i < source->value_count; ++i) {
        graph->values[i]->is_input = source->values[i]->is_input;
        graph->values[i]->is_state = source->values[i]->is_state;
    }
    if (status == HT_OK) {
        status = copy_ends(source, graph, err);
    }
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    *out = graph;
    return HT_OK;
}
