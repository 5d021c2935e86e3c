/* Running compiled plans and models on tensors.
 *
 * A plan is a model that `halftone compile` has made ready for one kind of processor: an .ht file, mapped and started
 * at once. Plans need libhalftone_rt only; running one allocates nothing.
 *
 *     ht_plan *plan;
 *     if (ht_plan_open(ctx, "model.ht", &plan, &err) == HT_OK) {
 *         ht_plan_buffers buffers = {.inputs = &image, .outputs = results, .arena = arena, .arena_bytes = bytes};
 *         ht_plan_run(plan, ctx, &buffers, &err);
 *
 * Models need libhalftone: any ONNX or TFLite model, any types and shapes that it takes, whatever its control flow.
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

/* ---- plans: libhalftone_rt ------------------------------------------------------------------------------------------
 */

/* A plan may be run by several threads at once, each with an arena of its own. */
typedef struct ht_plan ht_plan;

/* Maps the file and makes the plan in memory of the context, for as many threads as that has. Ownership of *out passes
 * to the caller: ht_plan_close, before the context is destroyed. The file must not be changed meanwhile. Errors:
 * HT_ERROR_NOT_FOUND, HT_ERROR_IO, HT_ERROR_FORMAT (no plan, another version, damaged; with the offset),
 * HT_ERROR_UNSUPPORTED (a processor that lacks features that the plan needs, naming them; a kernel that this build has
 * not), HT_ERROR_LIMIT, HT_ERROR_MEMORY. */
HT_API ht_status ht_plan_open(ht_context *ctx, const char *path, ht_plan **out, ht_error *err);
/* Does the file begin as plans do? False also for one that cannot be read. */
HT_API bool ht_plan_is_file(const char *path);
/* NULL is allowed. Memory that the caller gave stays the caller's. */
HT_API void ht_plan_close(ht_plan *plan);

/* What running takes, in bytes. */
typedef struct ht_plan_memory {
    size_t plan_bytes;  /* the plan itself: what its steps need to know; weights stay in the file */
    size_t arena_bytes; /* tensors and scratch of a run: one for each that runs at the same time */
} ht_plan_memory;
/* The same without allocation, of a plan that lies in memory, aligned to 64 bytes: it takes time in proportion to the
 * steps. `threads`: of the context that it will be run with, at least 1. Errors: as ht_plan_open, and HT_ERROR_ARGUMENT
 * (memory that is not aligned, no threads). */
HT_API ht_status ht_plan_measure(const void *file, size_t bytes, unsigned threads, ht_plan_memory *out, ht_error *err);
/* Makes the plan in `memory`, which is aligned to 64 bytes and has the measured plan_bytes; file and memory must stay
 * while it is used. Errors: as ht_plan_measure, and HT_ERROR_ARGUMENT (memory too small or not aligned). */
HT_API ht_status ht_plan_create(const void *file, size_t bytes, unsigned threads, void *memory, size_t memory_bytes,
                                ht_plan **out, ht_error *err);
/* Reads all constants and compares their checksum, which opening does not. Errors: HT_ERROR_FORMAT. */
HT_API ht_status ht_plan_verify(const ht_plan *plan, ht_error *err);
/* What running this plan takes. */
HT_API ht_plan_memory ht_plan_memory_of(const ht_plan *plan);

/* An input or an output. Texts belong to the plan. */
typedef struct ht_plan_end {
    const char *name;
    ht_type type;
    int32_t rank;              /* 0 .. HT_MAX_RANK */
    int64_t dims[HT_MAX_RANK]; /* each >= 0 */
    size_t bytes;
    float scale; /* real = (code - zero_point) * scale; 0: real numbers, or more than one scale */
    int32_t zero_point;
} ht_plan_end;
/* The input or output at `index`; false past the end. */
HT_API bool ht_plan_input(const ht_plan *plan, size_t index, ht_plan_end *out);
HT_API bool ht_plan_output(const ht_plan *plan, size_t index, ht_plan_end *out);
/* What the model's file says about it: the `index`-th text and its key; false past the end. They belong to the plan. */
HT_API bool ht_plan_metadata_at(const ht_plan *plan, size_t index, const char **key, const char **value);
/* The `index`-th step: the name of its node, its kernel and its multiplications; false past the end. `macs` may be
 * NULL.
 */
HT_API bool ht_plan_step_at(const ht_plan *plan, size_t index, const char **name, const char **kernel, int64_t *macs);

/* What a run reads and writes. */
typedef struct ht_plan_buffers {
    const ht_tensor *inputs; /* one for each input, in order; a name that is not NULL must be the input's */
    void *const *outputs;    /* one for each output, in order: its bytes, aligned to its element */
    void *arena;             /* aligned to 64 bytes */
    size_t arena_bytes;      /* at least ht_plan_memory_of(plan).arena_bytes */
    bool keep_states;        /* a model with states goes on where the last run in this arena ended; otherwise at zero */
} ht_plan_buffers;
/* Runs the plan with the threads of `ctx` (NULL: the calling thread), at most those that it was made for. Allocates
 * nothing. Errors: HT_ERROR_MISMATCH (an input of another name, type or shape), HT_ERROR_ARGUMENT (an arena or threads
 * that do not suffice, memory that is not aligned or missing), HT_ERROR_NUMERIC (NaN in a float input that is
 * quantized), what a kernel reports (with the step's name). */
HT_API ht_status ht_plan_run(const ht_plan *plan, const ht_context *ctx, const ht_plan_buffers *buffers, ht_error *err);

/* ---- models: libhalftone --------------------------------------------------------------------------------------------
 */

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

/* The same of a plan, whose memory comes from `ctx` for this run: not for a device. Errors: as ht_plan_run, and
 * HT_ERROR_ARGUMENT (an input that is missing, given twice, or that the plan has not), HT_ERROR_MEMORY. */
HT_API ht_status ht_plan_run_named(const ht_plan *plan, const ht_context *ctx, const ht_tensor *inputs, size_t count,
                                   ht_tensors **out, ht_error *err);

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
