/* A data set in front of a network. */
#ifndef HT_QUANT_INPUT_H
#define HT_QUANT_INPUT_H

#include "graph/graph.h"
#include "halftone/data.h"

/* Gives the unknown dimensions of the graph's one input those of a sample of the data.
 * Errors: HT_ERROR_MISMATCH: not one f32 input, or of another number of elements per sample. */
ht_status ht__input_fit(ht_graph *graph, const ht_dataset_info *info, ht_error *err);

#endif
