/* The tables of a TFLite file, as plain C: what flat.cc, the only C++ in the library, reads through FlatBuffers.
 *
 * ht__tflite_open checks every offset, length and alignment of the file once; afterwards nothing here can leave its
 * bytes, and all pointers given out lie in them. What the numbers mean (indices of tensors, shapes) is for the caller
 * to check. Little-endian hosts only, like the file.
 */
#ifndef HT_FORMATS_TFLITE_FLAT_H
#define HT_FORMATS_TFLITE_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(number, NAME in the file, the graph's element type): TFLite's TensorType. */
#define TFLITE_TYPE_LIST(X) \
    X(0, FLOAT32, HT_F32)   \
    X(1, FLOAT16, HT_F16)   \
    X(2, INT32, HT_I32)     \
    X(3, UINT8, HT_U8)      \
    X(4, INT64, HT_I64)     \
    X(6, BOOL, HT_BOOL)     \
    X(7, INT16, HT_I16)     \
    X(9, INT8, HT_I8)       \
    X(10, FLOAT64, HT_F64)  \
    X(12, UINT64, HT_U64)   \
    X(15, UINT32, HT_U32)   \
    X(16, UINT16, HT_U16)   \
    X(18, BFLOAT16, HT_BF16)

enum tflite_type {
#define TFLITE_TYPE_ENUM(number, NAME, type) TFLITE_##NAME = number,
    TFLITE_TYPE_LIST(TFLITE_TYPE_ENUM)
#undef TFLITE_TYPE_ENUM
};

enum tflite_padding { TFLITE_SAME = 0, TFLITE_VALID = 1 };
enum tflite_activation { TFLITE_NONE = 0, TFLITE_RELU = 1, TFLITE_RELU_N1_TO_1 = 2, TFLITE_RELU6 = 3, TFLITE_TANH = 4 };

typedef struct tflite_file {
    const uint8_t *bytes; /* aligned to 16 */
    size_t size;
    const char *name; /* for errors */
} tflite_file;

/* Verifies the file's tables. Errors: HT_ERROR_FORMAT. */
ht_status ht__tflite_open(const tflite_file *file, ht_error *err);

typedef struct tflite_ints {
    const int32_t *data; /* NULL when there are none */
    size_t count;
} tflite_ints;

typedef struct tflite_subgraph {
    const char *name; /* never NULL */
    tflite_ints inputs, outputs;
    size_t tensors, operators;
} tflite_subgraph;

typedef struct tflite_tensor {
    const char *name; /* never NULL */
    int32_t type;     /* a tflite_type, or a number unknown to us */
    tflite_ints shape, signature;
    const uint8_t *data; /* NULL: not a constant */
    size_t bytes;
    bool is_variable, is_sparse;
    const float *scale; /* [scales]; NULL: not quantized */
    size_t scales;
    const int64_t *zero_point; /* [zero_points]; NULL: all 0 */
    size_t zero_points;
    int32_t axis;           /* of several scales */
    bool has_other_details; /* quantized in a way that is not scale and zero point */
} tflite_tensor;

typedef struct tflite_operator {
    int32_t code; /* TFLite's BuiltinOperator */
    int32_t version;
    const char *custom; /* the name of a custom operator; never NULL */
    tflite_ints inputs, outputs;
    tflite_ints intermediates;     /* tensors that only carry quantization parameters */
    const uint8_t *custom_options; /* NULL: none */
    size_t custom_bytes;
    uint8_t options_type; /* TFLite's BuiltinOptions */
    const void *options;  /* private */
} tflite_operator;

/* "CONV_2D"; NULL for a number that we do not know. */
const char *ht__tflite_operator_name(int32_t code);
const char *ht__tflite_description(const tflite_file *file);
uint32_t ht__tflite_version(const tflite_file *file);
size_t ht__tflite_subgraphs(const tflite_file *file);
/* The indices must be within the counts. Errors: HT_ERROR_FORMAT (a buffer or operator code that does not exist). */
void ht__tflite_subgraph(const tflite_file *file, size_t index, tflite_subgraph *out);
ht_status ht__tflite_tensor(const tflite_file *file, size_t subgraph, size_t index, tflite_tensor *out, ht_error *err);
ht_status ht__tflite_operator(const tflite_file *file, size_t subgraph, size_t index, tflite_operator *out,
                              ht_error *err);
/* The metadata entry at `index`; false past the end. `name` is never NULL; `data` is NULL for an entry without bytes.
 */
bool ht__tflite_metadata(const tflite_file *file, size_t index, const char **name, const uint8_t **data, size_t *bytes);

/* An option of the operator by the name that schema.fbs gives it; `otherwise` when the file leaves it out, which means
 * the schema's default. */
int64_t ht__tflite_int(const tflite_operator *op, const char *option, int64_t otherwise);
float ht__tflite_float(const tflite_operator *op, const char *option, float otherwise);
tflite_ints ht__tflite_ints(const tflite_operator *op, const char *option);
const char *ht__tflite_text(const tflite_operator *op, const char *option); /* never NULL */

/* What writing needs to know of an option: its field number in the table and the bytes of its number (0: a vector of
 * 32-bit numbers). False when tables of this type have no such option. */
bool ht__tflite_field(uint8_t options_type, const char *option, uint32_t *field, uint32_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
