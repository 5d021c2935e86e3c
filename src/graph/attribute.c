#include <string.h>

#include "graph/graph.h"

const ht_attribute *ht__node_attribute(const ht_node *node, const char *name) {
    for (uint32_t i = 0; i < node->attribute_count; ++i) {
        if (strcmp(node->attributes[i].name, name) == 0) {
            return &node->attributes[i];
        }
    }
    return NULL;
}

int64_t ht__node_int(const ht_node *node, const char *name, int64_t otherwise) {
    const ht_attribute *attribute = ht__node_attribute(node, name);
    return attribute != NULL && attribute->kind == HT_ATTRIBUTE_INT ? attribute->ints[0] : otherwise;
}

float ht__node_float(const ht_node *node, const char *name, float otherwise) {
    const ht_attribute *attribute = ht__node_attribute(node, name);
    return attribute != NULL && attribute->kind == HT_ATTRIBUTE_FLOAT ? attribute->floats[0] : otherwise;
}

const char *ht__node_text(const ht_node *node, const char *name, const char *otherwise) {
    const ht_attribute *attribute = ht__node_attribute(node, name);
    return attribute != NULL && attribute->kind == HT_ATTRIBUTE_TEXT ? attribute->text : otherwise;
}

const int64_t *ht__node_ints(const ht_node *node, const char *name, size_t *count) {
    const ht_attribute *attribute = ht__node_attribute(node, name);
    bool found = attribute != NULL && attribute->kind == HT_ATTRIBUTE_INTS;
    *count = found ? attribute->count : 0;
    return found ? attribute->ints : NULL;
}

const float *ht__node_floats(const ht_node *node, const char *name, size_t *count) {
    const ht_attribute *attribute = ht__node_attribute(node, name);
    bool found = attribute != NULL && attribute->kind == HT_ATTRIBUTE_FLOATS;
    *count = found ? attribute->count : 0;
    return found ? attribute->floats : NULL;
}

ht_graph *ht__node_graph(const ht_node *node, const char *name) {
    const ht_attribute *attribute = ht__node_attribute(node, name);
    return attribute != NULL && attribute->kind == HT_ATTRIBUTE_GRAPH ? attribute->graph : NULL;
}

/* Sets an attribute, replacing one of the same name. The array is copied: nodes have few attributes. */
static ht_status set(ht_graph *graph, ht_node *node, const char *name, ht_attribute filled, ht_error *err) {
    filled.name = ht__arena_strdup(graph->arena, name);
    if (filled.name == NULL) {
        return ht__fail_memory(err, strlen(name) + 1);
    }
    for (uint32_t i = 0; i < node->attribute_count; ++i) {
        if (strcmp(node->attributes[i].name, name) == 0) {
            node->attributes[i] = filled;
            return HT_OK;
        }
    }
    size_t bytes = (node->attribute_count + 1) * sizeof filled;
    ht_attribute *attributes = ht__arena_alloc(graph->arena, bytes);
    if (attributes == NULL) {
        return ht__fail_memory(err, bytes);
    }
    if (node->attribute_count != 0) {
        memcpy(attributes, node->attributes, node->attribute_count * sizeof filled);
    }
    attributes[node->attribute_count++] = filled;
    node->attributes = attributes;
    return HT_OK;
}

static ht_status set_ints(ht_graph *graph, ht_node *node, const char *name, ht_attribute_kind kind,
                          const int64_t *values, size_t count, ht_error *err) {
    int64_t *copy = ht__arena_copy(graph->arena, values, count * sizeof *values);
    if (copy == NULL) {
        return ht__fail_memory(err, count * sizeof *values);
    }
    return set(graph, node, name, (ht_attribute){.kind = kind, .count = count, .ints = copy}, err);
}

static ht_status set_floats(ht_graph *graph, ht_node *node, const char *name, ht_attribute_kind kind,
                            const float *values, size_t count, ht_error *err) {
    float *copy = ht__arena_copy(graph->arena, values, count * sizeof *values);
    if (copy == NULL) {
        return ht__fail_memory(err, count * sizeof *values);
    }
    return set(graph, node, name, (ht_attribute){.kind = kind, .count = count, .floats = copy}, err);
}

ht_status ht__node_set_int(ht_graph *graph, ht_node *node, const char *name, int64_t value, ht_error *err) {
    return set_ints(graph, node, name, HT_ATTRIBUTE_INT, &value, 1, err);
}

ht_status ht__node_set_ints(ht_graph *graph, ht_node *node, const char *name, const int64_t *values, size_t count,
                            ht_error *err) {
    return set_ints(graph, node, name, HT_ATTRIBUTE_INTS, values, count, err);
}

ht_status ht__node_set_float(ht_graph *graph, ht_node *node, const char *name, float value, ht_error *err) {
    return set_floats(graph, node, name, HT_ATTRIBUTE_FLOAT, &value, 1, err);
}

ht_status ht__node_set_floats(ht_graph *graph, ht_node *node, const char *name, const float *values, size_t count,
                              ht_error *err) {
    return set_floats(graph, node, name, HT_ATTRIBUTE_FLOATS, values, count, err);
}

ht_status ht__node_set_text(ht_graph *graph, ht_node *node, const char *name, const char *value, ht_error *err) {
    char *copy = ht__arena_strdup(graph->arena, value);
    if (copy == NULL) {
        return ht__fail_memory(err, strlen(value) + 1);
    }
    return set(graph, node, name, (ht_attribute){.kind = HT_ATTRIBUTE_TEXT, .count = strlen(value), .text = copy}, err);
}

ht_status ht__node_set_texts(ht_graph *graph, ht_node *node, const char *name, const char *const *values, size_t count,
                             ht_error *err) {
    const char **copies = ht__arena_alloc(graph->arena, count * sizeof *copies);
    bool complete = copies != NULL;
    for (size_t i = 0; complete && i < count; ++i) {
        copies[i] = ht__arena_strdup(graph->arena, values[i]);
        complete = copies[i] != NULL;
    }
    if (!complete) {
        return ht__fail_memory(err, count * sizeof *copies);
    }
    return set(graph, node, name, (ht_attribute){.kind = HT_ATTRIBUTE_TEXTS, .count = count, .texts = copies}, err);
}

ht_status ht__node_set_tensor(ht_graph *graph, ht_node *node, const char *name, const ht_tensor_desc *desc,
                              const void *data, bool borrow, ht_error *err) {
    size_t bytes;
    if (!ht__desc_bytes(desc, &bytes)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The shape of the attribute %s is not usable.", name);
    }
    ht_attribute filled = {.kind = HT_ATTRIBUTE_TENSOR, .count = 1, .desc = *desc};
    filled.data = borrow ? data : ht__arena_copy(graph->arena, data, bytes);
    return filled.data != NULL ? set(graph, node, name, filled, err) : ht__fail_memory(err, bytes);
}

ht_status ht__node_set_graph(ht_graph *graph, ht_node *node, const char *name, ht_graph *inner, ht_error *err) {
    HT_TRY(ht__grow(&graph->ctx->allocator, &graph->subgraphs, sizeof(ht_graph *), &graph->subgraph_capacity,
                    graph->subgraph_count + 1, err));
    HT_TRY(set(graph, node, name, (ht_attribute){.kind = HT_ATTRIBUTE_GRAPH, .count = 1, .graph = inner}, err));
    graph->subgraphs[graph->subgraph_count++] = inner;
    return HT_OK;
}

static ht_status copy_graph(ht_graph *graph, ht_node *node, const ht_attribute *from, ht_error *err) {
    ht_graph *inner;
    HT_TRY(ht__graph_copy(from->graph, &inner, err));
    ht_status status = ht__node_set_graph(graph, node, from->name, inner, err);
    if (status != HT_OK) {
        ht__graph_destroy(inner);
    }
    return status;
}

ht_status ht__node_copy_attribute(ht_graph *graph, ht_node *node, const ht_attribute *a, ht_error *err) {
    switch (a->kind) {
    case HT_ATTRIBUTE_INT: return ht__node_set_int(graph, node, a->name, a->ints[0], err);
    case HT_ATTRIBUTE_FLOAT: return ht__node_set_float(graph, node, a->name, a->floats[0], err);
    case HT_ATTRIBUTE_TEXT: return ht__node_set_text(graph, node, a->name, a->text, err);
    case HT_ATTRIBUTE_INTS: return ht__node_set_ints(graph, node, a->name, a->ints, a->count, err);
    case HT_ATTRIBUTE_FLOATS: return ht__node_set_floats(graph, node, a->name, a->floats, a->count, err);
    case HT_ATTRIBUTE_TEXTS: return ht__node_set_texts(graph, node, a->name, a->texts, a->count, err);
    case HT_ATTRIBUTE_TENSOR: return ht__node_set_tensor(graph, node, a->name, &a->desc, a->data, true, err);
    case HT_ATTRIBUTE_GRAPH: break;
    }
    return copy_graph(graph, node, a, err);
}
