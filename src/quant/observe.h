/* Running a graph on a data set while an observer looks at every tensor. */
#ifndef HT_QUANT_OBSERVE_H
#define HT_QUANT_OBSERVE_H

#include "halftone/data.h"
#include "passes/passes.h"
#include "plan/compile.h"

typedef struct ht_observation {
    ht_context *ctx;
    ht_graph *graph; /* the copy that runs; value ids below `values` are the original's */
    size_t values;
    ht_program *program;
    size_t batch;
    void *arena;
    uint32_t *indices; /* [batch] the samples of the last run */
    float *input;      /* [batch][input_elements] */
    void **outputs;
} ht_observation;

/* Prepares a copy of `graph` (whose constants must outlive it) for the data, every tensor observable, quantized ones
 * simulated in float. A free batch is as large as keeps activations small, at most `most` and 32, and leaves out few of
 * `samples` samples at the end. *out: ht__observation_end, on failure too. Errors: HT_ERROR_MISMATCH (the data does not
 * fit the graph, or `samples` is less than a fixed batch), HT_ERROR_UNSUPPORTED, HT_ERROR_MEMORY. */
ht_status ht__observation_begin(ht_context *ctx, const ht_graph *graph, const ht_dataset_info *info, size_t samples,
                                size_t most, const ht_compile_options *options, ht_observation *out, ht_error *err);
/* Runs the samples that observation->indices names. */
ht_status ht__observation_run(ht_observation *observation, const ht_dataset *data, ht_observer *observer, void *user,
                              ht_error *err);
void ht__observation_end(ht_observation *observation);

#endif
