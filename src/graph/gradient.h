/* Reverse-mode differentiation: graph in, the same graph with gradient nodes out. */
#ifndef HT_GRAPH_GRADIENT_H
#define HT_GRAPH_GRADIENT_H

#include "graph/graph.h"

/* Adds the nodes that compute d loss / d values[i] to `graph`, which must be sorted, with all shapes known; loss is a
 * scalar. gradients[i] is set to the value that holds the result, or to NULL when `loss` does not depend on values[i].
 * Each node's rule is its operator's (ht_op.gradient), applied from the last node to the first; contributions to one
 * value are summed. What does not lie between `values` and `loss` gets no gradient. Errors: HT_ERROR_UNSUPPORTED naming
 * an operator without a rule, HT_ERROR_MEMORY. */
ht_status ht__graph_differentiate(ht_graph *graph, ht_value *loss, ht_value *const *values, size_t count,
                                  ht_value **gradients, ht_error *err);

#endif
