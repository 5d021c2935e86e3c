#include "formats/onnx/external.h"

#include <inttypes.h>
#include <string.h>

/* Some exporters write a file for each tensor. */
#define MAX_FILES 4096
/* Unpacking 2-bit numbers makes four bytes of one; beyond that the same bytes were copied several times. */
#define MAX_COPIES 4

/* ---- reading ---- */

ht_status ht__onnx_external_entry(onnx_external_place *place, const onnx_pair *pair, const char *tensor,
                                  ht_error *err) {
    if (strcmp(pair->key, "location") == 0) {
        place->location = pair->value;
        return HT_OK;
    }
    bool is_offset = strcmp(pair->key, "offset") == 0;
    if (!is_offset && strcmp(pair->key, "length") != 0) {
        return HT_OK;
    }
    int64_t *number = is_offset ? &place->offset : &place->length;
    if (!ht__parse_int64(pair->value, number) || *number < 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, tensor, "The %s of this tensor's data in its file is \"%.40s\".",
                           pair->key, pair->value);
    }
    return HT_OK;
}

static ht_status open_file(onnx_externals *externals, const char *location, ht_file_view *out, ht_error *err) {
    if (externals->views.count == MAX_FILES) {
        return ht__fail_at(err, HT_ERROR_LIMIT, location, "The model's data lies in more than %d files.", MAX_FILES);
    }
    HT_TRY(ht__grow(externals->allocator, &externals->views.items, sizeof *externals->views.items,
                    &externals->views.capacity, externals->views.count + 1, err));
    HT_TRY(ht__onnx_push(externals->arena, &externals->names, &externals->name_count, &externals->name_capacity,
                         location, err));
    ht_status status = ht__file_map_inside(externals->folder, location, out, err);
    if (status != HT_OK) {
        --externals->name_count;
        return status;
    }
    externals->views.items[externals->views.count++] = *out;
    externals->bytes += out->size;
    return HT_OK;
}

/* The file, mapped when it is met first. The last one mapped is the likeliest. */
static ht_status find_file(onnx_externals *externals, const char *location, ht_file_view *out, ht_error *err) {
    for (size_t i = externals->name_count; i-- > 0;) {
        if (strcmp(externals->names[i], location) == 0) {
            *out = externals->views.items[i];
            return HT_OK;
        }
    }
    return open_file(externals, location, out, err);
}

ht_status ht__onnx_external_find(onnx_externals *externals, const onnx_external_place *place, const char *tensor,
                                 size_t size, const uint8_t **out, ht_error *err) {
    if (externals->folder == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, tensor,
                           "The data of this tensor lies in another file, which is not looked for here.");
    }
    if (place->location == NULL) {
        return ht__fail_at(err, HT_ERROR_FORMAT, tensor,
                           "The data of this tensor lies in another file, which is not named.");
    }
    if (place->length >= 0 && (uint64_t)place->length != size) {
        return ht__fail_at(err, HT_ERROR_FORMAT, tensor,
                           "This tensor has %" PRId64 " bytes in the file %s where its shape wants %zu.", place->length,
                           place->location, size);
    }
    ht_file_view file;
    HT_TRY(find_file(externals, place->location, &file, err));
    if ((uint64_t)place->offset > file.size || size > file.size - (size_t)place->offset) {
        return ht__fail_at(err, HT_ERROR_FORMAT, tensor,
                           "This tensor takes %zu bytes from offset %" PRId64 " of the file %s, which has %zu.", size,
                           place->offset, place->location, file.size);
    }
    static const uint8_t nothing[1] = {0};
    *out = file.data != NULL ? file.data + place->offset : nothing;
    return HT_OK;
}

bool ht__onnx_external_may_copy(onnx_externals *externals, size_t bytes) {
    return ht__add(externals->copied, bytes, &externals->copied) && externals->copied / MAX_COPIES <= externals->bytes;
}

/* ---- writing ---- */

static void place_tensors(onnx_document *document, const char *name, int64_t *position) {
    for (size_t i = 0; i < document->tensor_count; ++i) {
        onnx_tensor *tensor = document->tensors[i];
        size_t bytes = ht__onnx_tensor_bytes(tensor);
        if (bytes >= ONNX_EXTERNAL_LEAST) {
            tensor->beside = name;
            tensor->offset = *position;
            *position += (int64_t)((bytes + ONNX_EXTERNAL_ALIGNMENT - 1) & ~(size_t)(ONNX_EXTERNAL_ALIGNMENT - 1));
        }
    }
    for (size_t i = 0; i < document->node_count; ++i) {
        const onnx_node *node = document->nodes[i];
        for (size_t k = 0; k < node->attribute_count; ++k) {
            if (node->attributes[k]->type == ONNX_ATTRIBUTE_GRAPH) {
                place_tensors(node->attributes[k]->graph, name, position);
            }
        }
    }
}

void ht__onnx_external_place(onnx_document *document, const char *name) {
    int64_t position = 0;
    place_tensors(document, name, &position);
}
