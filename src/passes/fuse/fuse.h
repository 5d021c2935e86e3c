/* What fusing an activation into the node before it needs, whatever becomes of it there. */
#ifndef HT_PASSES_FUSE_FUSE_H
#define HT_PASSES_FUSE_FUSE_H

#include "graph/graph.h"

/* Does one node read the value, and nothing else look at it? */
bool ht__fuse_lonely(const ht_graph *graph, const ht_value *value);
/* Takes `activation` out: `before` writes its result itself from now on. */
void ht__fuse_absorb(ht_graph *graph, ht_node *before, ht_node *activation);
/* A bound of a Clip: the constant operand `i`, or `otherwise` when there is none; false when it is not constant. */
bool ht__fuse_bound(const ht_node *node, uint32_t i, float otherwise, float *out);

#endif
