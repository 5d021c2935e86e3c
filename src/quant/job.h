/* The state of quantizing one model, shared by its sources: model.c, activations of each kind, report.c. */
#ifndef HT_QUANT_JOB_H
#define HT_QUANT_JOB_H

#include "formats/model.h"
#include "quant/array.h"
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
    size_t folded, dropped; /* normalisations and activations that went into the nodes before them */
    ht_calibration calibration;
} ht_quantize_job;

/* Errors: HT_ERROR_MEMORY. */
ht_status ht__fill_report(const ht_quantize_job *job, const ht_model *before, ht_quantize_report *report,
                          ht_error *err);

#endif
