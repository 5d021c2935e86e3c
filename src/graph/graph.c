#include "graph/graph.h"

#include <string.h>

#include "graph/op.h"

#define MAX_VALUES (1u << 26)

ht_status ht__graph_create(ht_context *ctx, const char *name, ht_graph **out, ht_error *err) {
    ht_arena *arena;
    HT_TRY(ht__arena_create(&ctx->allocator, &arena, err));
    ht_graph *graph = ht__arena_alloc(arena, sizeof *graph);
    char *copy = ht__arena_strdup(arena, name != NULL ? name : "graph");
    if (graph == NULL || copy == NULL) {
        ht__arena_destroy(arena);
        return ht__fail_memory(err, sizeof *graph);
    }
    graph->ctx = ctx;
    graph->arena = arena;
    graph->name = copy;
    *out = graph;
    return HT_OK;
}

void ht__graph_destroy(ht_graph *graph) {
    if (graph == NULL) {
        return;
    }
    const ht_allocator *allocator = &graph->ctx->allocator;
    ht__free(allocator, graph->values);
    ht__free(allocator, graph->nodes);
    ht__free(allocator, graph->inputs);
    ht__free(allocator, graph->outputs);
    ht__free(allocator, graph->states);
    ht__free(allocator, graph->names);
    for (size_t i = 0; i < graph->subgraph_count; ++i) {
        ht__graph_destroy(graph->subgraphs[i]);
    }
    ht__free(allocator, graph->subgraphs);
    ht__arena_destroy(graph->arena);
}

/* ---- names ---- */

static uint64_t hash_name(const char *name) { /* FNV-1a */
    uint64_t hash = 14695981039346656037u;
    for (; *name != '\0'; ++name) {
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    }
    return hash ^ hash >> 29;
}

/* The table's slot for `name`: the one that holds it, or the free one where it belongs. */
static uint32_t *name_slot(const ht_graph *graph, const char *name) {
    size_t mask = graph->names_size - 1;
    for (size_t i = (size_t)hash_name(name) & mask;; i = (i + 1) & mask) {
        uint32_t id = graph->names[i];
        if (id == 0 || strcmp(graph->values[id - 1]->name, name) == 0) {
            return &graph->names[i];
        }
    }
}

static ht_status grow_names(ht_graph *graph, ht_error *err) {
    if (2 * (graph->value_count + 1) <= graph->names_size) {
        return HT_OK;
    }
    size_t size = graph->names_size != 0 ? 4 * graph->names_size : 256;
    uint32_t *table = ht__calloc(&graph->ctx->allocator, size, sizeof *table);
    if (table == NULL) {
        return ht__fail_memory(err, size * sizeof *table);
    }
    ht__free(&graph->ctx->allocator, graph->names);
    graph->names = table;
    graph->names_size = size;
    for (size_t i = 0; i < graph->value_count; ++i) {
        *name_slot(graph, graph->values[i]->name) = graph->values[i]->id + 1;
    }
    return HT_OK;
}

ht_value *ht__graph_find(const ht_graph *graph, const char *name) {
    if (graph->names_size == 0) {
        return NULL;
    }
    uint32_t id = *name_slot(graph, name);
    return id != 0 ? graph->values[id - 1] : NULL;
}

/* ---- values ---- */

static ht_status append(ht_graph *graph, void *array, size_t *count, size_t *capacity, void *item, ht_error *err) {
    HT_TRY(ht__grow(&graph->ctx->allocator, array, sizeof item, capacity, *count + 1, err));
    void **items;
    memcpy(&items, array, sizeof items);
    items[(*count)++] = item;
    return HT_OK;
}

ht_status ht__graph_add_value(ht_graph *graph, const char *name, const ht_tensor_desc *desc, ht_value **out,
                              ht_error *err) {
    if (graph->value_count >= MAX_VALUES) {
        return ht__fail(err, HT_ERROR_LIMIT, "The graph has more than %u tensors.", MAX_VALUES);
    }
    HT_TRY(grow_names(graph, err));
    const char *own = NULL;
    if (name != NULL && name[0] != '\0') {
        if (ht__graph_find(graph, name) != NULL) {
            return ht__fail_at(err, HT_ERROR_FORMAT, name, "Two tensors of the graph have the same name.");
        }
        own = ht__arena_strdup(graph->arena, name);
    } else {
        do {
            own = ht__arena_printf(graph->arena, "_%u", graph->made_up++);
        } while (own != NULL && ht__graph_find(graph, own) != NULL);
    }
    ht_value *value = ht__arena_alloc(graph->arena, sizeof *value);
    if (own == NULL || value == NULL) {
        return ht__fail_memory(err, sizeof *value);
    }
    value->name = own;
    value->id = (uint32_t)graph->value_count;
    value->desc = desc != NULL ? *desc : (ht_tensor_desc){.type = HT_NONE, .rank = -1};
    uint32_t *slot = name_slot(graph, own);
    HT_TRY(append(graph, &graph->values, &graph->value_count, &graph->value_capacity, value, err));
    *slot = value->id + 1;
    *out = value;
    return HT_OK;
}

ht_status ht__graph_add_input(ht_graph *graph, const char *name, const ht_tensor_desc *desc, ht_value **out,
                              ht_error *err) {
    HT_TRY(ht__graph_add_value(graph, name, desc, out, err));
    (*out)->is_input = true;
    return append(graph, &graph->inputs, &graph->input_count, &graph->input_capacity, *out, err);
}

ht_status ht__graph_add_constant(ht_graph *graph, const char *name, const ht_tensor_desc *desc, const void *data,
                                 bool borrow, ht_value **out, ht_error *err) {
    size_t bytes;
    if (!ht__desc_bytes(desc, &bytes)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, name != NULL ? name : "", "The constant's shape is not usable.");
    }
    HT_TRY(ht__graph_add_value(graph, name, desc, out, err));
    (*out)->data = borrow ? data : ht__arena_copy(graph->arena, data, bytes);
    return (*out)->data != NULL ? HT_OK : ht__fail_memory(err, bytes);
}

ht_status ht__graph_add_scalar(ht_graph *graph, const char *name, float number, ht_value **out, ht_error *err) {
    ht_tensor_desc desc = {.type = HT_F32};
    return ht__graph_add_constant(graph, name, &desc, &number, false, out, err);
}

ht_status ht__graph_add_state(ht_graph *graph, const char *name, const ht_tensor_desc *desc, ht_value **out,
                              ht_error *err) {
    HT_TRY(ht__graph_add_value(graph, name, desc, out, err));
    HT_TRY(ht__grow(&graph->ctx->allocator, &graph->states, sizeof *graph->states, &graph->state_capacity,
                    graph->state_count + 1, err));
    (*out)->is_state = true;
    graph->states[graph->state_count++] = (ht_state){*out, *out};
    return HT_OK;
}

void ht__graph_keep(ht_graph *graph, const ht_value *before, ht_value *after) {
    for (size_t i = 0; i < graph->state_count; ++i) {
        if (graph->states[i].before == before) {
            graph->states[i].after = after;
        }
    }
}

ht_status ht__graph_mark_output(ht_graph *graph, ht_value *value, ht_error *err) {
    value->is_output = true;
    return append(graph, &graph->outputs, &graph->output_count, &graph->output_capacity, value, err);
}

/* ---- nodes ---- */

ht_status ht__graph_add_node_raw(ht_graph *graph, const char *domain, const char *op_name, const char *node_name,
                                 ht_value *const *inputs, uint32_t input_count, ht_value *const *outputs,
                                 uint32_t output_count, ht_node **out, ht_error *err) {
    const ht_op *op = ht__op_find(domain, op_name);
    if (op == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node_name != NULL && node_name[0] != '\0' ? node_name : op_name,
                           "The operator %s%s%s is not supported.", domain != NULL ? domain : "",
                           domain != NULL && domain[0] != '\0' ? "." : "", op_name);
    }
    ht_node *node = ht__arena_alloc(graph->arena, sizeof *node);
    if (node == NULL) {
        return ht__fail_memory(err, sizeof *node);
    }
    node->op = op;
    node->name = node_name != NULL && node_name[0] != '\0'
                     ? ht__arena_strdup(graph->arena, node_name)
                     : ht__arena_printf(graph->arena, "%s_%zu", op_name, graph->node_count);
    node->inputs = ht__arena_copy(graph->arena, inputs, input_count * sizeof(ht_value *));
    node->outputs = ht__arena_copy(graph->arena, outputs, output_count * sizeof(ht_value *));
    if (node->name == NULL || node->inputs == NULL || node->outputs == NULL) {
        return ht__fail_memory(err, sizeof *node);
    }
    node->input_count = input_count;
    node->output_count = output_count;
    if (input_count < op->min_inputs || input_count > op->max_inputs || output_count < op->min_outputs ||
        output_count > op->max_outputs) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name,
                           "%s takes %u to %u inputs and gives %u to %u outputs, but this one has %u and %u.", op->name,
                           op->min_inputs, op->max_inputs, op->min_outputs, op->max_outputs, input_count, output_count);
    }
    for (uint32_t i = 0; i < output_count; ++i) {
        if (outputs[i] == NULL) {
            continue;
        }
        if (outputs[i]->producer != NULL || outputs[i]->data != NULL || outputs[i]->is_input || outputs[i]->is_state) {
            return ht__fail_at(err, HT_ERROR_FORMAT, outputs[i]->name, "Two things produce this tensor.");
        }
        outputs[i]->producer = node;
    }
    HT_TRY(append(graph, &graph->nodes, &graph->node_count, &graph->node_capacity, node, err));
    *out = node;
    return HT_OK;
}

/* Can the operator's shape inference say something already? */
static bool inputs_known(const ht_node *node) {
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL && (node->inputs[i]->desc.rank < 0 || node->inputs[i]->desc.type == HT_NONE)) {
            return false;
        }
    }
    return true;
}

ht_status ht__graph_add_node(ht_graph *graph, const char *op_name, const char *node_name, ht_value *const *inputs,
                             uint32_t input_count, uint32_t output_count, const char *const *output_names,
                             ht_node **out, ht_error *err) {
    ht_value *outputs[HT_MAX_OUTPUTS] = {NULL};
    if (output_count > HT_MAX_OUTPUTS) {
        return ht__fail_at(err, HT_ERROR_LIMIT, op_name, "A node can have at most %d outputs.", HT_MAX_OUTPUTS);
    }
    for (uint32_t i = 0; i < output_count; ++i) {
        HT_TRY(ht__graph_add_value(graph, output_names != NULL ? output_names[i] : NULL, NULL, &outputs[i], err));
    }
    const char *domain = ht__op_find("", op_name) != NULL ? "" : "halftone";
    ht_node *node;
    HT_TRY(ht__graph_add_node_raw(graph, domain, op_name, node_name, inputs, input_count, outputs, output_count, &node,
                                  err));
    if (out != NULL) {
        *out = node;
    }
    return HT_OK;
}

size_t ht__graph_consumers(const ht_graph *graph, const ht_value *value, ht_node **out, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; ++i) {
        for (uint32_t k = 0; k < graph->nodes[i]->input_count; ++k) {
            if (graph->nodes[i]->inputs[k] == value) {
                if (count < capacity) {
                    out[count] = graph->nodes[i];
                }
                ++count;
                break;
            }
        }
    }
    return count;
}

ht_status ht__graph_infer(ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->node_count; ++i) {
        ht_node *node = graph->nodes[i];
        if (inputs_known(node)) {
            HT_TRY(node->op->infer(graph, node, err));
        }
    }
    return HT_OK;
}

ht_status ht__graph_set_batch(ht_graph *graph, int64_t batch, ht_error *err) {
    if (batch < 1) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A batch of %lld is not usable.", (long long)batch);
    }
    for (size_t i = 0; i < graph->input_count; ++i) {
        ht_tensor_desc *desc = &graph->inputs[i]->desc;
        if (desc->rank > 0 && desc->dims[0] < 0) {
            desc->dims[0] = batch;
        }
    }
    return ht__graph_infer(graph, err);
}
