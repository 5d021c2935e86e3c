/* Writing a graph: the driver and the rules. */
#ifndef HT_FORMATS_TFLITE_EMIT_H
#define HT_FORMATS_TFLITE_EMIT_H

#include "formats/tflite/writing.h"

/* Fills the content of a writing whose arrays by value are there, with places -1. */
ht_status ht__tflite_emit(tflite_writing *writing);
/* The tflite_activation that a Relu or Clip is; TFLITE_NONE for any other node. */
int32_t ht__tflite_activation_of(const ht_node *node);

/* emit_products.c */
ht_status ht__tflite_write_conv(const tflite_emission *emission);
ht_status ht__tflite_write_conv_transpose(const tflite_emission *emission);
ht_status ht__tflite_write_gemm(const tflite_emission *emission);
ht_status ht__tflite_write_matmul(const tflite_emission *emission);
ht_status ht__tflite_write_pool(const tflite_emission *emission);
ht_status ht__tflite_write_global_pool(const tflite_emission *emission);

/* emit_elementwise.c */
ht_status ht__tflite_write_elementwise(const tflite_emission *emission);
ht_status ht__tflite_write_clip(const tflite_emission *emission);
ht_status ht__tflite_write_leaky_relu(const tflite_emission *emission);
ht_status ht__tflite_write_softmax(const tflite_emission *emission);
ht_status ht__tflite_write_batch_norm(const tflite_emission *emission);
ht_status ht__tflite_write_identity(const tflite_emission *emission);
ht_status ht__tflite_write_dequantize(const tflite_emission *emission);
ht_status ht__tflite_write_quantize(const tflite_emission *emission);
ht_status ht__tflite_write_cast(const tflite_emission *emission);

/* emit_shape.c */
ht_status ht__tflite_write_reshape(const tflite_emission *emission); /* also Flatten, Squeeze, Unsqueeze */
ht_status ht__tflite_write_transpose(const tflite_emission *emission);
ht_status ht__tflite_write_pad(const tflite_emission *emission);
ht_status ht__tflite_write_concat(const tflite_emission *emission);
ht_status ht__tflite_write_slice(const tflite_emission *emission);
ht_status ht__tflite_write_reduce(const tflite_emission *emission);
ht_status ht__tflite_write_resize(const tflite_emission *emission);
ht_status ht__tflite_write_gather(const tflite_emission *emission);

#endif
