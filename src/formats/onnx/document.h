/* An ONNX file as plain structures: what decoding gives, what encoding takes. Reading goes
 *
 *     bytes -> decode -> inline functions -> raise to operator set 17 -> fold quantization patterns -> build the graph
 *
 * and writing the same way back: emit nodes and tensors, expand quantization, encode. Everything lies in one arena,
 * except tensor data that stays in the file's bytes or in the model that is written.
 */
#ifndef HT_FORMATS_ONNX_DOCUMENT_H
#define HT_FORMATS_ONNX_DOCUMENT_H

#include "base/file.h"
#include "graph/graph.h"

/* The meaning that operators have inside; what is written when nothing needs a later one. */
#define ONNX_OPSET 17
/* The first operator set with 16-bit QuantizeLinear, and with blocks. */
#define ONNX_OPSET_WIDE 21
/* What is read. The operators here mean the same in 22 to 25 as in 21, but for the types that some of them take. */
#define ONNX_OPSET_NEWEST 28
#define ONNX_OPSET_OLDEST 7
/* The metadata that says what folded tensors cannot: widths and schemes, as JSON. Made when writing, taken out when
 * reading. */
#define ONNX_METADATA_QUANTIZATION "halftone.quantization"

/* AttributeProto's types. */
typedef enum onnx_attribute_type {
    ONNX_ATTRIBUTE_UNKNOWN = 0,
    ONNX_ATTRIBUTE_FLOAT = 1,
    ONNX_ATTRIBUTE_INT = 2,
    ONNX_ATTRIBUTE_TEXT = 3,
    ONNX_ATTRIBUTE_TENSOR = 4,
    ONNX_ATTRIBUTE_GRAPH = 5,
    ONNX_ATTRIBUTE_FLOATS = 6,
    ONNX_ATTRIBUTE_INTS = 7,
    ONNX_ATTRIBUTE_TEXTS = 8
} onnx_attribute_type;

typedef struct onnx_tensor {
    const char *name;
    int32_t onnx_type;   /* TensorProto's number; desc.type is HT_NONE when we have no such type */
    ht_tensor_desc desc; /* plain, every dimension >= 0 */
    const void *data;    /* aligned to its element; NULL when the type is unknown */
    bool lasts;          /* `data` lies in the file's bytes or in the payload, not in the document's arena */
    const char *beside;  /* when writing: the file that gets the data, at `offset`; NULL: it stays here */
    int64_t offset;      /* where in the file, for errors; -1: made here */
    const ht_quantization *quantization; /* set by folding: `data` is decoded f32 */
} onnx_tensor;

typedef struct onnx_attribute {
    const char *name;
    const char *reference; /* in a function: the value is that of the call's attribute of this name; NULL: it is here */
    onnx_attribute_type type;
    size_t count;                /* of ints or floats; 1 for one number; bytes of text */
    const int64_t *ints;         /* INT, INTS */
    const float *floats;         /* FLOAT, FLOATS */
    const char *text;            /* TEXT */
    onnx_tensor *tensor;         /* TENSOR */
    const char *const *texts;    /* TEXTS */
    struct onnx_document *graph; /* GRAPH: shares arena, payload and file name with the document around it */
} onnx_attribute;

typedef struct onnx_node {
    const char *op, *domain, *name, *overload; /* never NULL; domain "" for the standard's operators */
    const char **inputs, **outputs;            /* "": absent */
    size_t input_count, input_capacity, output_count, output_capacity;
    onnx_attribute **attributes;
    size_t attribute_count, attribute_capacity;
    size_t captured; /* how many of the last inputs are what the node's graphs capture (capture.c) */
    int64_t opset;   /* of the function that it comes from; 0: the document's */
    bool removed;    /* taken out by raising or folding */
} onnx_node;

/* An input or an output of the model. */
typedef struct onnx_value {
    const char *name;
    ht_tensor_desc desc; /* type HT_NONE and rank -1 when unknown */
    const char *symbols[HT_MAX_RANK];
} onnx_value;

/* How an activation is quantized. */
typedef struct onnx_annotation {
    const char *name; /* of the value */
    const ht_quantization *quantization;
} onnx_annotation;

typedef struct onnx_pair {
    const char *key, *value;
} onnx_pair;

/* Files beside the model in which tensors have their data (external.h). */
typedef struct onnx_externals {
    const ht_allocator *allocator;
    ht_arena *arena;
    const char *folder; /* of the model; NULL: no other file is opened */
    const char **names; /* of the files, as the model gives them */
    size_t name_count, name_capacity;
    ht_file_views views; /* one for each name; whoever takes them leaves none here */
    size_t bytes;        /* of all of them */
    size_t copied;       /* out of them, because data lies off its alignment or is packed */
} onnx_externals;

typedef struct onnx_document {
    bool is_inner; /* a graph inside a node */
    ht_arena *arena;
    ht_arena *payload; /* tensor data that the model keeps: whoever takes it leaves NULL here */
    onnx_externals *externals;
    const char *file; /* its name, for errors */
    size_t size;      /* of the file */
    int64_t ir_version, opset;
    const char *producer, *producer_version, *graph_name; /* never NULL */
    onnx_pair **metadata;
    onnx_node **nodes;
    onnx_tensor **tensors;
    onnx_value **inputs, **outputs;
    onnx_annotation **annotations;
    struct onnx_function **functions; /* until they are inlined (function.h) */
    size_t function_count, function_capacity;
    size_t metadata_count, metadata_capacity, node_count, node_capacity, tensor_count, tensor_capacity;
    size_t input_count, input_capacity, output_count, output_capacity;
    size_t annotation_count, annotation_capacity;
} onnx_document;

/* An empty document in an arena of its own, and an empty payload. */
ht_status ht__onnx_document_create(const ht_allocator *allocator, const char *file, onnx_document **out, ht_error *err);
void ht__onnx_document_destroy(onnx_document *document);

/* Appends `item` to an array of pointers in the arena. */
ht_status ht__onnx_push(ht_arena *arena, void *array, size_t *count, size_t *capacity, const void *item, ht_error *err);

/* A new node at the end of the document's list, without operands. Texts are borrowed. */
ht_status ht__onnx_add_node(onnx_document *document, const char *op, const char *name, onnx_node **out, ht_error *err);
ht_status ht__onnx_add_operand(onnx_document *document, onnx_node *node, bool output, const char *name, ht_error *err);
ht_status ht__onnx_add_int(onnx_document *document, onnx_node *node, const char *name, int64_t value, ht_error *err);
ht_status ht__onnx_add_text(onnx_document *document, onnx_node *node, const char *name, const char *text,
                            ht_error *err);
/* A new tensor; `data` is borrowed when `copy` is false. */
ht_status ht__onnx_add_tensor(onnx_document *document, const char *name, const ht_tensor_desc *desc, const void *data,
                              bool copy, onnx_tensor **out, ht_error *err);

/* May `bytes` more be decoded into the payload? Not when it is out of proportion to the files, as when many nodes
 * decode one tensor. */
bool ht__onnx_may_decode(const onnx_document *document, size_t bytes);
/* What the tensor's data takes in a file: numbers of less than 8 bits are packed. */
size_t ht__onnx_tensor_bytes(const onnx_tensor *tensor);
/* The first operator set that has tensors of this type. */
int64_t ht__onnx_type_since(ht_type type);
onnx_attribute *ht__onnx_attribute(const onnx_node *node, const char *name);
void ht__onnx_drop_attribute(onnx_node *node, const char *name);
/* Is this an attribute by which passes fuse a following activation into a standard operator? No file may have it: no
 * other runtime would see it. (CausalConvWithState has an activation of its own.) */
bool ht__onnx_is_inner_attribute(const char *op, const char *name);
int64_t ht__onnx_int(const onnx_node *node, const char *name, int64_t otherwise);

/* ---- names: who makes a value, and how often it is used ---- */

typedef struct onnx_name {
    const char *name;
    onnx_node *producer; /* NULL: none */
    onnx_tensor *tensor; /* NULL: not an initializer */
    bool is_input, is_output;
    uint32_t uses;           /* operands that read it */
    onnx_node *consumer;     /* the node of the last of them */
    const char *replacement; /* while nodes are dropped: the name that stands for this one */
    uint32_t numbered;       /* the last number that a name made from this one got */
} onnx_name;

typedef struct onnx_index {
    ht_arena *arena;
    onnx_name **slots; /* a power of two of them */
    size_t size, count;
} onnx_index;

/* The entry of a name, made when it is new. */
ht_status ht__onnx_name(onnx_index *index, const char *name, onnx_name **out, ht_error *err);
/* The entry, or NULL. */
onnx_name *ht__onnx_find(const onnx_index *index, const char *name);
/* An index over everything in the document. HT_ERROR_FORMAT when a name is made twice. */
ht_status ht__onnx_index(const onnx_document *document, onnx_index *out, ht_error *err);
/* `base` with `suffix`, numbered when that exists already; entered into the index. */
ht_status ht__onnx_fresh(onnx_index *index, const char *base, const char *suffix, const char **out, ht_error *err);

/* ---- the stages ---- */

/* Reads bytes, which must outlive the document. Errors: HT_ERROR_FORMAT with the offset, HT_ERROR_UNSUPPORTED,
 * HT_ERROR_MEMORY. */
ht_status ht__onnx_decode(onnx_document *document, const uint8_t *bytes, size_t size, ht_error *err);
/* Gives nodes with graphs what those capture by name from around them, as further inputs, and the graphs further inputs
 * of the same names. Errors: HT_ERROR_MEMORY. */
ht_status ht__onnx_capture(onnx_document *document, ht_error *err);
/* Reads the bytes of a single tensor, which must outlive the document. Errors: as above; HT_ERROR_UNSUPPORTED for a
 * type that we do not have. */
ht_status ht__onnx_decode_tensor(onnx_document *document, const uint8_t *bytes, size_t size, onnx_tensor **out,
                                 ht_error *err);
/* Rewrites nodes of other operator sets to what they mean in operator set 17; Constant nodes become tensors and
 * Identity nodes disappear. */
ht_status ht__onnx_raise(onnx_document *document, ht_error *err);
/* Turns nodes that decode constants, and Quantize/Dequantize pairs, into annotations. */
ht_status ht__onnx_fold(onnx_document *document, ht_error *err);
/* Makes the graph. Tensor data in the file's bytes is borrowed. */
ht_status ht__onnx_build(ht_context *ctx, onnx_document *document, ht_graph **out, ht_error *err);
/* Finds shapes that follow from the batch by computation only (Shape, Gather, Concat, Reshape), when an output has one.
 * Errors: HT_ERROR_MEMORY; everything else leaves shapes unknown. */
ht_status ht__onnx_complete_shapes(ht_graph *graph, ht_error *err);
/* Nodes and tensors of a graph, with annotations expanded; data is borrowed from it. */
ht_status ht__onnx_emit(const ht_graph *graph, onnx_document *document, ht_error *err);
/* Does the document fit into one file, which ends at 2 GB? */
bool ht__onnx_fits(const onnx_document *document);
/* The file's bytes, handed to `write` piece by piece. Errors: HT_ERROR_LIMIT (2 GB), HT_ERROR_IO (write returned
 * false). */
ht_status ht__onnx_encode(const onnx_document *document, bool (*write)(void *user, const void *bytes, size_t size),
                          void *user, ht_error *err);
/* The data file's bytes, likewise. Errors: HT_ERROR_IO. */
ht_status ht__onnx_encode_data(const onnx_document *document, bool (*write)(void *user, const void *bytes, size_t size),
                               void *user, ht_error *err);

#endif
