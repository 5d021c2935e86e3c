/* How the inputs of a weighted layer vary together, measured on calibration samples: what rounding its weights costs is
 * a quadratic form in the weights' errors e, the mean of (e x)^2 = e^T E[x x^T] e for each output channel, x being what
 * the weights of one channel are multiplied with: a patch of the map, or a row. */
#ifndef HT_QUANT_GRAM_H
#define HT_QUANT_GRAM_H

#include "graph/graph.h"
#include "halftone/data.h"

typedef struct ht_gram {
    const ht_node *node;    /* Conv, or Gemm or MatMul with a constant matrix */
    const ht_value *source; /* what is watched: its input 0, or what that is a mere reshape of */
    size_t groups, width;   /* of a convolution; numbers in x */
    size_t outputs;         /* output channels in all groups */
    double *products;       /* [groups][width][width] sums of x_i x_j; NULL: too large, or its layer never ran */
    double *sums;           /* [groups][width] of x_i */
    size_t rows;            /* how many x */
    size_t last_batch;      /* that was added */
} ht_gram;

/* Describes `node` when its weights (input 1, constant) can be adapted; false otherwise. */
bool ht__gram_describe(const ht_node *node, ht_gram *out);
/* The place in the weights of what x_i is multiplied with for output channel `o`. */
size_t ht__gram_place(const ht_gram *gram, size_t o, size_t i);

/* Runs `graph` in float on up to `samples` samples, in several passes where the sums of all layers would take more than
 * 256 MiB, and fills products and sums, which ht__grams_free frees (on failure too). Of each layer's map some places
 * are taken, the same for any number of threads, and 8,192 at most. Layers whose sums alone would take more stay
 * without. Errors: those of ht__observation_begin and of running, HT_ERROR_MEMORY. */
ht_status ht__grams_collect(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                            ht_gram *grams, size_t count, ht_error *err);
void ht__grams_free(const ht_allocator *allocator, ht_gram *grams, size_t count);

#endif
