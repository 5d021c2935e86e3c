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
    bool *needed = ht__calloc(&graph->ctx->allocator, graph->value_count, sizeof *needed);
    if (needed == NULL) {
        return; /* pruning only saves work; without memory the graph stays as it is */
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        needed[graph->outputs[i]->id] = true;
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

static ht_status copy_attributes(ht_graph *graph, const ht_node *source, ht_node *node, ht_error *err) {
    for (uint32_t i = 0; i < source->attribute_count; ++i) {
        const ht_attribute *a = &source->attributes[i];
        switch (a->kind) {
        case HT_ATTRIBUTE_INT: HT_TRY(ht__node_set_int(graph, node, a->name, a->ints[0], err)); break;
        case HT_ATTRIBUTE_FLOAT: HT_TRY(ht__node_set_float(graph, node, a->name, a->floats[0], err)); break;
        case HT_ATTRIBUTE_TEXT: HT_TRY(ht__node_set_text(graph, node, a->name, a->text, err)); break;
        case HT_ATTRIBUTE_INTS: HT_TRY(ht__node_set_ints(graph, node, a->name, a->ints, a->count, err)); break;
        case HT_ATTRIBUTE_FLOATS: HT_TRY(ht__node_set_floats(graph, node, a->name, a->floats, a->count, err)); break;
        }
    }
    return HT_OK;
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

static ht_status copy_nodes(const ht_graph *source, ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < source->node_count; ++i) {
        const ht_node *from = source->nodes[i];
        ht_value *inputs[256], *outputs[HT_MAX_OUTPUTS];
        if (from->input_count > 256 || from->output_count > HT_MAX_OUTPUTS) {
            return ht__fail_at(err, HT_ERROR_LIMIT, from->name, "The node has too many inputs or outputs.");
        }
        for (uint32_t k = 0; k < from->input_count; ++k) {
            inputs[k] = from->inputs[k] != NULL ? graph->values[from->inputs[k]->id] : NULL;
        }
        for (uint32_t k = 0; k < from->output_count; ++k) {
            outputs[k] = from->outputs[k] != NULL ? graph->values[from->outputs[k]->id] : NULL;
        }
        ht_node *node;
        HT_TRY(ht__graph_add_node_raw(graph, from->op->domain, from->op->name, from->name, inputs, from->input_count,
                                      outputs, from->output_count, &node, err));
        HT_TRY(copy_attributes(graph, from, node, err));
    }
    return HT_OK;
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
