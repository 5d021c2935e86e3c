/* ONNX files: reading into a model and writing one. */
#ifndef HT_FORMATS_ONNX_ONNX_H
#define HT_FORMATS_ONNX_ONNX_H

#include "formats/model.h"

/* Reads `size` bytes of an ONNX file called `name`. The model's constants may lie in `bytes`, which must outlive it,
 * and in its payload. Memory taken is bounded by a multiple of `size`. Errors: as ht_model_load. */
ht_status ht__onnx_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, ht_model **out,
                        ht_error *err);
/* Reads a file that holds one TensorProto. *data passes to the caller (ht__free). */
ht_status ht__onnx_read_tensor_file(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name,
                                    ht_tensor_desc *desc, void **data, ht_error *err);
/* Hands the file's bytes to `write` piece by piece; false from it ends in HT_ERROR_IO. Other errors: as ht_model_save.
 */
ht_status ht__onnx_write(const ht_model *model, bool (*write)(void *user, const void *bytes, size_t size), void *user,
                         ht_error *err);

#endif
