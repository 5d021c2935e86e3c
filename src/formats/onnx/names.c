/* The index of a document's names: a hash table with open addressing. */
#include <string.h>

#include "formats/onnx/document.h"

static size_t hash_name(const char *name) { /* FNV-1a */
    uint64_t hash = 14695981039346656037u;
    for (; *name != '\0'; ++name) {
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    }
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds `name`, or the free one where it belongs. */
static onnx_name **find_slot(onnx_name **slots, size_t size, const char *name) {
    for (size_t i = hash_name(name) & (size - 1);; i = (i + 1) & (size - 1)) {
        if (slots[i] == NULL || strcmp(slots[i]->name, name) == 0) {
            return &slots[i];
        }
    }
}

static ht_status grow(onnx_index *index, ht_error *err) {
    size_t size = index->size != 0 ? 2 * index->size : 64;
    onnx_name **slots = ht__arena_alloc(index->arena, size * sizeof *slots);
    if (slots == NULL) {
        return ht__fail_memory(err, size * sizeof *slots);
    }
    for (size_t i = 0; i < index->size; ++i) {
        if (index->slots[i] != NULL) {
            *find_slot(slots, size, index->slots[i]->name) = index->slots[i];
        }
    }
    index->slots = slots;
    index->size = size;
    return HT_OK;
}

ht_status ht__onnx_name(onnx_index *index, const char *name, onnx_name **out, ht_error *err) {
    if (2 * (index->count + 1) > index->size) {
        HT_TRY(grow(index, err));
    }
    onnx_name **slot = find_slot(index->slots, index->size, name);
    if (*slot == NULL) {
        onnx_name *entry = ht__arena_alloc(index->arena, sizeof *entry);
        if (entry == NULL) {
            return ht__fail_memory(err, sizeof *entry);
        }
        entry->name = name;
        *slot = entry;
        ++index->count;
    }
    *out = *slot;
    return HT_OK;
}

onnx_name *ht__onnx_find(const onnx_index *index, const char *name) {
    return index->size != 0 ? *find_slot(index->slots, index->size, name) : NULL;
}

ht_status ht__onnx_fresh(onnx_index *index, const char *base, const char *suffix, const char **out, ht_error *err) {
    onnx_name *from = ht__onnx_find(index, base);
    uint32_t none = 0, *last = from != NULL ? &from->numbered : &none;
    for (uint32_t number = 0;; number = ++*last) { /* the first time without one */
        char *name = number == 0 ? ht__arena_printf(index->arena, "%s%s", base, suffix)
                                 : ht__arena_printf(index->arena, "%s%s_%u", base, suffix, (unsigned)number);
        if (name == NULL) {
            return ht__fail_memory(err, strlen(base));
        }
        if (ht__onnx_find(index, name) == NULL) {
            onnx_name *entry;
            *out = name;
            return ht__onnx_name(index, name, &entry, err);
        }
    }
}

static ht_status index_node(onnx_index *index, onnx_node *node, ht_error *err) {
    onnx_name *entry;
    for (size_t k = 0; k < node->input_count; ++k) {
        HT_TRY(ht__onnx_name(index, node->inputs[k], &entry, err));
        ++entry->uses;
        entry->consumer = node;
    }
    for (size_t k = 0; k < node->output_count; ++k) {
        if (node->outputs[k][0] == '\0') {
            continue;
        }
        HT_TRY(ht__onnx_name(index, node->outputs[k], &entry, err));
        if (entry->producer != NULL || entry->tensor != NULL || entry->is_input) {
            return ht__fail_at(err, HT_ERROR_FORMAT, entry->name, "The model makes this tensor twice.");
        }
        entry->producer = node;
    }
    return HT_OK;
}

ht_status ht__onnx_index(const onnx_document *document, onnx_index *out, ht_error *err) {
    *out = (onnx_index){.arena = document->arena};
    onnx_name *entry;
    for (size_t i = 0; i < document->tensor_count; ++i) {
        HT_TRY(ht__onnx_name(out, document->tensors[i]->name, &entry, err));
        if (entry->tensor != NULL) {
            return ht__fail_at(err, HT_ERROR_FORMAT, entry->name, "The model has two constants of this name.");
        }
        entry->tensor = document->tensors[i];
    }
    for (size_t i = 0; i < document->input_count; ++i) {
        HT_TRY(ht__onnx_name(out, document->inputs[i]->name, &entry, err));
        if (entry->is_input) {
            return ht__fail_at(err, HT_ERROR_FORMAT, entry->name, "The model has two inputs of this name.");
        }
        entry->is_input = true;
    }
    for (size_t i = 0; i < document->output_count; ++i) {
        HT_TRY(ht__onnx_name(out, document->outputs[i]->name, &entry, err));
        entry->is_output = true;
    }
    for (size_t i = 0; i < document->node_count; ++i) {
        if (!document->nodes[i]->removed) {
            HT_TRY(index_node(out, document->nodes[i], err));
        }
    }
    return HT_OK;
}
