/* The steps of raising that concern the whole document. */
#ifndef HT_FORMATS_ONNX_RAISE_H
#define HT_FORMATS_ONNX_RAISE_H

#include "formats/onnx/document.h"

typedef struct onnx_raising {
    onnx_document *document;
    onnx_index *index;
    ht_error *err;
} onnx_raising;

/* Inputs that have a constant as default are constants. (Files before IR version 4 list every weight as an input.) */
ht_status ht__onnx_drop_constant_inputs(onnx_document *document, ht_error *err);
/* The tensors of Constant nodes join the constants. */
ht_status ht__onnx_take_constants(onnx_raising *raising);
/* Readers of an Identity's output read its input instead. One that joins an input or a constant to an output stays. */
ht_status ht__onnx_drop_identities(onnx_raising *raising);

/* Takes out attributes that came after operator set 17 and say nothing new.
 * Errors: HT_ERROR_UNSUPPORTED (one that asks for something else, naming it and the node). */
ht_status ht__onnx_drop_later_attributes(onnx_raising *raising, onnx_node *node);

/* Turns an operator on codes (QLinearConv ...) with constant scales into the operator on real numbers between
 * DequantizeLinear and QuantizeLinear. Nothing happens to any other node. */
ht_status ht__onnx_raise_qlinear(onnx_raising *raising, onnx_node *node);

/* Turns com.microsoft's MatMulNBits into MatMul with an annotated constant. Nothing happens to any other node.
 * Errors: HT_ERROR_FORMAT, HT_ERROR_UNSUPPORTED, HT_ERROR_LIMIT, each naming the node. */
ht_status ht__onnx_raise_nbits(onnx_raising *raising, onnx_node *node);

/* A node that operator sets before 21 wrote with one scale per group. */
ht_status ht__onnx_raise_group_normalization(onnx_raising *raising, onnx_node *node);

#endif
