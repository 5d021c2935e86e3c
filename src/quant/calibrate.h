/* Calibration: running a network on samples to learn the ranges of its activations. */
#ifndef HT_QUANT_CALIBRATE_H
#define HT_QUANT_CALIBRATE_H

#include "graph/graph.h"
#include "halftone/data.h"
#include "halftone/quantize.h"

/* Range of one activation. */
typedef struct ht_activation_range {
    ht_value *value;
    double low, high;
} ht_activation_range;

/* The activations that are quantized where they are produced: f32 inputs and results that some node reads, but for
 * results that merely move other values, and those that the next node completes (an activation function or a
 * normalisation behind a sum of products). Fills *out (owned by the caller: ht__free) with low = high = 0.
 * Errors: HT_ERROR_MEMORY. */
ht_status ht__quantized_activations(const ht_graph *graph, ht_activation_range **out, size_t *count, ht_error *err);

/* Runs `graph` on up to `samples` samples of `data` in whole batches and sets the ranges by scheme->range at
 * scheme->activation_bits: min-max and moving-average see every value, the other methods an even selection of up to
 * 2^16 per activation. *used (may be NULL): the samples that were run.
 * Errors: HT_ERROR_MISMATCH (the data does not fit the graph), HT_ERROR_NUMERIC (an activation is not finite),
 * HT_ERROR_UNSUPPORTED, HT_ERROR_INTERRUPTED, HT_ERROR_MEMORY. */
ht_status ht__calibrate(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                        const ht_scheme *scheme, ht_activation_range *ranges, size_t count, size_t *used,
                        ht_error *err);

#endif
