#include "formats/tensors.h"

#include <string.h>

ht_status ht__tensors_create(const ht_allocator *allocator, size_t count, ht_tensors **out, ht_error *err) {
    ht_tensors *tensors = ht__calloc(allocator, 1, sizeof *tensors);
    ht_tensor *items = ht__calloc(allocator, count, sizeof *items);
    if (tensors == NULL || items == NULL) {
        ht__free(allocator, tensors);
        ht__free(allocator, items);
        return ht__fail_memory(err, count * sizeof *items);
    }
    *tensors = (ht_tensors){allocator, count, items};
    *out = tensors;
    return HT_OK;
}

ht_status ht__tensors_set(ht_tensors *tensors, size_t index, const char *name, const ht_tensor_desc *desc, void *data,
                          ht_error *err) {
    ht_tensor *tensor = &tensors->items[index];
    tensor->name = ht__strdup(tensors->allocator, name);
    if (tensor->name == NULL) {
        return ht__fail_memory(err, strlen(name) + 1);
    }
    tensor->type = desc->type;
    tensor->rank = desc->rank;
    memcpy(tensor->dims, desc->dims, sizeof tensor->dims);
    tensor->data = data;
    return HT_OK;
}

size_t ht_tensors_count(const ht_tensors *tensors) { return tensors->count; }

const ht_tensor *ht_tensors_at(const ht_tensors *tensors, size_t index) {
    return index < tensors->count ? &tensors->items[index] : NULL;
}

/* Names and data are ours, although the public struct shows them as const. */
static void release(const ht_allocator *allocator, const void *memory) {
    union {
        const void *shown;
        void *owned;
    } pointer = {memory};
    ht__free(allocator, pointer.owned);
}

void ht_tensors_destroy(ht_tensors *tensors) {
    if (tensors == NULL) {
        return;
    }
    const ht_allocator *allocator = tensors->allocator;
    for (size_t i = 0; i < tensors->count; ++i) {
        release(allocator, tensors->items[i].name);
        release(allocator, tensors->items[i].data);
    }
    ht__free(allocator, tensors->items);
    ht__free(allocator, tensors);
}
