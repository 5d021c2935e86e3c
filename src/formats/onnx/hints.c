/* The metadata text that says the widths and schemes of quantized tensors:
 * {"conv1.weight":{"bits":4,"scheme":"..."},...}. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "formats/onnx/fold.h"
#include "formats/onnx/quantized.h"

onnx_hints *ht__onnx_hints_read(const onnx_document *document) {
    for (size_t i = 0; i < document->metadata_count; ++i) {
        if (strcmp(document->metadata[i]->key, ONNX_METADATA_QUANTIZATION) == 0) {
            return (onnx_hints *)json_loads(document->metadata[i]->value, JSON_REJECT_DUPLICATES, NULL);
        }
    }
    return NULL;
}

void ht__onnx_hints_free(onnx_hints *hints) { json_decref((json_t *)hints); }

static const json_t *hint(const onnx_hints *hints, const char *name, const char *key) {
    return json_object_get(json_object_get((const json_t *)hints, name), key);
}

int32_t ht__onnx_hint_bits(const onnx_hints *hints, const char *name, int32_t otherwise) {
    const json_t *bits = hint(hints, name, "bits");
    return json_is_integer(bits) && json_integer_value(bits) >= 1 && json_integer_value(bits) < otherwise
               ? (int32_t)json_integer_value(bits)
               : otherwise;
}

const char *ht__onnx_hint_scheme(const onnx_hints *hints, const char *name) {
    return json_string_value(hint(hints, name, "scheme"));
}

static bool add_hint(json_t *object, const ht_value *value) {
    json_t *entry = json_object();
    const ht_quantization *q = value->quantization;
    bool good = entry != NULL && json_object_set_new(entry, "bits", json_integer(q->bits)) == 0 &&
                (q->scheme == NULL || json_object_set_new(entry, "scheme", json_string(q->scheme)) == 0);
    return json_object_set_new(object, value->name, entry) == 0 && good;
}

ht_status ht__onnx_hints_write(const ht_graph *graph, onnx_document *document, ht_error *err) {
    json_t *object = json_object();
    bool good = object != NULL, any = false;
    for (size_t i = 0; i < graph->value_count && good; ++i) {
        if (graph->values[i]->quantization != NULL) {
            good = add_hint(object, graph->values[i]);
            any = true;
        }
    }
    char *text = good ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(object);
    char *copy = text != NULL ? ht__arena_strdup(document->arena, text) : NULL;
    free(text);
    onnx_pair *pair = ht__arena_alloc(document->arena, sizeof *pair);
    if (copy == NULL || pair == NULL) {
        return ht__fail_memory(err, sizeof *pair);
    }
    *pair = (onnx_pair){ONNX_METADATA_QUANTIZATION, copy};
    return any ? ht__onnx_push(document->arena, &document->metadata, &document->metadata_count,
                               &document->metadata_capacity, pair, err)
               : HT_OK;
}
