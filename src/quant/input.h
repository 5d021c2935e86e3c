/* A data set in front of a network. */
#ifndef HT_QUANT_INPUT_H
#define HT_QUANT_INPUT_H

#include "graph/graph.h"
#include "halftone/data.h"

/* Makes the graph take samples of the data: an input of codes becomes one of real numbers and outputs likewise
 * (ht__pass_real_ends), one that is channels-last where samples are channels-first is turned, and its unknown
 * dimensions become those of a sample. Errors: HT_ERROR_MISMATCH: not one f32 input, or of another number of elements
 * per sample. */
ht_status ht__input_fit(ht_graph *graph, const ht_dataset_info *info, ht_error *err);

#endif
