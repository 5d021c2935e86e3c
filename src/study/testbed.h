/* A network whose constants are exchanged between evaluations: which constants there are, and their quantized values.
 */
#ifndef HT_STUDY_TESTBED_H
#define HT_STUDY_TESTBED_H

#include "graph/graph.h"
#include "quant/array.h"
#include "study/cell.h"
#include "train/evaluator.h"

typedef enum ht_role { HT_ROLE_WEIGHT, HT_ROLE_BIAS, HT_ROLE_NORM } ht_role;

/* A float constant that training made: a weight, a bias, or a scale or shift of a norm. Means and variances of batch
 * norms are statistics, not parameters, and stay. */
typedef struct ht_parameter {
    const ht_value *value;
    const ht_node *node; /* the first that reads it */
    ht_role role;
    int channel_axis; /* of output channels; -1: none */
    size_t companion; /* index of the weight of a bias, the bias of a weight, the shift of a scale; SIZE_MAX: none */
    size_t elements;
    float *values; /* as they are in place */
} ht_parameter;

typedef struct ht_testbed {
    ht_context *ctx;
    ht_graph *graph;
    ht_parameter *parameters;
    size_t parameter_count;
    ht_cell_layer *layers; /* [parameter_count] */
    size_t other_elements; /* float constants that are no parameters */
    ht_evaluator *evaluator;
    struct ht_probe *probe;
} ht_testbed;

/* A copy of `source` (which must outlive it) ready to be evaluated on `dataset`; with batch norms folded when `fold`.
 * Ownership of *out passes to the caller. Errors: as ht_evaluate. */
ht_status ht__testbed_create(ht_context *ctx, const ht_graph *source, bool fold, const ht_dataset *dataset,
                             ht_testbed **out, ht_error *err);
/* NULL is allowed. */
void ht__testbed_destroy(ht_testbed *testbed);
/* Puts the cell's values in place (NULL: the original ones) and says what changed. */
ht_status ht__testbed_quantize(ht_testbed *testbed, const ht_study_cell *cell, ht_cell_quantized *out, ht_error *err);

/* Finds the parameters of a graph: fills `parameters` (may be NULL: only counts). */
size_t ht__testbed_parameters(const ht_graph *graph, ht_parameter *parameters);

/* Compares the tensors behind each parameter's node on a few samples with those of the float network. */
typedef struct ht_probe ht_probe;
ht_status ht__probe_create(ht_testbed *testbed, const ht_dataset *dataset, ht_probe **out, ht_error *err);
void ht__probe_destroy(ht_probe *probe);
/* Fills sqnr_accumulated of the layers for the values in place. */
ht_status ht__probe_measure(ht_probe *probe, ht_cell_layer *layers, ht_error *err);

#endif
