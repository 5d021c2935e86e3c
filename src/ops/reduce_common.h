/* What the reductions share. Axes come from the second input (operator set 18) or the attribute axes (before). */
#ifndef HT_OPS_REDUCE_COMMON_H
#define HT_OPS_REDUCE_COMMON_H

#include "kernels/reduce/reduce.h"
#include "ops/common.h"

ht_status ht__reduce_infer(const ht_graph *graph, ht_node *node, ht_error *err);
ht_status ht__reduce_lower(const ht_node *node, ht_reduce function, ht_kernel_call *call, ht_error *err);

/* The gradient rule of sums and means: dy, divided by the number of elements for means, is repeated along the axes. */
ht_status ht__reduce_gradient(ht_gradient *gradient, const ht_node *node, ht_reduce function, ht_error *err);

#endif
