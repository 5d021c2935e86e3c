/* Tensor data in files beside the model ("external data"): found and mapped when reading, laid out when writing. */
#ifndef HT_FORMATS_ONNX_EXTERNAL_H
#define HT_FORMATS_ONNX_EXTERNAL_H

#include "formats/onnx/document.h"

/* What TensorProto.external_data says. */
typedef struct onnx_external_place {
    const char *location; /* a file, relative to the model's folder */
    int64_t offset;
    int64_t length; /* -1: not said */
} onnx_external_place;

/* Enters one of the pairs; other keys (checksum, basepath) say nothing that reading needs.
 * Errors: HT_ERROR_FORMAT (a number that is none). */
ht_status ht__onnx_external_entry(onnx_external_place *place, const onnx_pair *pair, const char *tensor, ht_error *err);
/* The bytes of a tensor that takes `size` of them. They stay mapped as long as `externals->views`.
 * Errors: HT_ERROR_FORMAT (no location, one outside the folder, a place outside the file, another length),
 * HT_ERROR_NOT_FOUND, HT_ERROR_IO, HT_ERROR_UNSUPPORTED (there is no folder), HT_ERROR_LIMIT (too many files). */
ht_status ht__onnx_external_find(onnx_externals *externals, const onnx_external_place *place, const char *tensor,
                                 size_t size, const uint8_t **out, ht_error *err);
/* Says that `bytes` bytes of external data are copied: false when all copies together are out of proportion to the
 * files, as when many tensors name the same bytes. */
bool ht__onnx_external_may_copy(onnx_externals *externals, size_t bytes);

/* Gives each tensor of at least ONNX_EXTERNAL_LEAST bytes a place in the data file called `name`, also in graphs inside
 * nodes. Places are multiples of ONNX_EXTERNAL_ALIGNMENT. */
void ht__onnx_external_place(onnx_document *document, const char *name);
/* Smaller ones stay in the model: shapes and the like, which runtimes want at hand. */
#define ONNX_EXTERNAL_LEAST 4096
/* The standard's advice: pages, so that each tensor can be mapped by itself. */
#define ONNX_EXTERNAL_ALIGNMENT 4096

#endif
