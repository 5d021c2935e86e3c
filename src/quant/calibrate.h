/* Calibration: running a network on samples to learn the ranges of its activations. */
#ifndef HT_QUANT_CALIBRATE_H
#define HT_QUANT_CALIBRATE_H

#include "graph/graph.h"
#include "halftone/data.h"
#include "halftone/quantize.h"
#include "quant/correct.h"

/* Range of one activation. */
typedef struct ht_activation_range {
    ht_value *value;
    double low, high;
} ht_activation_range;

/* Is every reader of the value the completion of the operator that produces it: an activation function or a
 * normalisation behind a sum of products, or the sum with a bias? */
bool ht__is_completed(const ht_graph *graph, const ht_value *value);
/* The activations that are quantized where they are produced: f32 inputs and results that some node reads, but for
 * results that merely move other values, and those that the next node completes (an activation function or a
 * normalisation behind a sum of products). Fills *out (owned by the caller: ht__free) with low = high = 0.
 * Errors: HT_ERROR_MEMORY. */
ht_status ht__quantized_activations(const ht_graph *graph, ht_activation_range **out, size_t *count, ht_error *err);

/* Doublings of the number of samples, and the end. */
#define HT_CONVERGENCE_POINTS 34

typedef struct ht_calibration {
    size_t samples; /* that were run */
    size_t points;
    ht_convergence_point curve[HT_CONVERGENCE_POINTS];
} ht_calibration;

/* What is watched. */
typedef struct ht_calibration_targets {
    ht_activation_range *ranges;
    size_t count;
    ht_channel_means *means; /* NULL: none */
    size_t mean_count;
    bool allow_bf16; /* products may use bf16 operands, where the processor has them */
} ht_calibration_targets;

/* Runs `graph` on up to `samples` samples of `data`, spread over it evenly, in whole batches, and sets the ranges by
 * scheme->range at scheme->activation_bits. Every value counts; what is kept of each activation is one histogram
 * (histogram.h), so that memory does not grow with the samples, and the result is the same for any number of threads.
 * Errors: HT_ERROR_MISMATCH (the data does not fit the graph, or is less than one batch), HT_ERROR_NUMERIC (an
 * activation is not finite: tensor and sample), HT_ERROR_UNSUPPORTED, HT_ERROR_INTERRUPTED, HT_ERROR_MEMORY. */
ht_status ht__calibrate(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                        const ht_scheme *scheme, const ht_calibration_targets *targets, ht_calibration *result,
                        ht_error *err);

#endif
