/* Parts of a document that say nothing of their own: constant inputs, Constant nodes, Identity nodes. */
#include <string.h>

#include "formats/onnx/raise.h"

ht_status ht__onnx_drop_constant_inputs(onnx_document *document, ht_error *err) {
    onnx_index constants = {.arena = document->arena};
    onnx_name *entry;
    for (size_t i = 0; i < document->tensor_count; ++i) {
        HT_TRY(ht__onnx_name(&constants, document->tensors[i]->name, &entry, err));
    }
    size_t kept = 0;
    for (size_t i = 0; i < document->input_count; ++i) {
        if (ht__onnx_find(&constants, document->inputs[i]->name) == NULL) {
            document->inputs[kept++] = document->inputs[i];
        }
    }
    document->input_count = kept;
    return HT_OK;
}

/* ---- Constant ---- */

static ht_status take_constant(onnx_raising *raising, onnx_node *node) {
    onnx_document *document = raising->document;
    const onnx_attribute *value = node->attribute_count == 1 ? node->attributes[0] : NULL;
    if (value == NULL || node->output_count != 1) {
        return ht__fail_at(raising->err, HT_ERROR_FORMAT, node->name, "A Constant has one attribute and one output.");
    }
    onnx_tensor *tensor;
    bool is_list = value->type == ONNX_ATTRIBUTE_INTS || value->type == ONNX_ATTRIBUTE_FLOATS;
    ht_tensor_desc desc = {.rank = is_list ? 1 : 0, .dims = {(int64_t)value->count}};
    switch (value->type) {
    case ONNX_ATTRIBUTE_TENSOR:
        tensor = value->tensor;
        tensor->name = node->outputs[0];
        HT_TRY(ht__onnx_push(document->arena, &document->tensors, &document->tensor_count, &document->tensor_capacity,
                             tensor, raising->err));
        break;
    case ONNX_ATTRIBUTE_INT:
    case ONNX_ATTRIBUTE_INTS:
        desc.type = HT_I64;
        HT_TRY(ht__onnx_add_tensor(document, node->outputs[0], &desc, value->ints, false, &tensor, raising->err));
        break;
    case ONNX_ATTRIBUTE_FLOAT:
    case ONNX_ATTRIBUTE_FLOATS:
        desc.type = HT_F32;
        HT_TRY(ht__onnx_add_tensor(document, node->outputs[0], &desc, value->floats, false, &tensor, raising->err));
        break;
    default:
        return ht__fail_at(raising->err, HT_ERROR_UNSUPPORTED, node->name,
                           "A Constant with the attribute %s is not supported.", value->name);
    }
    onnx_name *entry = ht__onnx_find(raising->index, node->outputs[0]);
    entry->producer = NULL;
    entry->tensor = tensor;
    node->removed = true;
    return HT_OK;
}

ht_status ht__onnx_take_constants(onnx_raising *raising) {
    for (size_t i = 0; i < raising->document->node_count; ++i) {
        onnx_node *node = raising->document->nodes[i];
        if (node->domain[0] == '\0' && strcmp(node->op, "Constant") == 0) {
            HT_TRY(take_constant(raising, node));
        }
    }
    return HT_OK;
}

/* ---- Identity ---- */

/* The name that stands for `name`, following replacements; a chain has at most `limit` links. */
static const char *resolve(const onnx_index *replaced, const char *name, size_t limit) {
    for (size_t i = 0; i < limit; ++i) {
        const onnx_name *entry = ht__onnx_find(replaced, name);
        if (entry == NULL || entry->replacement == NULL) {
            break;
        }
        name = entry->replacement;
    }
    return name;
}

static ht_status replace(onnx_index *replaced, const char *from, const char *to, ht_error *err) {
    onnx_name *entry;
    HT_TRY(ht__onnx_name(replaced, from, &entry, err));
    entry->replacement = to;
    return HT_OK;
}

/* An output's name has to stay, so the producer of the Identity's input takes it over. */
static ht_status move_output(onnx_raising *raising, onnx_index *replaced, onnx_node *node, const char *from) {
    onnx_name *source = ht__onnx_find(raising->index, from);
    const char *to = node->outputs[0];
    if (source == NULL || source->producer == NULL || source->is_output) {
        return HT_OK; /* this Identity stays */
    }
    for (size_t k = 0; k < source->producer->output_count; ++k) {
        if (strcmp(source->producer->outputs[k], from) == 0) {
            source->producer->outputs[k] = to;
        }
    }
    onnx_name *target = ht__onnx_find(raising->index, to);
    target->producer = source->producer;
    target->uses += source->uses;
    source->producer = NULL;
    node->removed = true;
    return replace(replaced, from, to, raising->err);
}

static ht_status drop_identity(onnx_raising *raising, onnx_index *replaced, onnx_node *node, size_t limit) {
    if (node->input_count != 1 || node->output_count != 1) {
        return ht__fail_at(raising->err, HT_ERROR_FORMAT, node->name, "An Identity has one input and one output.");
    }
    const char *from = resolve(replaced, node->inputs[0], limit);
    onnx_name *source = ht__onnx_find(raising->index, from), *target = ht__onnx_find(raising->index, node->outputs[0]);
    if (source == NULL || target == NULL || source == target) {
        return HT_OK; /* damage that the graph will name */
    }
    if (target->is_output) {
        return move_output(raising, replaced, node, from);
    }
    source->uses += target->uses;
    node->removed = true;
    return replace(replaced, node->outputs[0], from, raising->err);
}

ht_status ht__onnx_drop_identities(onnx_raising *raising) {
    onnx_document *document = raising->document;
    onnx_index replaced = {.arena = document->arena};
    /* In a file in running order each chain is one link long when it is met; more links only follow from moved outputs.
     */
    const size_t limit = 64;
    for (size_t i = 0; i < document->node_count; ++i) {
        onnx_node *node = document->nodes[i];
        if (!node->removed && node->domain[0] == '\0' && strcmp(node->op, "Identity") == 0) {
            HT_TRY(drop_identity(raising, &replaced, node, limit));
        }
    }
    for (size_t i = 0; i < document->node_count && replaced.count != 0; ++i) {
        onnx_node *node = document->nodes[i];
        for (size_t k = 0; k < node->input_count && !node->removed; ++k) {
            node->inputs[k] = resolve(&replaced, node->inputs[k], limit);
        }
    }
    return HT_OK;
}
