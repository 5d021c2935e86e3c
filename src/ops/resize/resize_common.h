/* What Resize and its integer form share. */
#ifndef HT_OPS_RESIZE_COMMON_H
#define HT_OPS_RESIZE_COMMON_H

#include "kernels/resize/resize.h"
#include "ops/integer.h"

/* The parameters of a node whose further operands are constants, and the description of its result.
 * Errors: HT_ERROR_FORMAT, HT_ERROR_UNSUPPORTED, naming what cannot be used. */
ht_status ht__resize_read(const ht_node *node, ht_resize_parameters *out, ht_tensor_desc *y, ht_error *err);
/* The shape of the result; the element type is that of input 0. */
ht_status ht__resize_infer(const ht_graph *graph, ht_node *node, ht_error *err);

#endif
