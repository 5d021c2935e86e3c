/* The parts of the pass to integers. */
#ifndef HT_PASSES_INTEGER_H
#define HT_PASSES_INTEGER_H

#include "graph/graph.h"

/* Adds annotations that follow from those that are there, so that less stays real. */
ht_status ht__integer_annotate(ht_graph *graph, ht_error *err);

#endif
