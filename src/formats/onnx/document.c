#include "formats/onnx/document.h"

#include <string.h>

#include "numeric/pack.h"
#include "numeric/scalar.h"

ht_status ht__onnx_document_create(const ht_allocator *allocator, const char *file, onnx_document **out,
                                   ht_error *err) {
    ht_arena *arena, *payload;
    HT_TRY(ht__arena_create(allocator, &arena, err));
    onnx_document *document = ht__arena_alloc(arena, sizeof *document);
    if (document == NULL || ht__arena_create(allocator, &payload, err) != HT_OK) {
        ht__arena_destroy(arena);
        return ht__fail_memory(err, sizeof *document);
    }
    *document = (onnx_document){
        .arena = arena, .payload = payload, .file = file, .producer = "", .producer_version = "", .graph_name = ""};
    document->externals = ht__arena_alloc(arena, sizeof *document->externals);
    if (document->externals == NULL) {
        ht__onnx_document_destroy(document);
        return ht__fail_memory(err, sizeof *document->externals);
    }
    *document->externals = (onnx_externals){.allocator = allocator, .arena = arena};
    *out = document;
    return HT_OK;
}

void ht__onnx_document_destroy(onnx_document *document) {
    if (document != NULL) {
        if (document->externals != NULL) {
            ht__file_views_free(document->externals->allocator, &document->externals->views);
        }
        ht__arena_destroy(document->payload);
        ht__arena_destroy(document->arena); /* last: the document lies in it */
    }
}

ht_status ht__onnx_push(ht_arena *arena, void *array, size_t *count, size_t *capacity, const void *item,
                        ht_error *err) {
    void **items;
    memcpy(&items, array, sizeof items);
    if (*count == *capacity) {
        size_t next = *capacity != 0 ? 2 * *capacity : 4;
        void **larger = ht__arena_alloc(arena, next * sizeof *larger);
        if (larger == NULL) {
            return ht__fail_memory(err, next * sizeof *larger);
        }
        if (*count != 0) {
            memcpy(larger, items, *count * sizeof *larger);
        }
        *capacity = next;
        items = larger;
        memcpy(array, &items, sizeof items);
    }
    memcpy(&items[(*count)++], &item, sizeof item);
    return HT_OK;
}

ht_status ht__onnx_add_node(onnx_document *document, const char *op, const char *name, onnx_node **out, ht_error *err) {
    onnx_node *node = ht__arena_alloc(document->arena, sizeof *node);
    if (node == NULL) {
        return ht__fail_memory(err, sizeof *node);
    }
    *node = (onnx_node){.op = op, .domain = "", .name = name, .overload = ""};
    *out = node;
    return ht__onnx_push(document->arena, &document->nodes, &document->node_count, &document->node_capacity, node, err);
}

ht_status ht__onnx_add_operand(onnx_document *document, onnx_node *node, bool output, const char *name, ht_error *err) {
    return output
               ? ht__onnx_push(document->arena, &node->outputs, &node->output_count, &node->output_capacity, name, err)
               : ht__onnx_push(document->arena, &node->inputs, &node->input_count, &node->input_capacity, name, err);
}

ht_status ht__onnx_add_int(onnx_document *document, onnx_node *node, const char *name, int64_t value, ht_error *err) {
    onnx_attribute *attribute = ht__arena_alloc(document->arena, sizeof *attribute);
    int64_t *number = ht__arena_copy(document->arena, &value, sizeof value);
    if (attribute == NULL || number == NULL) {
        return ht__fail_memory(err, sizeof *attribute);
    }
    *attribute = (onnx_attribute){.name = name, .type = ONNX_ATTRIBUTE_INT, .count = 1, .ints = number};
    return ht__onnx_push(document->arena, &node->attributes, &node->attribute_count, &node->attribute_capacity,
                         attribute, err);
}

ht_status ht__onnx_add_text(onnx_document *document, onnx_node *node, const char *name, const char *text,
                            ht_error *err) {
    onnx_attribute *attribute = ht__arena_alloc(document->arena, sizeof *attribute);
    if (attribute == NULL) {
        return ht__fail_memory(err, sizeof *attribute);
    }
    *attribute = (onnx_attribute){.name = name, .type = ONNX_ATTRIBUTE_TEXT, .count = strlen(text), .text = text};
    return ht__onnx_push(document->arena, &node->attributes, &node->attribute_count, &node->attribute_capacity,
                         attribute, err);
}

ht_status ht__onnx_add_tensor(onnx_document *document, const char *name, const ht_tensor_desc *desc, const void *data,
                              bool copy, onnx_tensor **out, ht_error *err) {
    static const int32_t onnx_types[] = {
#define ONNX_TYPE(NAME, name, bytes, onnx) onnx,
        HT_TYPE_LIST(ONNX_TYPE)
#undef ONNX_TYPE
    };
    onnx_tensor *tensor = ht__arena_alloc(document->arena, sizeof *tensor);
    size_t bytes;
    if (!ht__desc_bytes(desc, &bytes)) {
        return ht__fail_at(err, HT_ERROR_LIMIT, name, "This tensor is too large.");
    }
    const void *own = copy ? ht__arena_copy(document->arena, data, bytes) : data;
    if (tensor == NULL || own == NULL) {
        return ht__fail_memory(err, bytes);
    }
    *tensor =
        (onnx_tensor){.name = name, .onnx_type = onnx_types[desc->type], .desc = *desc, .data = own, .offset = -1};
    tensor->desc.layout = HT_LAYOUT_PLAIN;
    if (out != NULL) {
        *out = tensor;
    }
    return ht__onnx_push(document->arena, &document->tensors, &document->tensor_count, &document->tensor_capacity,
                         tensor, err);
}

/* Codes of 2 bits decode to 28 times their bytes, and two layers may share them. */
#define DECODED_MULTIPLE 64
#define DECODED_BYTES ((size_t)4 << 20)

bool ht__onnx_may_decode(const onnx_document *document, size_t bytes) {
    size_t limit, total;
    return ht__add(document->size, document->externals->bytes, &limit) && ht__mul(limit, DECODED_MULTIPLE, &limit) &&
           ht__add(limit, DECODED_BYTES, &limit) && ht__add(ht__arena_bytes(document->payload), bytes, &total) &&
           total <= limit;
}

size_t ht__onnx_tensor_bytes(const onnx_tensor *tensor) {
    size_t bytes = 0;
    unsigned bits = ht__type_bits(tensor->desc.type);
    if (bits < 8) {
        return ht__packed_bytes((size_t)ht__desc_elements(&tensor->desc), bits);
    }
    return ht__desc_bytes(&tensor->desc, &bytes) ? bytes : 0;
}

int64_t ht__onnx_type_since(ht_type type) {
    switch (type) {
    case HT_F8E4M3FN:
    case HT_F8E4M3FNUZ:
    case HT_F8E5M2:
    case HT_F8E5M2FNUZ: return 19;
    case HT_U4:
    case HT_I4: return 21;
    case HT_F4E2M1: return 23;
    case HT_F8E8M0: return 24;
    case HT_U2:
    case HT_I2: return 25;
    case HT_F6E2M3:
    case HT_F6E3M2: return 28;
    default: return 1;
    }
}

onnx_attribute *ht__onnx_attribute(const onnx_node *node, const char *name) {
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (strcmp(node->attributes[i]->name, name) == 0) {
            return node->attributes[i];
        }
    }
    return NULL;
}

void ht__onnx_drop_attribute(onnx_node *node, const char *name) {
    size_t kept = 0;
    for (size_t i = 0; i < node->attribute_count; ++i) {
        if (strcmp(node->attributes[i]->name, name) != 0) {
            node->attributes[kept++] = node->attributes[i];
        }
    }
    node->attribute_count = kept;
}

int64_t ht__onnx_int(const onnx_node *node, const char *name, int64_t otherwise) {
    const onnx_attribute *attribute = ht__onnx_attribute(node, name);
    return attribute != NULL && attribute->type == ONNX_ATTRIBUTE_INT ? attribute->ints[0] : otherwise;
}

bool ht__onnx_is_inner_attribute(const char *op, const char *name) {
    return (strcmp(name, "activation") == 0 && strcmp(op, "CausalConvWithState") != 0) || strcmp(name, "relu") == 0 ||
           strcmp(name, "clip_low") == 0 || strcmp(name, "clip_high") == 0;
}
