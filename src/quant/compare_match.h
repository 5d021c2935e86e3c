/* Which tensors of two graphs are the same one: a float model's, and its quantized form's. */
#ifndef HT_QUANT_COMPARE_MATCH_H
#define HT_QUANT_COMPARE_MATCH_H

#include "graph/graph.h"

typedef struct ht_match {
    const ht_value *original, *quantized;
} ht_match;

typedef struct ht_match_list {
    ht_match *list; /* in the order of the quantized graph */
    size_t count;
    size_t by_structure; /* of them, found by order and shape */
    size_t unmatched;    /* weighted nodes of the quantized graph without a partner */
} ht_match_list;

/* Errors: HT_ERROR_MISMATCH (no tensor in common), HT_ERROR_MEMORY. *out: ht__match_free, on failure too. */
ht_status ht__match_graphs(const ht_graph *original, const ht_graph *quantized, ht_match_list *out, ht_error *err);
void ht__match_free(const ht_allocator *allocator, ht_match_list *matches);

#endif
