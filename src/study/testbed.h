/* A network compiled once, whose constants are exchanged for quantized ones between evaluations. */
#ifndef HT_STUDY_TESTBED_H
#define HT_STUDY_TESTBED_H

#include "formats/model.h"
#include "quant/targets.h"
#include "study/cell.h"
#include "train/evaluator.h"

typedef struct ht_probe ht_probe;

/* A weight, a bias, or a scale or shift of a norm. */
typedef struct ht_parameter {
    const ht_value *value; /* of the testbed's graph: what training made */
    const ht_node *node;   /* the first that reads it */
    size_t target;         /* its index among ht__quantization_targets */
    const float *data;     /* the elements in place */
} ht_parameter;

typedef struct ht_testbed {
    ht_context *ctx;
    const ht_model *model; /* borrowed */
    const ht_dataset *dataset;
    bool fold;       /* batch norms are folded */
    ht_graph *graph; /* a copy of the model's, so folded */
    ht_parameter *parameters;
    ht_cell_layer *layers; /* one per parameter */
    size_t parameter_count;
    ht_evaluator *shared; /* of `graph`, with exchangeable constants */
    ht_probe *probe;
    /* of the cell in place: */
    ht_model *quantized; /* NULL: the float network */
    ht_quantize_report report;
    ht_evaluator *own; /* of a cell with quantized activations: its steps are others */
} ht_testbed;

/* `model` and `dataset` must outlive it. Ownership of *out passes to the caller. Errors: as ht_evaluate. */
ht_status ht__testbed_create(ht_context *ctx, const ht_model *model, bool fold, const ht_dataset *dataset,
                             ht_testbed **out, ht_error *err);
/* NULL is allowed. */
void ht__testbed_destroy(ht_testbed *testbed);
/* Puts the cell's network in place (NULL: the float one) and says what changed. `calibration` is needed for quantized
 * activations only. Errors: as ht_model_quantize and ht_evaluate. */
ht_status ht__testbed_quantize(ht_testbed *testbed, const ht_study_cell *cell, const ht_dataset *calibration,
                               ht_cell_quantized *out, ht_error *err);
/* Evaluates what is in place; the caller clears *out. */
ht_status ht__testbed_evaluate(ht_testbed *testbed, ht_evaluation *out, ht_error *err);

/* Compares the tensors behind each parameter's node on a few samples with those of the float network. */
ht_status ht__probe_create(ht_testbed *testbed, ht_probe **out, ht_error *err);
void ht__probe_destroy(ht_probe *probe);
/* Fills sqnr_accumulated of the testbed's layers for the constants in place. */
ht_status ht__probe_measure(ht_probe *probe, ht_error *err);

#endif
