/* The state of quantizing one model, shared by its sources: model.c, activations of each kind, report.c. */
#ifndef HT_QUANT_JOB_H
#define HT_QUANT_JOB_H

#include "formats/model.h"
#include "quant/array.h"
#include "quant/gram.h"
#include "quant/placement.h"
#include "quant/rules.h"
#include "quant/targets.h"

/* One constant's work, done on any thread. */
typedef struct ht_tensor_job {
    const ht_target *target;
    const float *original;
    ht_scheme scheme; /* valid when `quantize` */
    bool quantize, encode;
    ht_array array;
    size_t dims[HT_MAX_RANK];
    float *values; /* in the copy's arena */
    uint32_t *codes;
    ht_quantized result;
    ht_status status;
    ht_error error;
} ht_tensor_job;

typedef struct ht_quantize_job {
    ht_context *ctx;
    const ht_quantize_options *options;
    ht_model *model;       /* the copy */
    ht_scheme activations; /* how their ranges are chosen */
    ht_rule_scope scope;
    ht_target *targets;
    ht_tensor_job *tensors;
    size_t count;
    ht_activation_range *ranges; /* simulated activations, or the placement's */
    size_t range_count;
    ht_placement placement;  /* static */
    ht_channel_means *means; /* of the inputs of weighted layers; static */
    size_t mean_count;
    ht_gram *grams;       /* of the weights with adaptive rounding */
    size_t *gram_tensors; /* [gram_count] the tensor of each */
    size_t gram_count;
    size_t folded, dropped; /* normalisations and activations that went into the nodes before them */
    ht_calibration calibration;
} ht_quantize_job;

/* How many samples calibration runs. */
size_t ht__calibration_samples(const ht_quantize_options *options);

/* Measures the inputs of the layers whose weights have adaptive rounding; before anything is quantized.
 * Errors: HT_ERROR_ARGUMENT (no calibration data), those of ht__grams_collect. */
ht_status ht__measure_layers(ht_quantize_job *job, ht_error *err);
/* Moves their codes; after the weights are quantized and before they are annotated. Errors: HT_ERROR_ARGUMENT (levels
 * that do not suit), HT_ERROR_MEMORY, HT_ERROR_INTERRUPTED. */
ht_status ht__adapt_layers(ht_quantize_job *job, ht_error *err);

/* Errors: HT_ERROR_MEMORY. */
ht_status ht__fill_report(const ht_quantize_job *job, const ht_model *before, ht_quantize_report *report,
                          ht_error *err);

#endif
