/* What the numbers of a network say about the range of the samples that it was made for. */
#ifndef HT_QUANT_INPUT_RANGE_H
#define HT_QUANT_INPUT_RANGE_H

#include "graph/graph.h"
#include "halftone/eval.h"

/* ht_model_input_range for a graph, which it copies. Errors: HT_ERROR_MEMORY. */
ht_status ht__input_range(const ht_graph *graph, ht_input_range *out, ht_error *err);

#endif
