/* A training program: an inference graph turned into one that also computes the loss and its gradients, compiled, with
 * the flat buffers that it reads and writes.
 *
 * Trained constants (weights, biases, norm parameters) become inputs bound to `parameters`; their gradients are outputs
 * bound to `gradients`, at the same offsets. BatchNormalization becomes BatchNormTrain, whose running statistics come
 * from one half of `statistics` and go to the other; the halves change places after each step. Dropout becomes
 * DropoutTrain.
 */
#ifndef HT_TRAIN_NETWORK_H
#define HT_TRAIN_NETWORK_H

#include "graph/graph.h"
#include "halftone/train.h"
#include "run/program.h"
#include "train/fake.h"

/* A constant of the inference graph and its place in a flat buffer. */
typedef struct ht_trained {
    const ht_value *source;
    size_t offset, count;  /* elements; offsets are multiples of 16, what lies between stays 0 */
    int32_t input, output; /* of the program; output -1: the loss does not depend on it */
} ht_trained;

typedef struct ht_network {
    ht_context *ctx;
    const ht_graph *source; /* borrowed */
    ht_graph *graph;
    ht_program *program;
    size_t batch, input_elements, target_width, output_width;

    ht_trained *trained, *tracked; /* parameters; running statistics */
    size_t trained_count, tracked_count;
    size_t parameter_count;                        /* trained values, without the gaps */
    size_t parameter_elements, statistic_elements; /* with the gaps */
    float *parameters, *gradients;                 /* [parameter_elements] */
    float *statistics[2];                          /* [statistic_elements]; [0] holds the current ones */

    float *inputs, *targets; /* one batch: fill before a step */
    float *outputs;          /* [batch][output_width], after a step: class probabilities, or predictions */
    float loss;              /* after a step: mean over the batch */
    ht_fake *fake;           /* borrowed; NULL: nothing is rounded */
    int64_t step;            /* read by dropout */

    const void **bound_inputs; /* by program input and output */
    void **bound_outputs;
    void *arena;
} ht_network;

/* `source` is an inference graph with one input whose first dimension is unknown or `recipe->batch`; its last node is
 * no Softmax. `batch` samples per step; `fake` may be NULL. Ownership of *out passes to the caller:
 * ht__network_destroy. Errors: as ht_train. */
ht_status ht__network_create(ht_context *ctx, const ht_graph *source, const ht_dataset_info *data,
                             const ht_train_options *recipe, size_t batch, ht_fake *fake, ht_network **out,
                             ht_error *err);
/* NULL is allowed. */
void ht__network_destroy(ht_network *network);
/* One forward and backward pass over inputs and targets: fills gradients, outputs and loss, and renews the statistics.
 */
ht_status ht__network_step(ht_network *network, ht_error *err);
/* Everything it holds, in bytes. */
size_t ht__network_bytes(const ht_network *network);
/* A copy of the source with the trained numbers (of `parameters` and `statistics`, laid out as the network's) as its
 * constants and without Dropout. Ownership of *out passes to the caller. */
ht_status ht__network_export(const ht_network *network, const float *parameters, const float *statistics,
                             ht_graph **out, ht_error *err);

#endif
