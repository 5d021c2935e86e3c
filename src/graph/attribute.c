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
