/* The functions of the rules, by file. Each reads one operator, or those whose `op` its rules name. */
#ifndef HT_FORMATS_TFLITE_RULES_H
#define HT_FORMATS_TFLITE_RULES_H

#include "formats/tflite/reading.h"

/* rules_products.c */
ht_status ht__tflite_read_conv(const tflite_call *call);
ht_status ht__tflite_read_depthwise(const tflite_call *call);
ht_status ht__tflite_read_fully_connected(const tflite_call *call);
ht_status ht__tflite_read_batch_matmul(const tflite_call *call);
ht_status ht__tflite_read_pool(const tflite_call *call);

/* rules_elementwise.c */
ht_status ht__tflite_read_elementwise(const tflite_call *call); /* `op` of all inputs */
ht_status ht__tflite_read_clip(const tflite_call *call);
ht_status ht__tflite_read_leaky_relu(const tflite_call *call);
ht_status ht__tflite_read_rsqrt(const tflite_call *call);
ht_status ht__tflite_read_square(const tflite_call *call);
ht_status ht__tflite_read_squared_difference(const tflite_call *call);
ht_status ht__tflite_read_softmax(const tflite_call *call); /* `op` over the channels */
ht_status ht__tflite_read_quantize(const tflite_call *call);
ht_status ht__tflite_read_dequantize(const tflite_call *call);
ht_status ht__tflite_read_cast(const tflite_call *call);

/* rules_shape.c */
ht_status ht__tflite_read_reshape(const tflite_call *call);
ht_status ht__tflite_read_squeeze(const tflite_call *call);
ht_status ht__tflite_read_expand_dims(const tflite_call *call);
ht_status ht__tflite_read_transpose(const tflite_call *call);
ht_status ht__tflite_read_pad(const tflite_call *call);
ht_status ht__tflite_read_mirror_pad(const tflite_call *call);
ht_status ht__tflite_read_shape(const tflite_call *call);
ht_status ht__tflite_read_resize(const tflite_call *call);

/* rules_parts.c */
ht_status ht__tflite_read_concatenation(const tflite_call *call);
ht_status ht__tflite_read_slice(const tflite_call *call);
ht_status ht__tflite_read_strided_slice(const tflite_call *call);
ht_status ht__tflite_read_split(const tflite_call *call);
ht_status ht__tflite_read_pack(const tflite_call *call);
ht_status ht__tflite_read_unpack(const tflite_call *call);
ht_status ht__tflite_read_gather(const tflite_call *call);
ht_status ht__tflite_read_reduce(const tflite_call *call); /* `op` over constant axes */

/* The values put together along `axis` as the operator's output 0, in groups of as many as a node may have inputs;
 * `values` is used up. */
ht_status ht__tflite_concatenate(const tflite_call *call, tflite_form form, int64_t axis, ht_value **values,
                                 uint32_t count);

/* rules_general.c */
ht_status ht__tflite_read_blocks(const tflite_call *call);
ht_status ht__tflite_read_gelu(const tflite_call *call);
ht_status ht__tflite_read_split_v(const tflite_call *call);
ht_status ht__tflite_read_tile(const tflite_call *call);
ht_status ht__tflite_read_transpose_conv(const tflite_call *call);
ht_status ht__tflite_read_fill(const tflite_call *call);
ht_status ht__tflite_read_top_k(const tflite_call *call);
ht_status ht__tflite_read_where(const tflite_call *call);
ht_status ht__tflite_read_select(const tflite_call *call);
ht_status ht__tflite_read_plainly(const tflite_call *call); /* `op` */
ht_status ht__tflite_read_select_boxes(const tflite_call *call);
/* Input `i`, integers that may be computed, as i64 of rank 1. */
ht_status ht__tflite_list(const tflite_call *call, uint32_t i, ht_value **out);

/* rules_control.c */
ht_status ht__tflite_read_if(const tflite_call *call);
ht_status ht__tflite_read_while(const tflite_call *call);

/* rules_variables.c */
ht_status ht__tflite_read_call_once(const tflite_call *call);
ht_status ht__tflite_read_handle(const tflite_call *call);
ht_status ht__tflite_read_variable(const tflite_call *call);
ht_status ht__tflite_read_assignment(const tflite_call *call);

/* rules_detection.c */
ht_status ht__tflite_read_detection(const tflite_call *call);

/* rules_recurrent.c */
ht_status ht__tflite_read_svdf(const tflite_call *call);
ht_status ht__tflite_read_lstm(const tflite_call *call);

#endif
