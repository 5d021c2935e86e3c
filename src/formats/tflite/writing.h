/* A graph on its way into a TFLite file, as the rules of single operators see it; the mirror of reading.h.
 *
 * A value may be there as several tensors: in the graph's order of axes or, for rank 4, with its channels last; in
 * float or, if it is annotated, in codes. Each is made from another, by TRANSPOSE, QUANTIZE and DEQUANTIZE, when a rule
 * asks for it. An operator works on codes when its inputs and its output are annotated and TFLite has it in integers.
 */
#ifndef HT_FORMATS_TFLITE_WRITING_H
#define HT_FORMATS_TFLITE_WRITING_H

#include "formats/tflite/flat.h"
#include "graph/graph.h"
#include "graph/op.h"

/* ---- the file's content ---- */

typedef struct tflite_written_tensor {
    const char *name;
    int32_t type; /* a tflite_type */
    int32_t rank;
    int32_t shape[HT_MAX_RANK], signature[HT_MAX_RANK];
    const void *data; /* NULL: not a constant */
    size_t bytes;
    const float *scale; /* NULL: not quantized */
    const int64_t *zero_point;
    size_t scales;
    int32_t axis;
} tflite_written_tensor;

typedef struct tflite_written_option {
    const char *name;
    uint32_t bits; /* of an int32_t or a float */
} tflite_written_option;

#define TFLITE_MOST_OPTIONS 8

typedef struct tflite_written_operator {
    int32_t code, version;
    uint8_t options_type; /* BuiltinOptions; 0: none */
    tflite_written_option options[TFLITE_MOST_OPTIONS];
    size_t option_count;
    int32_t inputs[HT_MAX_INPUTS], outputs[HT_MAX_OUTPUTS];
    size_t input_count, output_count;
} tflite_written_operator;

typedef struct tflite_content {
    const char *name, *description;
    tflite_written_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    tflite_written_operator *operators;
    size_t operator_count, operator_capacity;
    int32_t *inputs, *outputs;
    size_t input_count, output_count;
    const char *const *metadata; /* pairs of name and text */
    size_t metadata_count;
} tflite_content;

/* Appends the file to the buffer. Errors: HT_ERROR_LIMIT (2 GB or more), HT_ERROR_MEMORY. */
ht_status ht__tflite_encode(const tflite_content *content, ht_buffer *out, ht_error *err);

/* ---- the way there ---- */

typedef enum tflite_order { TFLITE_PLAIN, TFLITE_CHANNELS_LAST } tflite_order;

/* The tensors of a value: [order][are they codes?], -1: not made. */
typedef struct tflite_place {
    int32_t tensors[2][2];
} tflite_place;

typedef struct tflite_fusion {
    ht_value *result;   /* what the operator gives together with the activation behind it */
    int32_t activation; /* a tflite_activation */
} tflite_fusion;

typedef struct tflite_writing {
    const ht_allocator *allocator;
    ht_arena *arena;
    const ht_graph *graph;
    const ht_graph *single; /* the same for a batch of one, which says what the batch does not decide */
    tflite_content content;
    tflite_place *places;                /* by value id */
    const ht_quantization **annotations; /* by value id: its own, or that of the value it is moved from; NULL: float */
    tflite_fusion *fusions;              /* by value id of an operator's output; result NULL: none */
    bool *fused;                         /* by value id: an activation's output that its operator gives */
    ht_error *err;
} tflite_writing;

typedef struct tflite_emission tflite_emission;
/* Which parameters an operator's result must have when it works on codes. */
typedef enum tflite_codes {
    TFLITE_CODES_ANY,
    TFLITE_CODES_OF_INPUT,       /* it moves codes */
    TFLITE_CODES_OF_PROBABILITY, /* 0 .. 1 */
    TFLITE_CODES_OF_TANGENT,     /* -1 .. 1 */
    TFLITE_CODES_OF_LOGARITHM    /* -16 .. 0 */
} tflite_codes;

typedef struct tflite_write_rule {
    const char *op; /* ONNX */
    ht_status (*write)(const tflite_emission *emission);
    int32_t code;
    uint8_t options_type;
    int32_t float_version;
    int32_t code_version; /* 0: TFLite does not have it in integers */
    bool fuses;           /* may an activation go into it? */
    tflite_codes codes;
} tflite_write_rule;
const tflite_write_rule *ht__tflite_write_rule(const ht_node *node);

/* One node being written. */
struct tflite_emission {
    tflite_writing *writing;
    const ht_node *node;
    const tflite_write_rule *rule;
    ht_value *result; /* its output 0, or that of the activation that goes into it */
    int32_t activation;
    bool codes; /* does it work on codes? */
};

/* The order in which an operator that does not mind works: channels-last when an input is there so only. */
tflite_order ht__tflite_write_order(const tflite_emission *emission);
/* The place of a value's axis in a tensor of that order. */
int32_t ht__tflite_write_axis(int64_t axis, int32_t rank, tflite_order order);
/* The tensor of input `i`, which must be there. */
ht_status ht__tflite_operand(const tflite_emission *emission, uint32_t i, tflite_order order, int32_t *tensor);
/* The tensor of a value; made from another one of it if need be. */
ht_status ht__tflite_tensor_of(tflite_writing *writing, const ht_value *value, tflite_order order, bool codes,
                               int32_t *tensor);
/* A new tensor for the value, which is nowhere yet in this order and kind. */
ht_status ht__tflite_new_tensor(tflite_writing *writing, const ht_value *value, tflite_order order, bool codes,
                                int32_t *tensor);
/* A tensor of a constant annotated or float value with its axes in another order (order[i]: the value's axis that
 * becomes axis i). */
ht_status ht__tflite_write_constant(tflite_writing *writing, const ht_value *value, const int32_t *order, int32_t rank,
                                    bool codes, int32_t *tensor);
/* The 32-bit (for 16-bit activations: 64-bit) bias of a product on codes: the value's own integers, or its numbers
 * divided by the scales of input and weights. */
ht_status ht__tflite_write_bias(const tflite_emission *emission, const ht_value *bias, const ht_value *input,
                                const ht_value *weights, int32_t *tensor);
/* A tensor of the same kind and shape, without data. */
ht_status ht__tflite_copy_tensor(tflite_writing *writing, int32_t tensor, const char *suffix, int32_t *out);
/* A constant of integers, int32, of rank 1 or [rows, 2]. */
ht_status ht__tflite_write_ints(tflite_writing *writing, const int64_t *values, size_t count, int32_t rows,
                                int32_t *tensor);
ht_status ht__tflite_write_number(tflite_writing *writing, float number, int32_t *tensor);

/* The operator of the rule; its output 0 is the emission's result in that order. `out` belongs to the content and is
 * valid until the next operator. */
ht_status ht__tflite_write_result(const tflite_emission *emission, tflite_order order, const int32_t *inputs,
                                  size_t count, tflite_written_operator **out);
/* An operator of any kind with one output tensor. */
ht_status ht__tflite_write_operator(tflite_writing *writing, int32_t code, int32_t version, uint8_t options_type,
                                    const int32_t *inputs, size_t count, int32_t output, tflite_written_operator **out);
void ht__tflite_option_int(tflite_written_operator *op, const char *name, int32_t value);
void ht__tflite_option_float(tflite_written_operator *op, const char *name, float value);
/* HT_ERROR_UNSUPPORTED: the node cannot be written, because of `what`. */
ht_status ht__tflite_cannot(const tflite_emission *emission, const char *what);

#endif
