/* Where the nodes of a graph stand in a drawing: rows from top to bottom along the data, so that every edge goes down.
 */
#ifndef HT_FORMATS_DRAWING_LAYOUT_H
#define HT_FORMATS_DRAWING_LAYOUT_H

#include "graph/graph.h"

typedef struct ht_node_place {
    uint32_t row;
    float column; /* centre of the box, in box widths; 0 is the left edge */
} ht_node_place;

typedef struct ht_drawing_layout {
    ht_node_place *places; /* by index into graph->nodes */
    uint32_t *producers;   /* by value id: the index of the node that makes it; 0 where none does */
    uint32_t rows;
    float columns; /* width of the widest row */
} ht_drawing_layout;

/* The graph's nodes must be in topological order. A node's row is one below its lowest producer (the longest path from
 * the inputs); within a row nodes stand in the order of the mean column of their producers, kept apart by one box.
 * The caller frees both arrays with the graph's allocator. Errors: HT_ERROR_MEMORY. */
ht_status ht__drawing_layout(const ht_graph *graph, ht_drawing_layout *out, ht_error *err);

#endif
