/* What fusing nodes into one needs, whatever becomes of them. */
#ifndef HT_PASSES_FUSE_FUSE_H
#define HT_PASSES_FUSE_FUSE_H

#include "graph/graph.h"

/* Does one node read the value, and nothing else look at it? */
bool ht__fuse_lonely(const ht_graph *graph, const ht_value *value);
/* The node that alone reads a lonely value; NULL: none, or its operator is not the one of ONNX's named. */
ht_node *ht__fuse_reader(const ht_graph *graph, const ht_value *value, const char *op_name);
/* Is the node of this operator of ONNX's? NULL is not. */
bool ht__fuse_is(const ht_node *node, const char *op_name);
/* The other operand of a node with two; NULL when neither is `value`. */
ht_value *ht__fuse_other(const ht_node *node, const ht_value *value);
/* The other operand when it is a constant f32 with one number per column of `value`, else NULL. */
ht_value *ht__fuse_row(const ht_node *node, const ht_value *value);
/* Is the value a constant f32 of one element, within one part in a million of `number`? */
bool ht__fuse_equals(const ht_value *value, double number);
/* Takes `activation` out: `before` writes its result itself from now on. */
void ht__fuse_absorb(ht_graph *graph, ht_node *before, ht_node *activation);
/* A bound of a Clip: the constant operand `i`, or `otherwise` when there is none; false when it is not constant. */
bool ht__fuse_bound(const ht_node *node, uint32_t i, float otherwise, float *out);

/* Puts new nodes in their places, and takes out those whose results nobody reads any more. */
ht_status ht__fuse_tidy(ht_graph *graph, ht_error *err);

#endif
