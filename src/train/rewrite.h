/* The rewriting of an inference graph into a training graph. */
#ifndef HT_TRAIN_REWRITE_H
#define HT_TRAIN_REWRITE_H

#include "train/network.h"

/* In: what to rewrite, filled by the caller. Out: the graph and what its inputs and outputs are. */
typedef struct ht_rewrite {
    ht_context *ctx;
    const ht_graph *source;
    const ht_dataset_info *data;
    const ht_train_options *recipe;
    size_t batch;
    ht_fake *fake; /* what is rounded, with the places of its buffers as results; NULL: nothing */

    ht_graph *graph;               /* owned by the caller on success; owns the arrays below */
    ht_trained *trained, *tracked; /* `source`, `input` and `output` filled */
    size_t trained_count, tracked_count, output_width;
    int32_t input, target, step; /* indices of graph inputs; step -1: nothing drops out */
    int32_t loss, output;        /* indices of graph outputs */
} ht_rewrite;

/* Errors: HT_ERROR_MISMATCH (the graph does not fit the data), HT_ERROR_UNSUPPORTED (no gradient rule),
 * HT_ERROR_MEMORY. */
ht_status ht__rewrite_for_training(ht_rewrite *rewrite, ht_error *err);

#endif
