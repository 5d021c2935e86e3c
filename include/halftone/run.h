/* Running a model on tensors: any ONNX model, any types and shapes that it takes, whatever its control flow.
 *
 *     ht_tensor image = {.name = "image", .type = HT_F32, .rank = 4, .dims = {1, 3, 224, 224}, .data = pixels};
 *     ht_tensors *results;
 *     if (ht_model_run(model, &image, 1, NULL, &results, &err) == HT_OK) { ... ht_tensors_at(results, 0)->data ... }
 */
#ifndef HALFTONE_RUN_H
#define HALFTONE_RUN_H

#include <stdbool.h>

#include "halftone/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor with a name. Elements lie densely, the last dimension fastest, as HT_TYPE_LIST says. */
typedef struct ht_tensor {
    const char *name;
    ht_type type;
    int32_t rank;              /* 0 .. HT_MAX_RANK */
    int64_t dims[HT_MAX_RANK]; /* each >= 0 */
    const void *data;          /* aligned to its element; may be NULL when there are no elements */
} ht_tensor;

/* A list of tensors that owns them. */
typedef struct ht_tensors ht_tensors;
HT_API size_t ht_tensors_count(const ht_tensors *tensors);
/* The tensor at `index`, which belongs to the list; NULL past the end. */
HT_API const ht_tensor *ht_tensors_at(const ht_tensors *tensors, size_t index);
/* NULL is allowed. */
HT_API void ht_tensors_destroy(ht_tensors *tensors);

typedef struct ht_run_options {
    bool reference; /* reference kernels only: slow, the oracle */
    bool simulate;  /* quantized models in float with rounded values, not in integers */
    /* Called after each step of the run with the name of its node (or of the tensor whose layout changed) and that of
     * the kernel that computed it ("host_evaluate": none, the operator itself); NULL: not wanted. */
    void (*visit)(void *user, const char *node, const char *kernel);
    void *user;
} ht_run_options;

/* Runs the model on `inputs`, one tensor for each of its inputs, found by name in any order. The results come in the
 * order of the model's outputs. Quantized models run in integers, as in ht_evaluate. `options` may be NULL. Ownership
 * of *out passes to the caller: ht_tensors_destroy, before the model's context is destroyed. Errors: HT_ERROR_ARGUMENT
 * (an input that is missing, given twice, or that the model has not), HT_ERROR_MISMATCH (a type or shape that does not
 * fit, naming the tensor or node), HT_ERROR_UNSUPPORTED (an operator or a type without kernel, naming it and the node),
 * HT_ERROR_LIMIT, HT_ERROR_INTERRUPTED, HT_ERROR_MEMORY. */
HT_API ht_status ht_model_run(const ht_model *model, const ht_tensor *inputs, size_t count,
                              const ht_run_options *options, ht_tensors **out, ht_error *err);

/* Reads one tensor from a file: NumPy's .npy, or an ONNX TensorProto (any other name). A .npy file has no name for the
 * types that NumPy lacks (bf16, f8, ...): raw bytes of the right width (V1, V2), or u1 and i1 for the narrow integers,
 * are taken as `expected`, which is otherwise not looked at. The list holds one tensor, called `name`.
 * Errors: HT_ERROR_NOT_FOUND, HT_ERROR_IO, HT_ERROR_FORMAT, HT_ERROR_UNSUPPORTED (its element type), HT_ERROR_MISMATCH
 * (raw bytes of another width), HT_ERROR_NUMERIC (a narrow integer out of range), HT_ERROR_MEMORY. */
HT_API ht_status ht_tensor_read(ht_context *ctx, const char *path, const char *name, ht_type expected, ht_tensors **out,
                                ht_error *err);
/* Writes a tensor as .npy; types that NumPy lacks as ht_tensor_read takes them.
 * Errors: HT_ERROR_EXISTS (unless `overwrite`), HT_ERROR_IO. */
HT_API ht_status ht_tensor_write(ht_context *ctx, const char *path, const ht_tensor *tensor, bool overwrite,
                                 ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
