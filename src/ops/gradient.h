/* What the operators' gradient rules (grad.c in their folders) share: adding nodes to the graph being extended.
 *
 * Every function adds what it needs to gradient->graph with inferred shapes. Errors: HT_ERROR_MEMORY, and what shape
 * inference finds.
 */
#ifndef HT_OPS_GRADIENT_H
#define HT_OPS_GRADIENT_H

#include "ops/common.h"
#include "ops/ops.h"

/* The rule of each operator that has one (ht_op.gradient). */
#define HT_GRADIENT_DECLARE(Name) \
    ht_status ht__gradient_##Name(ht_gradient *gradient, const ht_node *node, ht_error *err);
HT_OP_LIST(HT_GRADIENT_DECLARE)
#undef HT_GRADIENT_DECLARE

/* The rule of operators that only give their first input another shape: dy takes x's shape. */
ht_status ht__gradient_back_in_shape(ht_gradient *gradient, const ht_node *node, ht_error *err);

/* A node with the attributes of `like` (NULL: none), its shapes not yet inferred: set attributes, then
 * ht__gradient_infer. */
ht_status ht__gradient_node(ht_gradient *gradient, const char *op, const ht_node *like, ht_value *const *inputs,
                            uint32_t input_count, uint32_t output_count, ht_node **out, ht_error *err);
ht_status ht__gradient_infer(ht_gradient *gradient, ht_node *node, ht_error *err);
/* *out = op(a, b), or op(a) when b is NULL; no attributes. */
ht_status ht__gradient_call(ht_gradient *gradient, const char *op, ht_value *a, ht_value *b, ht_value **out,
                            ht_error *err);
/* *out = a * factor; a itself when factor is 1. */
ht_status ht__gradient_scale(ht_gradient *gradient, ht_value *a, float factor, ht_value **out, ht_error *err);
/* *out = value with the dimensions of `shape`; value itself when it has them. */
ht_status ht__gradient_reshape(ht_gradient *gradient, ht_value *value, const ht_tensor_desc *shape, ht_value **out,
                               ht_error *err);
/* The reverse of broadcasting: sums `value` over the axes along which `shape` was repeated. */
ht_status ht__gradient_sum_to(ht_gradient *gradient, ht_value *value, const ht_tensor_desc *shape, ht_value **out,
                              ht_error *err);
/* *out = dy where low < x < high, else 0. */
ht_status ht__gradient_between(ht_gradient *gradient, ht_value *x, ht_value *dy, float low, float high, ht_value **out,
                               ht_error *err);
/* A constant vector of integers. */
ht_status ht__gradient_ints(ht_gradient *gradient, const int64_t *values, size_t count, ht_value **out, ht_error *err);
/* Sets the attribute "shape" to the dimensions of `desc`. */
ht_status ht__gradient_set_shape(ht_gradient *gradient, ht_node *node, const ht_tensor_desc *desc, ht_error *err);

#endif
