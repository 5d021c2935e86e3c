/* Quantizing a model: fold, calibrate, quantize each constant, annotate, report. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "formats/model.h"
#include "passes/passes.h"
#include "quant/annotate.h"
#include "quant/calibrate.h"
#include "quant/fake.h"
#include "quant/targets.h"
#ifdef HT_WITH_ONNX
#include "formats/onnx/onnx.h"
#endif

enum { DEFAULT_SAMPLES = 512 };

/* One constant's work, done on any thread. */
typedef struct tensor_job {
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
} tensor_job;

typedef struct model_job {
    ht_context *ctx;
    const ht_quantize_options *options;
    ht_model *model; /* the copy */
    ht_target *targets;
    tensor_job *tensors;
    size_t count;
    ht_activation_range *ranges;
    size_t range_count;
    size_t folded;
    ht_calibration calibration;
} model_job;

void ht_quantize_options_init(ht_quantize_options *options) {
    *options = (ht_quantize_options){0};
    ht_scheme_init(&options->scheme);
}

/* ---- what becomes of each constant ---- */

static bool matches(const char *pattern, const char *name) {
    size_t length = strlen(pattern);
    bool open = length > 0 && pattern[length - 1] == '*';
    return open ? strncmp(pattern, name, length - 1) == 0 : strcmp(pattern, name) == 0;
}

static const ht_layer_rule *rule_for(const ht_quantize_options *options, const ht_target *target) {
    for (size_t i = 0; i < options->rule_count; ++i) {
        if (matches(options->rules[i].pattern, target->value->name) ||
            matches(options->rules[i].pattern, target->node->name)) {
            return &options->rules[i];
        }
    }
    return NULL;
}

static bool is_wanted(const ht_quantize_options *options, const ht_target *target) {
    switch (target->role) {
    case HT_TARGET_WEIGHT: return true;
    case HT_TARGET_BIAS: return options->quantize_biases;
    case HT_TARGET_NORM: return options->quantize_norms;
    case HT_TARGET_OTHER: break;
    }
    return false;
}

static void plan_tensor(model_job *job, size_t index) {
    tensor_job *tensor = &job->tensors[index];
    const ht_target *target = tensor->target = &job->targets[index];
    const ht_layer_rule *rule = rule_for(job->options, target);
    tensor->original = target->value->data;
    tensor->quantize = is_wanted(job->options, target) && (rule == NULL || rule->scheme != NULL);
    tensor->scheme = rule != NULL && rule->scheme != NULL ? *rule->scheme : job->options->scheme;
    tensor->encode = tensor->quantize && ht__scheme_has_codes(&tensor->scheme);
    for (int32_t i = 0; i < target->value->desc.rank; ++i) {
        tensor->dims[i] = (size_t)target->value->desc.dims[i];
    }
    tensor->array = (ht_array){.name = target->value->name,
                               .values = tensor->original,
                               .rank = (size_t)target->value->desc.rank,
                               .dims = tensor->dims,
                               .channel_axis = target->channel_axis};
}

/* Joint level sets look at the partner too, when it is quantized as well. */
static void plan_companion(model_job *job, size_t index) {
    size_t partner = job->targets[index].companion;
    if (partner != HT_NO_TARGET && job->tensors[partner].quantize) {
        job->tensors[index].array.companion = job->tensors[partner].original;
        job->tensors[index].array.companion_count = (size_t)ht__desc_elements(&job->targets[partner].value->desc);
    }
}

static ht_status check_rules(const model_job *job, ht_error *err) {
    for (size_t i = 0; i < job->options->rule_count; ++i) {
        const ht_layer_rule *rule = &job->options->rules[i];
        bool used = false;
        for (size_t k = 0; k < job->count; ++k) {
            used = used || matches(rule->pattern, job->targets[k].value->name) ||
                   matches(rule->pattern, job->targets[k].node->name);
        }
        if (!used) {
            return ht__fail(err, HT_ERROR_ARGUMENT, "No layer of the model is called \"%s\".", rule->pattern);
        }
        if (rule->scheme != NULL) {
            HT_TRY(ht_scheme_check(rule->scheme, err));
        }
    }
    return HT_OK;
}

static ht_status plan(model_job *job, ht_error *err) {
    HT_TRY(ht__quantization_targets(job->model->graph, &job->targets, &job->count, err));
    HT_TRY(check_rules(job, err));
    job->tensors = ht__calloc(&job->ctx->allocator, job->count + 1, sizeof *job->tensors);
    if (job->tensors == NULL) {
        return ht__fail_memory(err, job->count * sizeof *job->tensors);
    }
    for (size_t i = 0; i < job->count; ++i) {
        plan_tensor(job, i);
    }
    for (size_t i = 0; i < job->count; ++i) {
        plan_companion(job, i);
    }
    return HT_OK;
}

/* ---- weights ---- */

static void quantize_tensor(void *argument, size_t index, unsigned thread) {
    (void)thread;
    model_job *job = argument;
    tensor_job *tensor = &job->tensors[index];
    if (!tensor->quantize) {
        return;
    }
    size_t elements = (size_t)ht__desc_elements(&tensor->target->value->desc);
    if (tensor->encode) {
        tensor->codes = ht__calloc(&job->ctx->allocator, elements, sizeof *tensor->codes);
        if (tensor->codes == NULL) {
            tensor->status = ht__fail_memory(&tensor->error, elements * sizeof *tensor->codes);
            return;
        }
    }
    ht_quantize_outputs outputs = {.values = tensor->values, .codes = tensor->codes, .parameters = tensor->encode};
    tensor->status =
        ht__quantize_array(job->ctx, &tensor->scheme, &tensor->array, &outputs, &tensor->result, &tensor->error);
}

static ht_status quantize_weights(model_job *job, ht_error *err) {
    ht_graph *graph = job->model->graph;
    for (size_t i = 0; i < job->count; ++i) {
        size_t bytes = (size_t)ht__desc_elements(&job->targets[i].value->desc) * sizeof(float);
        if (job->tensors[i].quantize && (job->tensors[i].values = ht__arena_alloc(graph->arena, bytes)) == NULL) {
            return ht__fail_memory(err, bytes);
        }
    }
    HT_TRY(ht__check_interrupt(job->ctx, err));
    ht__pool_each(job->ctx->pool, job->count, quantize_tensor, job);
    for (size_t i = 0; i < job->count; ++i) {
        tensor_job *tensor = &job->tensors[i];
        if (tensor->status != HT_OK) {
            if (err != NULL) {
                *err = tensor->error;
            }
            return tensor->status;
        }
        ht_value *value = job->targets[i].value;
        if (tensor->quantize) {
            value->data = tensor->values;
            value->quantization = NULL;
        }
        if (tensor->encode) {
            HT_TRY(ht__annotate_constant(graph, value, &tensor->result, tensor->codes, job->targets[i].channel_axis,
                                         &tensor->scheme, err));
        }
    }
    return HT_OK;
}

/* ---- activations ---- */

static ht_status calibrate(model_job *job, ht_error *err) {
    const ht_quantize_options *options = job->options;
    if (options->calibration == NULL) {
        return ht__fail(
            err, HT_ERROR_ARGUMENT,
            "Quantizing activations needs calibration data, samples that look like what the model will see.");
    }
    size_t samples = options->calibration_samples != 0 ? options->calibration_samples : DEFAULT_SAMPLES;
    HT_TRY(ht__quantized_activations(job->model->graph, &job->ranges, &job->range_count, err));
    return ht__calibrate(job->ctx, job->model->graph, options->calibration, samples, &options->scheme, job->ranges,
                         job->range_count, &job->calibration, err);
}

/* Activations are affine whatever the weights are: behind a ReLU half of a symmetric grid would lie idle. */
static ht_status activation_parameters(const model_job *job, const ht_activation_range *range, ht_fake_parameters *out,
                                       ht_error *err) {
    ht_scheme affine;
    ht_scheme_init(&affine);
    return ht__fake_parameters(&affine, job->options->scheme.activation_bits, range->low, range->high, out, err);
}

static ht_status annotate_activation(model_job *job, const ht_activation_range *range, ht_error *err) {
    ht_arena *arena = job->model->graph->arena;
    ht_fake_parameters parameters;
    HT_TRY(activation_parameters(job, range, &parameters, err));
    ht_scheme scheme = job->options->scheme;
    ht_scheme affine;
    ht_scheme_init(&affine);
    affine.bits = scheme.activation_bits;
    memcpy(affine.range, scheme.range, sizeof affine.range);
    affine.percentile = scheme.percentile;
    affine.fence = scheme.fence;
    affine.momentum = scheme.momentum;
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(&affine, text);
    ht_quantization *q = ht__arena_alloc(arena, sizeof *q);
    const float *scale = ht__arena_copy(arena, &parameters.scale, sizeof parameters.scale);
    const float *zero = ht__arena_copy(arena, &parameters.zero_point, sizeof parameters.zero_point);
    const char *kept = ht__arena_strdup(arena, text);
    if (q == NULL || scale == NULL || zero == NULL || kept == NULL) {
        return ht__fail_memory(err, sizeof *q);
    }
    *q = (ht_quantization){.bits = (int32_t)scheme.activation_bits,
                           .axis = -1,
                           .groups = 1,
                           .scale = scale,
                           .zero_point = zero,
                           .scheme = kept};
    range->value->quantization = q;
    return HT_OK;
}

/* ---- report ---- */

/* Writing to nowhere, for the size. */
#ifdef HT_WITH_ONNX
static bool count_bytes(void *user, const void *bytes, size_t size) {
    (void)bytes;
    *(size_t *)user += size;
    return true;
}
#endif

/* 0 when the model cannot be written: saving it will say why. */
static size_t file_size(const ht_model *model) {
    size_t size = 0;
#ifdef HT_WITH_ONNX
    if (ht__onnx_write(model, count_bytes, &size, NULL) != HT_OK) {
        size = 0;
    }
#else
    (void)model;
#endif
    return size;
}

static ht_status report_tensor(const model_job *job, const tensor_job *tensor, ht_quantize_tensor *out, ht_error *err) {
    const ht_allocator *allocator = &job->ctx->allocator;
    size_t elements = (size_t)ht__desc_elements(&tensor->target->value->desc);
    char text[HT_SCHEME_TEXT];
    *out = (ht_quantize_tensor){.name = ht__strdup(allocator, tensor->target->value->name),
                                .layer = ht__strdup(allocator, tensor->target->node->name),
                                .elements = elements,
                                .bits = 32,
                                .sqnr_db = INFINITY,
                                .bytes_ideal = elements * sizeof(float),
                                .encoded = tensor->encode};
    if (tensor->quantize) {
        ht_scheme_print(&tensor->scheme, text);
        out->scheme = ht__strdup(allocator, text);
        out->bits = tensor->scheme.bits;
        out->sqnr_db = ht__sqnr_db(&tensor->result.error);
        out->max_error = tensor->result.error.largest;
        out->bytes_ideal = (size_t)ceil(tensor->result.ideal_bits / 8.0);
    }
    bool complete = out->name != NULL && out->layer != NULL && (out->scheme != NULL || !tensor->quantize);
    return complete ? HT_OK : ht__fail_memory(err, sizeof text);
}

static ht_status report_activation(const model_job *job, const ht_activation_range *range, ht_quantize_activation *out,
                                   ht_error *err) {
    ht_fake_parameters parameters;
    HT_TRY(activation_parameters(job, range, &parameters, err));
    *out = (ht_quantize_activation){.name = ht__strdup(&job->ctx->allocator, range->value->name),
                                    .low = range->low,
                                    .high = range->high,
                                    .scale = parameters.scale,
                                    .zero_point = parameters.zero_point};
    return out->name != NULL ? HT_OK : ht__fail_memory(err, sizeof *out);
}

static ht_status fill_report(const model_job *job, const ht_model *before, ht_quantize_report *report, ht_error *err) {
    const ht_allocator *allocator = &job->ctx->allocator;
    report->tensors = ht__calloc(allocator, job->count + 1, sizeof *report->tensors);
    report->activations = ht__calloc(allocator, job->range_count + 1, sizeof *report->activations);
    if (report->tensors == NULL || report->activations == NULL) {
        return ht__fail_memory(err, job->count * sizeof *report->tensors);
    }
    for (size_t i = 0; i < job->count; ++i) {
        ++report->tensor_count;
        HT_TRY(report_tensor(job, &job->tensors[i], &report->tensors[i], err));
        report->bytes_ideal += report->tensors[i].bytes_ideal;
    }
    for (size_t i = 0; i < job->range_count; ++i) {
        ++report->activation_count;
        HT_TRY(report_activation(job, &job->ranges[i], &report->activations[i], err));
    }
    ht_model_info info;
    HT_TRY(ht_model_describe(before, &info, err));
    report->bytes_f32 = (size_t)info.bytes_f32;
    report->folded = job->folded;
    report->calibrated_samples = job->calibration.samples;
    report->convergence_count = job->calibration.points;
    report->convergence = ht__calloc(allocator, job->calibration.points + 1, sizeof *report->convergence);
    if (report->convergence == NULL) {
        return ht__fail_memory(err, job->calibration.points * sizeof *report->convergence);
    }
    memcpy(report->convergence, job->calibration.curve, job->calibration.points * sizeof *report->convergence);
    report->file_before = info.file_bytes > 0 ? (size_t)info.file_bytes : file_size(before);
    report->file_after = file_size(job->model);
    return HT_OK;
}

/* ---- all of it ---- */

static ht_status describe_run(model_job *job, ht_error *err) {
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(&job->options->scheme, text);
    HT_TRY(ht_model_metadata_set(job->model, "halftone.scheme", text, err));
    return job->options->command != NULL
               ? ht_model_metadata_set(job->model, "halftone.command", job->options->command, err)
               : HT_OK;
}

static ht_status quantize(model_job *job, const ht_model *source, ht_quantize_report *report, ht_error *err) {
    ht_graph *graph = job->model->graph;
    HT_TRY(ht__graph_sort(graph, err));
    if (job->options->fold_batch_norm) {
        HT_TRY(ht__pass_fold_batch_norm(graph, &job->folded, err));
    }
    if (job->options->scheme.activation_bits != 0) {
        HT_TRY(calibrate(job, err));
    }
    HT_TRY(plan(job, err));
    HT_TRY(quantize_weights(job, err));
    for (size_t i = 0; i < job->range_count; ++i) {
        HT_TRY(annotate_activation(job, &job->ranges[i], err));
    }
    HT_TRY(describe_run(job, err));
    return report != NULL ? fill_report(job, source, report, err) : HT_OK;
}

static void release(model_job *job) {
    const ht_allocator *allocator = &job->ctx->allocator;
    for (size_t i = 0; i < job->count && job->tensors != NULL; ++i) {
        ht__free(allocator, job->tensors[i].codes);
        ht__quantized_free(job->ctx, &job->tensors[i].result);
    }
    ht__free(allocator, job->tensors);
    ht__free(allocator, job->targets);
    ht__free(allocator, job->ranges);
}

ht_status ht_model_quantize(ht_context *ctx, const ht_model *model, const ht_quantize_options *options, ht_model **out,
                            ht_quantize_report *report, ht_error *err) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    HT_TRY(ht_scheme_check(&options->scheme, err));
    model_job job = {.ctx = ctx, .options = options};
    HT_TRY(ht__model_copy(model, &job.model, err));
    if (report != NULL) {
        *report = (ht_quantize_report){0};
    }
    ht_status status = quantize(&job, model, report, err);
    release(&job);
    if (status != HT_OK) {
        ht_quantize_report_clear(ctx, report);
        ht_model_destroy(job.model);
        return status;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (report != NULL) {
        report->seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    }
    *out = job.model;
    return HT_OK;
}
