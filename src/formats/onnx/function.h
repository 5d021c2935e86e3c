/* Model-local functions: operators that a file defines itself, as nodes. Reading replaces each call by these nodes, so
 * that no later stage knows of functions. */
#ifndef HT_FORMATS_ONNX_FUNCTION_H
#define HT_FORMATS_ONNX_FUNCTION_H

#include "formats/onnx/document.h"

typedef struct onnx_function {
    /* What a call looks like: op, domain, overload, the formal inputs and outputs, attributes with their defaults. */
    onnx_node head;
    onnx_document *body; /* nodes and operator set; inputs and outputs are those of `head` */
} onnx_function;

/* Puts each function's nodes in the place of its calls, in graphs inside nodes and in functions too, and forgets the
 * functions. Names made inside get the call's name in front; a reference to an attribute of the call becomes that
 * attribute, its default, or nothing. A standard operator that we have is not replaced. What this adds is bounded:
 * 16 MiB and 64 bytes for each byte of the file.
 * Errors: HT_ERROR_FORMAT (a function that calls itself, or defined twice; a call with too many operands),
 * HT_ERROR_UNSUPPORTED (operator sets that do not go together), HT_ERROR_LIMIT, HT_ERROR_MEMORY. */
ht_status ht__onnx_inline(onnx_document *document, ht_error *err);

#endif
