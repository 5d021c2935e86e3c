/* Bias correction: what rounding the weights adds to a layer's results on average is taken out of its biases.
 * Source: Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2,
 * with the inputs' means measured on the calibration samples. */
#ifndef HT_QUANT_CORRECT_H
#define HT_QUANT_CORRECT_H

#include "graph/graph.h"

/* The mean of an activation in each channel (axis 1). */
typedef struct ht_channel_means {
    ht_value *value;
    double *sums;     /* [channels], while samples are run; then the means */
    int64_t channels; /* 0: not seen yet */
    double count;     /* values of a channel */
} ht_channel_means;

/* The inputs of Conv and Gemm nodes with constant weights and biases. *out is the caller's: ht__channel_means_free.
 * Errors: HT_ERROR_MEMORY. */
ht_status ht__channel_means_for(const ht_graph *graph, ht_channel_means **out, size_t *count, ht_error *err);
void ht__channel_means_free(const ht_allocator *allocator, ht_channel_means *means, size_t count);
/* Adds a tensor of `desc` at `data`, in its own layout. Errors: HT_ERROR_MEMORY. */
ht_status ht__channel_means_add(const ht_allocator *allocator, ht_channel_means *means, const ht_tensor_desc *desc,
                                const float *data, ht_error *err);

/* b[o] -= sum over i of (quantized w[o][i] - w[o][i]) E[x_i], kernel positions summed, for the node that reads `weight`
 * as its weights, `original` being their numbers before. Nothing is done without a bias or a mean of the input, or when
 * several nodes share the weights. Borders, where padding takes the place of the input, are not told apart.
 * Errors: HT_ERROR_MEMORY. */
ht_status ht__correct_bias(ht_graph *graph, const ht_value *weight, const float *original,
                           const ht_channel_means *means, size_t count, ht_error *err);

#endif
