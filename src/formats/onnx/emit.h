/* Writing a graph into a document: what the sources of emission share. */
#ifndef HT_FORMATS_ONNX_EMIT_H
#define HT_FORMATS_ONNX_EMIT_H

#include "formats/onnx/document.h"

typedef struct onnx_emission {
    onnx_document *document;
    const ht_graph *graph;
    onnx_index names; /* every name in use, so that those made up are new */
    ht_error *err;
} onnx_emission;

/* Nodes that make the annotated constant `value` from its codes. */
ht_status ht__onnx_expand_constant(onnx_emission *emission, const ht_value *value);
/* Nodes that quantize and dequantize `source`; the result is called `result`. */
ht_status ht__onnx_expand_activation(onnx_emission *emission, const ht_value *value, const char *source,
                                     const char *result);
#endif
