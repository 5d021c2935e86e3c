/* Recognising quantization: what the sources of folding share. */
#ifndef HT_FORMATS_ONNX_FOLD_H
#define HT_FORMATS_ONNX_FOLD_H

#include "formats/onnx/document.h"

/* Widths and schemes from the document's metadata. */
typedef struct onnx_hints onnx_hints;

typedef struct onnx_folding {
    onnx_document *document;
    onnx_index *index;
    const onnx_hints *hints; /* NULL: none */
    ht_error *err;
} onnx_folding;

/* The hints of a document; NULL when it has none that can be read: they only add to what the nodes say. */
onnx_hints *ht__onnx_hints_read(const onnx_document *document);
void ht__onnx_hints_free(onnx_hints *hints);
/* The width of the tensor `name`, or `otherwise`. */
int32_t ht__onnx_hint_bits(const onnx_hints *hints, const char *name, int32_t otherwise);
/* The scheme's text, or NULL. It lives as long as the hints. */
const char *ht__onnx_hint_scheme(const onnx_hints *hints, const char *name);

/* The initializer called `name` when it has data of type `type` (HT_NONE: any), or NULL. */
const onnx_tensor *ht__onnx_constant(const onnx_folding *folding, const char *name, ht_type type);

/* If nodes from `node` on decode a constant, puts an annotated constant in their place. */
ht_status ht__onnx_fold_constant(onnx_folding *folding, onnx_node *node);
/* If `node` is the QuantizeLinear of a pair (or the Clip before it), puts an annotation on the value in its place. */
ht_status ht__onnx_fold_activation(onnx_folding *folding, onnx_node *node);

#endif
