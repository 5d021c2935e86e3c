/* What the decoding sources share: the bytes, the place in them, and the first thing that went wrong. */
#ifndef HT_FORMATS_ONNX_DECODE_H
#define HT_FORMATS_ONNX_DECODE_H

#include <pb_decode.h>

#include "formats/onnx/document.h"

typedef struct onnx_decoder {
    onnx_document *document;
    const uint8_t *bytes;
    size_t size, position;
    int depth;        /* of graphs within graphs */
    bool in_function; /* where attributes may be references */
    ht_status status; /* of the first failure; nanopb only knows true and false */
    ht_error *err;
} onnx_decoder;

/* A place for one value of a message: the decoder and where the value goes. */
typedef struct onnx_target {
    onnx_decoder *decoder;
    void *place;
} onnx_target;

/* Records a failure at the current offset; returns false. */
bool ht__onnx_refuse(onnx_decoder *decoder, ht_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool ht__onnx_refuse_memory(onnx_decoder *decoder, size_t bytes);
/* Records what a function of ours returned; true when it is HT_OK. */
bool ht__onnx_pass(onnx_decoder *decoder, ht_status status);
/* The stream over all bytes. */
pb_istream_t ht__onnx_stream(onnx_decoder *decoder);
/* Is this the stream over the file itself? (nanopb hands single unpacked numbers over in a stream of its own.) */
bool ht__onnx_is_file(const pb_istream_t *stream);
/* The rest of a length-delimited field, in place. */
bool ht__onnx_take(onnx_decoder *decoder, pb_istream_t *stream, const uint8_t **bytes, size_t *size);
/* nanopb callback of a text: `arg` is an onnx_target whose place is a `const char *`. The text is copied; it must be
 * UTF-8 without NUL. */
bool ht__onnx_read_text(pb_istream_t *stream, const pb_field_t *field, void **arg);
/* A StringStringEntryProto. */
bool ht__onnx_read_pair(pb_istream_t *stream, onnx_decoder *decoder, onnx_pair *out);
/* nanopb callback of a TensorProto: `arg` is an onnx_target whose place is an `onnx_tensor *`. */
bool ht__onnx_read_tensor(pb_istream_t *stream, const pb_field_t *field, void **arg);

/* nanopb callbacks. NodeProto, OperatorSetIdProto and FunctionProto go into the decoder's document: `arg` is the
 * onnx_decoder. AttributeProto: `arg` is an onnx_target whose place is the onnx_node. */
bool ht__onnx_read_node(pb_istream_t *stream, const pb_field_t *field, void **arg);
bool ht__onnx_read_opset(pb_istream_t *stream, const pb_field_t *field, void **arg);
bool ht__onnx_read_function(pb_istream_t *stream, const pb_field_t *field, void **arg);
bool ht__onnx_read_attribute(pb_istream_t *stream, const pb_field_t *field, void **arg);
/* Appends to an array of pointers in the document's arena; refuses more of one kind than any network has. */
bool ht__onnx_append(onnx_decoder *decoder, void *array, size_t *count, size_t *capacity, const void *item);
/* An empty document for a graph inside the decoder's, or NULL. */
onnx_document *ht__onnx_inner_document(onnx_decoder *decoder);
/* The standard's own operators have two names for their domain; here it is "". */
void ht__onnx_standard_domain(onnx_node *node);

/* A growing array of numbers. */
typedef struct onnx_numbers {
    onnx_decoder *decoder;
    void *items;
    size_t count, capacity;
    uint32_t field; /* tag of the field that they came from; 0: none yet */
} onnx_numbers;
/* nanopb callbacks, packed or not: `arg` is an onnx_numbers of int64_t (varints), float or double. */
bool ht__onnx_read_integers(pb_istream_t *stream, const pb_field_t *field, void **arg);
bool ht__onnx_read_floats(pb_istream_t *stream, const pb_field_t *field, void **arg);
bool ht__onnx_read_doubles(pb_istream_t *stream, const pb_field_t *field, void **arg);

#endif
