/* What the pooling operators share. */
#ifndef HT_OPS_POOL_COMMON_H
#define HT_OPS_POOL_COMMON_H

#include "kernels/pool/pool.h"
#include "ops/common.h"

ht_status ht__pool_infer(const ht_graph *graph, ht_node *node, bool global, ht_error *err);
/* Fills the kernel's parameters for input x; `global`: the window is the whole map. */
ht_status ht__pool_read(const ht_node *node, const ht_tensor_desc *x, ht_pool_kind kind, bool global,
                        ht_pool_parameters *out, ht_error *err);

/* The operator set of the attributes dilations (19; of LpPool 18) and ceil_mode (of LpPool 18), where they are there.
 */
int64_t ht__pool_needs(const ht_node *node);

/* The gradient rule of a pooling operator: a PoolGrad with its attributes. */
ht_status ht__pool_gradient(ht_gradient *gradient, const ht_node *node, ht_pool_kind kind, bool global, ht_error *err);

#endif
