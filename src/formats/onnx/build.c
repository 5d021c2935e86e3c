/* From a raised and folded document to the graph. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/onnx/document.h"
#include "graph/op.h"

typedef struct building {
    ht_graph *graph;
    const onnx_document *document;
    onnx_index *index;
    ht_error *err;
} building;

/* ---- operators that we do not have: all of them in one sentence ---- */

#define MAX_KINDS 8

/* Is the node's operator among those named already? */
static bool is_named(const onnx_node *const *kinds, size_t count, const onnx_node *node) {
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(kinds[i]->op, node->op) == 0 && strcmp(kinds[i]->domain, node->domain) == 0) {
            return true;
        }
    }
    return false;
}

static const char *place_of(const onnx_node *node) {
    return node->name[0] != '\0' ? node->name : node->output_count != 0 ? node->outputs[0] : node->op;
}

/* Operators of a domain of their own, ours too, do not come from files. */
static bool is_supported(const onnx_node *node) { return node->domain[0] == '\0' && ht__op_find("", node->op) != NULL; }

static ht_status check_operators(const onnx_document *document, ht_error *err);

static ht_status check_inner_operators(const onnx_node *node, ht_error *err) {
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (node->attributes[i]->type == ONNX_ATTRIBUTE_GRAPH) {
            HT_TRY(check_operators(node->attributes[i]->graph, err));
        }
    }
    return HT_OK;
}

static ht_status check_operators(const onnx_document *document, ht_error *err) {
    const onnx_node *kinds[MAX_KINDS];
    size_t count = 0, used = 0;
    char list[400] = "";
    for (size_t i = 0; i < document->node_count && count < MAX_KINDS; ++i) {
        const onnx_node *node = document->nodes[i];
        if (!node->removed) {
            HT_TRY(check_inner_operators(node, err));
        }
        if (node->removed || is_supported(node) || is_named(kinds, count, node)) {
            continue;
        }
        int written = snprintf(list + used, sizeof list - used, "%s%.20s%s%.40s (node %.40s)", count != 0 ? ", " : "",
                               node->domain, node->domain[0] != '\0' ? "." : "", node->op, place_of(node));
        used = written > 0 && used + (size_t)written < sizeof list ? used + (size_t)written : sizeof list - 1;
        kinds[count++] = node;
    }
    return count == 0 ? HT_OK
                      : ht__fail_at(err, HT_ERROR_UNSUPPORTED, place_of(kinds[0]),
                                    "These operators are not supported: %s.", list);
}

/* ---- values ---- */

static ht_status set_symbols(building *b, ht_value *value, const onnx_value *declared) {
    for (int32_t i = 0; i < declared->desc.rank; ++i) {
        if (declared->symbols[i] == NULL) {
            continue;
        }
        value->symbols[i] = ht__arena_strdup(b->graph->arena, declared->symbols[i]);
        if (value->symbols[i] == NULL) {
            return ht__fail_memory(b->err, strlen(declared->symbols[i]));
        }
    }
    return HT_OK;
}

static ht_status add_inputs(building *b) {
    for (size_t i = 0; i < b->document->input_count; ++i) {
        const onnx_value *input = b->document->inputs[i];
        if (!ht__desc_is_sane(&input->desc)) {
            return ht__fail_at(b->err, HT_ERROR_LIMIT, input->name, "This input is too large.");
        }
        if (b->document->is_inner) {
            /* Its shape says the node that runs the graph; it may change from one round of a loop to the next. */
            ht_value *inner;
            ht_tensor_desc desc = {.type = input->desc.type, .rank = -1};
            HT_TRY(ht__graph_add_input(b->graph, input->name, &desc, &inner, b->err));
            continue;
        }
        if (input->desc.type == HT_NONE) {
            return ht__fail_at(b->err, HT_ERROR_UNSUPPORTED, input->name,
                               "This input is no tensor of a supported element type.");
        }
        ht_value *value;
        HT_TRY(ht__graph_add_input(b->graph, input->name, &input->desc, &value, b->err));
        HT_TRY(set_symbols(b, value, input));
    }
    return HT_OK;
}

/* Parameters are small and copied; codes are in the payload, or in the file, and stay there. */
static ht_status copy_quantization(building *b, const ht_quantization *from, ht_quantization **out) {
    ht_arena *arena = b->graph->arena;
    ht_quantization *q = ht__arena_copy(arena, from, sizeof *from);
    *out = q;
    size_t tables = (from->shared_table ? 1 : from->groups) * from->levels;
    if (q == NULL ||
        (from->scale != NULL &&
         (q->scale = ht__arena_copy(arena, from->scale, from->groups * sizeof(float))) == NULL) ||
        (from->zero_point != NULL &&
         (q->zero_point = ht__arena_copy(arena, from->zero_point, from->groups * sizeof(float))) == NULL) ||
        (from->table != NULL && (q->table = ht__arena_copy(arena, from->table, tables * sizeof(float))) == NULL) ||
        (from->scheme != NULL && (q->scheme = ht__arena_strdup(arena, from->scheme)) == NULL)) {
        return ht__fail_memory(b->err, sizeof *q);
    }
    return HT_OK;
}

static ht_status add_constant(building *b, const onnx_tensor *tensor, ht_value **out) {
    if (tensor->data == NULL) {
        return ht__fail_at(b->err, HT_ERROR_UNSUPPORTED, tensor->name,
                           "The element type of this tensor (ONNX's number %d) is not supported.",
                           (int)tensor->onnx_type);
    }
    HT_TRY(ht__graph_add_constant(b->graph, tensor->name, &tensor->desc, tensor->data, tensor->lasts, out, b->err));
    return tensor->quantization == NULL ? HT_OK : copy_quantization(b, tensor->quantization, &(*out)->quantization);
}

/* The graph's value of this name; a constant is added when it is first used. "" gives NULL. */
static ht_status find_value(building *b, const char *name, ht_value **out) {
    *out = NULL;
    if (name[0] == '\0') {
        return HT_OK;
    }
    *out = ht__graph_find(b->graph, name);
    if (*out != NULL) {
        return HT_OK;
    }
    const onnx_name *entry = ht__onnx_find(b->index, name);
    if (entry != NULL && entry->tensor != NULL) {
        return add_constant(b, entry->tensor, out);
    }
    return ht__graph_add_value(b->graph, name, NULL, out, b->err);
}

/* ---- nodes ---- */

static ht_status add_tensor_attribute(building *b, ht_node *node, const onnx_attribute *attribute) {
    const onnx_tensor *tensor = attribute->tensor;
    return tensor->data != NULL ? ht__node_set_tensor(b->graph, node, attribute->name, &tensor->desc, tensor->data,
                                                      tensor->lasts, b->err)
                                : ht__fail_at(b->err, HT_ERROR_UNSUPPORTED, node->name,
                                              "The element type of the attribute %s (ONNX's number %d) is not "
                                              "supported.",
                                              attribute->name, (int)tensor->onnx_type);
}

static ht_status build_graph(ht_context *ctx, const onnx_document *document, ht_graph **out, ht_error *err);

static ht_status add_graph_attribute(building *b, ht_node *node, const onnx_attribute *attribute) {
    ht_graph *inner;
    HT_TRY(build_graph(b->graph->ctx, attribute->graph, &inner, b->err));
    ht_status status = ht__node_set_graph(b->graph, node, attribute->name, inner, b->err);
    if (status != HT_OK) {
        ht__graph_destroy(inner);
    }
    return status;
}

static ht_status add_attribute(building *b, ht_node *node, const onnx_attribute *attribute) {
    if (ht__onnx_is_inner_attribute(node->op->name, attribute->name)) {
        return ht__fail_at(b->err, HT_ERROR_FORMAT, node->name, "%s has no attribute %s.", node->op->name,
                           attribute->name);
    }
    switch (attribute->type) {
    case ONNX_ATTRIBUTE_TEXTS:
        return ht__node_set_texts(b->graph, node, attribute->name, attribute->texts, attribute->count, b->err);
    case ONNX_ATTRIBUTE_TENSOR: return add_tensor_attribute(b, node, attribute);
    case ONNX_ATTRIBUTE_GRAPH: return add_graph_attribute(b, node, attribute);
    case ONNX_ATTRIBUTE_INT: return ht__node_set_int(b->graph, node, attribute->name, attribute->ints[0], b->err);
    case ONNX_ATTRIBUTE_FLOAT: return ht__node_set_float(b->graph, node, attribute->name, attribute->floats[0], b->err);
    case ONNX_ATTRIBUTE_TEXT: return ht__node_set_text(b->graph, node, attribute->name, attribute->text, b->err);
    case ONNX_ATTRIBUTE_INTS:
        return ht__node_set_ints(b->graph, node, attribute->name, attribute->ints, attribute->count, b->err);
    case ONNX_ATTRIBUTE_FLOATS:
        return ht__node_set_floats(b->graph, node, attribute->name, attribute->floats, attribute->count, b->err);
    default:
        return ht__fail_at(b->err, HT_ERROR_UNSUPPORTED, node->name, "The attribute %s of %s is not supported.",
                           attribute->name, node->op->name);
    }
}

static ht_status add_node(building *b, const onnx_node *from) {
    ht_value **operands =
        ht__arena_alloc(b->document->arena, (from->input_count + from->output_count) * sizeof *operands);
    if (operands == NULL) {
        return ht__fail_memory(b->err, from->input_count + from->output_count);
    }
    ht_value **outputs = operands + from->input_count;
    for (size_t k = 0; k < from->input_count; ++k) {
        HT_TRY(find_value(b, from->inputs[k], &operands[k]));
    }
    for (size_t k = 0; k < from->output_count; ++k) {
        HT_TRY(find_value(b, from->outputs[k], &outputs[k]));
    }
    ht_node *node;
    HT_TRY(ht__graph_add_node_raw(b->graph, from->domain, from->op, from->name, operands, (uint32_t)from->input_count,
                                  outputs, (uint32_t)from->output_count, &node, b->err));
    node->captured = (uint32_t)from->captured;
    for (size_t i = 0; i < from->attribute_count; ++i) {
        HT_TRY(add_attribute(b, node, from->attributes[i]));
    }
    return HT_OK;
}

static ht_status add_annotations(building *b) {
    for (size_t i = 0; i < b->document->annotation_count; ++i) {
        ht_value *value = ht__graph_find(b->graph, b->document->annotations[i]->name);
        if (value != NULL) {
            HT_TRY(copy_quantization(b, b->document->annotations[i]->quantization, &value->quantization));
        }
    }
    return HT_OK;
}

static ht_status add_outputs(building *b) {
    for (size_t i = 0; i < b->document->output_count; ++i) {
        ht_value *value;
        HT_TRY(find_value(b, b->document->outputs[i]->name, &value));
        if (value == NULL) {
            return ht__fail_at(b->err, HT_ERROR_FORMAT, b->document->file, "An output of the model has no name.");
        }
        HT_TRY(ht__graph_mark_output(b->graph, value, b->err));
    }
    return HT_OK;
}

/* What the file says about outputs goes in where inference left something open. */
static ht_status complete_outputs(building *b) {
    for (size_t i = 0; i < b->document->output_count; ++i) {
        const onnx_value *declared = b->document->outputs[i];
        ht_value *value = ht__graph_find(b->graph, declared->name);
        if (value->desc.rank < 0) {
            value->desc = declared->desc;
        }
        if (value->desc.rank == declared->desc.rank && !value->is_input && value->data == NULL) {
            HT_TRY(set_symbols(b, value, declared));
        }
    }
    return HT_OK;
}

/* ---- Softmax before operator set 13: over all axes from `axis` on ---- */

static ht_status settle_softmax(building *b, ht_node *node) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t axis = ht__node_int(node, "axis", -1);
    int64_t first = axis < 0 ? axis + x->rank : axis, wide = x->rank - 1;
    int count = 0;
    for (int64_t i = first; i >= 0 && i < x->rank; ++i) {
        if (x->dims[i] != 1) {
            wide = i;
            ++count;
        }
    }
    if (x->rank < 1 || first < 0 || first >= x->rank || count > 1) {
        return ht__fail_at(b->err, HT_ERROR_UNSUPPORTED, node->name,
                           "A %s over several axes at once (operator set %" PRId64 ") is not supported.",
                           node->op->name, b->document->opset);
    }
    return ht__node_set_int(b->graph, node, "axis", wide, b->err);
}

static ht_status settle(building *b) {
    for (size_t i = 0; i < b->graph->node_count && b->document->opset < 13; ++i) {
        ht_node *node = b->graph->nodes[i];
        if (strcmp(node->op->name, "Softmax") == 0 || strcmp(node->op->name, "LogSoftmax") == 0) {
            HT_TRY(settle_softmax(b, node));
        }
    }
    return HT_OK;
}

static ht_status build(building *b) {
    HT_TRY(add_inputs(b));
    for (size_t i = 0; i < b->document->node_count; ++i) {
        if (!b->document->nodes[i]->removed) {
            HT_TRY(add_node(b, b->document->nodes[i]));
        }
    }
    HT_TRY(add_outputs(b));
    HT_TRY(ht__graph_sort(b->graph, b->err));
    HT_TRY(ht__graph_validate(b->graph, b->err));
    ht__graph_prune(b->graph);
    HT_TRY(ht__graph_infer(b->graph, b->err));
    HT_TRY(settle(b));
    if (!b->document->is_inner) {
        HT_TRY(ht__onnx_complete_shapes(b->graph, b->err));
        HT_TRY(complete_outputs(b));
    }
    return add_annotations(b);
}

static ht_status build_graph(ht_context *ctx, const onnx_document *document, ht_graph **out, ht_error *err) {
    onnx_index index;
    HT_TRY(ht__onnx_index(document, &index, err));
    ht_graph *graph;
    HT_TRY(ht__graph_create(ctx, document->graph_name, &graph, err));
    building b = {graph, document, &index, err};
    ht_status status = build(&b);
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    *out = graph;
    return HT_OK;
}

ht_status ht__onnx_build(ht_context *ctx, onnx_document *document, ht_graph **out, ht_error *err) {
    HT_TRY(check_operators(document, err));
    return build_graph(ctx, document, out, err);
}
