/* Models: a network with its weights and metadata, read from a file, made by training, or changed by quantization.
 *
 * A model may be read by several threads at once; changing it (quantizing, setting metadata) needs it alone.
 */
#ifndef HALFTONE_MODEL_H
#define HALFTONE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "halftone/context.h"
#include "halftone/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_model ht_model;

/* Reads a model file: ONNX (operator sets 7 to 28) or TFLite, told apart by content. Weights stay in the file, which is
 * mapped, and in files of its folder that it names (ONNX's external data): they must not be changed while the model
 * lives. Ownership of *out passes to the caller: ht_model_destroy, before the context is destroyed. Errors:
 * HT_ERROR_NOT_FOUND, HT_ERROR_IO (unreadable), HT_ERROR_FORMAT (damaged, with the byte offset where it can be known; a
 * name that leads out of the folder), HT_ERROR_UNSUPPORTED (an operator, type or feature; the sentence names each
 * operator and a node of it), HT_ERROR_MISMATCH (tensors that do not fit a node), HT_ERROR_LIMIT, HT_ERROR_MEMORY. */
HT_API ht_status ht_model_load(ht_context *ctx, const char *path, ht_model **out, ht_error *err);

/* What a file is written as. */
typedef enum ht_model_format {
    HT_FORMAT_BY_NAME = 0, /* TFLite when the name ends in ".tflite", otherwise ONNX */
    HT_FORMAT_ONNX,
    HT_FORMAT_TFLITE
} ht_model_format;

typedef struct ht_model_save_options {
    bool overwrite; /* replace a file that exists */
    ht_model_format format;
    bool external_data; /* ONNX: the data of large tensors goes to a file beside it, called `path` with ".data" */
} ht_model_save_options;

/* Writes the model as ONNX or TFLite: standard operators only, so that other runtimes run it unchanged; the same model
 * gives the same bytes. Quantized tensors are written as codes: in ONNX with the nodes that decode them, in TFLite as
 * the operands of integer operators where it has those, with QUANTIZE and DEQUANTIZE around the others. An ONNX model
 * of 2 GB or more, which is more than such a file may hold, gets a data file beside it unasked. Each file appears whole
 * or not at all, the data file first. `options` may be NULL. Errors: HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_ARGUMENT
 * (external data for TFLite), HT_ERROR_UNSUPPORTED (what the format cannot express, naming node or tensor),
 * HT_ERROR_LIMIT (2 GB without tensors' data; TFLite: 1 GB), HT_ERROR_MEMORY. */
HT_API ht_status ht_model_save(const ht_model *model, const char *path, const ht_model_save_options *options,
                               ht_error *err);

/* The model as its file in this format (HT_FORMAT_ONNX or HT_FORMAT_TFLITE) would be read, without a file: formats
 * differ in the rule by which sums become codes, and in the codes that their operators take. It owns all that it holds;
 * ownership of *out passes to the caller. Errors: those of ht_model_save and ht_model_load; HT_ERROR_LIMIT (an ONNX
 * file of 2 GB). */
HT_API ht_status ht_model_reread(const ht_model *model, ht_model_format format, ht_model **out, ht_error *err);

/* NULL is allowed. */
HT_API void ht_model_destroy(ht_model *model);

/* ---- what is in it --------------------------------------------------------------------------------------------------
 */

/* Texts belong to the model. */
typedef struct ht_model_info {
    const char *name;             /* of the graph; may be empty */
    ht_model_format format;       /* of the file that it was read from; HT_FORMAT_ONNX for a model made here */
    const char *producer;         /* program that wrote the file; may be empty */
    const char *producer_version; /* may be empty */
    int64_t opset;                /* operator set of the file; 17 for a model made here */
    int64_t file_bytes;           /* size of the file that it was read from; 0: made here */
    size_t inputs, outputs, nodes;
    int64_t parameters;   /* numbers in floating-point constants (weights, biases, norm parameters) */
    int64_t bytes_f32;    /* 4 x parameters */
    int64_t bytes_packed; /* the same with each quantized tensor at its width, and its scales, zero points and tables */
    int64_t macs;         /* multiply-accumulates for one sample; -1: a shape is not known before the model runs */
    size_t quantized_weights, quantized_activations; /* tensors */
} ht_model_info;

/* Errors: HT_ERROR_MEMORY. */
HT_API ht_status ht_model_describe(const ht_model *model, ht_model_info *info, ht_error *err);

/* An input or an output. Texts belong to the model. */
typedef struct ht_tensor_info {
    const char *name;
    ht_type type;                     /* HT_NONE: not known */
    int32_t rank;                     /* 0 .. HT_MAX_RANK; -1: not known */
    int64_t dims[HT_MAX_RANK];        /* -1: known only when the model runs */
    const char *symbols[HT_MAX_RANK]; /* names of such dimensions ("N"); NULL: none */
} ht_tensor_info;

/* The input or output at `index`; false past the end. */
HT_API bool ht_model_input(const ht_model *model, size_t index, ht_tensor_info *info);
HT_API bool ht_model_output(const ht_model *model, size_t index, ht_tensor_info *info);

/* One node of the model. Texts belong to the call: copy what must last. */
typedef struct ht_layer_info {
    const char *name, *op; /* "conv1", "Conv" */
    ht_tensor_info output; /* the first one, for one sample (batch 1) where shapes are known */
    int64_t parameters;   /* numbers in its floating-point constants; a constant of several nodes counts at the first */
    int64_t bytes_packed; /* what they take at their widths */
    int64_t macs;         /* -1: not known */
    int32_t weight_bits;  /* width of its widest quantized constant; 0: none is quantized */
    int64_t weight_block; /* values that share that constant's scale or table within a channel; 0: all of them */
    int32_t activation_bits; /* width of its first output; 0: float */
    const char *scheme;      /* of its first quantized constant, in text form; NULL: unknown or none */
} ht_layer_info;

/* Visits the nodes in the order in which they run; returning false ends the walk. Errors: HT_ERROR_MEMORY. */
HT_API ht_status ht_model_layers(const ht_model *model, bool (*visit)(void *user, const ht_layer_info *layer),
                                 void *user, ht_error *err);

/* Draws the model's graph as a page of HTML that opens without a network: each node with its result's shape (for one
 * sample), and the widths and ranges of what is quantized. Errors: HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_MEMORY. */
HT_API ht_status ht_model_draw(const ht_model *model, const char *path, bool overwrite, ht_error *err);

/* ---- memory ---- */

/* What running takes, in bytes. Counted with the kernels in plain C, which need little besides the tensors; quantized
 * models run in integers. Code, stack and the program's own tables are not counted. */
typedef struct ht_memory_info {
    size_t arena_bytes;   /* all tensors between inputs and outputs, and working memory, as placed in one arena */
    size_t scratch_bytes; /* working memory of the step that needs most, which lies in the arena */
    size_t input_bytes, output_bytes;
    size_t ram_bytes;      /* arena, inputs and outputs */
    size_t constant_bytes; /* weights and other constants, at their widths: read-only memory */
    size_t steps, peak_step;
} ht_memory_info;

/* One step of a run. Texts belong to the call. */
typedef struct ht_memory_step {
    const char *name;     /* of the node, or of the tensor whose layout changes */
    const char *kernel;   /* "conv_f32_reference" */
    size_t live_bytes;    /* tensors in the arena that it reads or writes, and those that later steps still read */
    size_t scratch_bytes; /* working memory of this step */
} ht_memory_step;

/* Plans a run of `batch` samples (where the model leaves the batch open) and says what memory it takes; `visit` (may be
 * NULL) sees each step in order until it returns false. Errors: HT_ERROR_UNSUPPORTED (an operator, naming it),
 * HT_ERROR_MISMATCH (a shape that is not known before the model runs, naming the tensor), HT_ERROR_MEMORY. */
HT_API ht_status ht_model_memory(const ht_model *model, int64_t batch, ht_memory_info *info,
                                 bool (*visit)(void *user, const ht_memory_step *step), void *user, ht_error *err);

/* An ONNX operator that models may use. The text is static. */
typedef struct ht_operator_info {
    const char *name;
    int64_t since;     /* the operator set from which on it means what it means here; 0: 17 or before */
    bool has_integer;  /* a quantized model computes it on codes, at least in some forms */
    bool has_gradient; /* a model with it can be trained */
} ht_operator_info;
/* The `index`-th in alphabetical order; false past the end. */
HT_API bool ht_operator_at(size_t index, ht_operator_info *out);
/* The `index`-th kernel: its family ("conv") and its name ("conv_f32_reference"), a family's in the order in which they
 * are tried; false past the end. The texts are static. */
HT_API bool ht_kernel_at(size_t index, const char **family, const char **name);

/* ---- metadata: texts by key, stored in the file
 * -------------------------------------------------------------------------- */

/* Keys that this project uses. */
#define HT_METADATA_PREPROCESS "halftone.preprocess" /* the fitted preprocessing, see halftone/data.h */
/* "float" or "fixed": how the model runs here where that is not the rule of its file's format (docs/integers.md). */
#define HT_METADATA_REQUANTIZE "halftone.requantize"

/* The text under `key`, or NULL. Belongs to the model until it is changed or destroyed. */
HT_API const char *ht_model_metadata(const ht_model *model, const char *key);
/* The `index`-th pair in the order of keys; false past the end. `key` and `value` may be NULL. */
HT_API bool ht_model_metadata_at(const ht_model *model, size_t index, const char **key, const char **value);
/* Sets (copies) a text; NULL removes it. Errors: HT_ERROR_ARGUMENT (empty key), HT_ERROR_MEMORY. */
HT_API ht_status ht_model_metadata_set(ht_model *model, const char *key, const char *value, ht_error *err);

#ifdef __cplusplus
}
#endif
#endif
