/* The parts of the pass to integers. */
#ifndef HT_PASSES_INTEGER_H
#define HT_PASSES_INTEGER_H

#include "graph/graph.h"

/* Adds annotations that follow from those that are there, so that less stays real. */
ht_status ht__integer_annotate(ht_graph *graph, ht_error *err);

/* Split nodes become a Slice for each piece, which moves codes as it moves real numbers. Those whose pieces are not
 * known stay. */
ht_status ht__integer_split(ht_graph *graph, ht_error *err);

#endif
