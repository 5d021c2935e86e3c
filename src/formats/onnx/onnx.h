/* ONNX files: reading into a model and writing one. */
#ifndef HT_FORMATS_ONNX_ONNX_H
#define HT_FORMATS_ONNX_ONNX_H

#include "formats/model.h"

/* Reads `size` bytes of an ONNX file called `name`. The model's constants may lie in `bytes`, which must outlive it,
 * in its payload, and in files below `folder` that the model names (NULL: none may be named). Memory taken is bounded
 * by a multiple of the size of all these files. Errors: as ht_model_load. */
ht_status ht__onnx_read(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name, const char *folder,
                        ht_model **out, ht_error *err);
/* Reads a file that holds one TensorProto. *data passes to the caller (ht__free). */
ht_status ht__onnx_read_tensor_file(ht_context *ctx, const uint8_t *bytes, size_t size, const char *name,
                                    ht_tensor_desc *desc, void **data, ht_error *err);
/* Where a model is written to. Each function takes the next bytes; false from it ends in HT_ERROR_IO. */
typedef struct ht_onnx_output {
    bool (*write)(void *user, const void *bytes, size_t size); /* of the file */
    /* Of a file beside it that holds the data of large tensors, called `data_name` in the model. Used when `external`
     * says so, or when the model does not fit into one file; before the first byte of the file. NULL: never. */
    bool (*write_data)(void *user, const void *bytes, size_t size);
    const char *data_name;
    bool external;
    void *user;
} ht_onnx_output;
/* Errors: as ht_model_save. */
ht_status ht__onnx_write(const ht_model *model, const ht_onnx_output *output, ht_error *err);

#endif
