/* Quantizing a model: fold, calibrate, quantize each constant, annotate, report. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "passes/passes.h"
#include "quant/annotate.h"
#include "quant/dynamic.h"
#include "quant/job.h"
#include "quant/static.h"

enum { DEFAULT_SAMPLES = 512 };

void ht_quantize_options_init(ht_quantize_options *options) {
    *options = (ht_quantize_options){0};
    ht_scheme_init(&options->scheme);
}

size_t ht__calibration_samples(const ht_quantize_options *options) {
    return options->calibration_samples != 0 ? options->calibration_samples : DEFAULT_SAMPLES;
}

/* ---- what becomes of each constant ---- */

static bool is_wanted(const ht_quantize_options *options, const ht_target *target) {
    switch (target->role) {
    case HT_TARGET_WEIGHT: return true;
    case HT_TARGET_BIAS: return options->quantize_biases;
    case HT_TARGET_NORM: return options->quantize_norms;
    case HT_TARGET_OTHER: break;
    }
    return false;
}

static void plan_tensor(ht_quantize_job *job, size_t index) {
    ht_tensor_job *tensor = &job->tensors[index];
    const ht_target *target = tensor->target = &job->targets[index];
    const ht_layer_rule *rule = ht__rule_for(&job->scope, target->node, target->value);
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
static void plan_companion(ht_quantize_job *job, size_t index) {
    size_t partner = job->targets[index].companion;
    if (partner != HT_NO_TARGET && job->tensors[partner].quantize) {
        job->tensors[index].array.companion = job->tensors[partner].original;
        job->tensors[index].array.companion_count = (size_t)ht__desc_elements(&job->targets[partner].value->desc);
    }
}

static ht_status plan(ht_quantize_job *job, ht_error *err) {
    HT_TRY(ht__quantization_targets(job->model->graph, &job->targets, &job->count, err));
    job->scope = ht__rule_scope(job->model->graph, job->options->rules, job->options->rule_count);
    HT_TRY(ht__rules_check(&job->scope, job->model->graph, err));
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
    ht_quantize_job *job = argument;
    ht_tensor_job *tensor = &job->tensors[index];
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

/* Where weights alone have codes, the file is there to be small; runtimes that compute on codes want whole bytes. */
static ht_status annotate_weights(ht_quantize_job *job, ht_error *err) {
    ht_graph *graph = job->model->graph;
    bool weights_only = job->options->kind == HT_KIND_SIMULATED && job->options->scheme.activation_bits == 0;
    for (size_t i = 0; i < job->count; ++i) {
        ht_tensor_job *tensor = &job->tensors[i];
        ht_value *value = job->targets[i].value;
        if (tensor->quantize) {
            value->data = tensor->values;
            value->quantization = NULL;
        }
        if (tensor->encode) {
            HT_TRY(ht__annotate_constant(graph, value, &tensor->result, tensor->codes, job->targets[i].channel_axis,
                                         &tensor->scheme, err));
            value->quantization->packed = weights_only;
        }
    }
    return HT_OK;
}

static ht_status quantize_weights(ht_quantize_job *job, ht_error *err) {
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
        if (job->tensors[i].status != HT_OK) {
            if (err != NULL) {
                *err = job->tensors[i].error;
            }
            return job->tensors[i].status;
        }
    }
    HT_TRY(ht__adapt_layers(job, err));
    return annotate_weights(job, err);
}

/* ---- activations ---- */

/* Runs the samples to learn job->ranges. */
static ht_status calibrate(ht_quantize_job *job, ht_error *err) {
    const ht_quantize_options *options = job->options;
    if (options->calibration == NULL) {
        return ht__fail(
            err, HT_ERROR_ARGUMENT,
            "Quantizing activations needs calibration data, samples that look like what the model will see.");
    }
    ht_calibration_targets targets = {job->ranges, job->range_count, job->means, job->mean_count,
                                      options->calibration_bf16};
    return ht__calibrate(job->ctx, job->model->graph, options->calibration, ht__calibration_samples(options),
                         &job->activations, &targets, &job->calibration, err);
}

static ht_status calibrate_simulated(ht_quantize_job *job, ht_error *err) {
    HT_TRY(ht__quantized_activations(job->model->graph, &job->ranges, &job->range_count, err));
    return calibrate(job, err);
}

/* Activations are affine whatever the weights are: behind a ReLU half of a symmetric grid would lie idle. */
static ht_status annotate_simulated(ht_quantize_job *job, ht_error *err) {
    ht_activation_style style = {
        .bits = job->options->scheme.activation_bits, .codes = HT_ACTIVATIONS_UNSIGNED, .range = &job->activations};
    return ht__annotate_ranges(job->model->graph, job->ranges, job->range_count, &style, err);
}

/* Nodes whose weights a rule keeps in float compute on real numbers. */
static ht_status calibrate_static(ht_quantize_job *job, ht_error *err) {
    ht_graph *graph = job->model->graph;
    bool *real = ht__calloc(&job->ctx->allocator, graph->node_count + 1, sizeof *real);
    if (real == NULL) {
        return ht__fail_memory(err, graph->node_count);
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_layer_rule *rule = ht__rule_for(&job->scope, graph->nodes[i], NULL);
        real[i] = rule != NULL && rule->scheme == NULL;
    }
    ht_status status = ht__place_activations(graph, real, &job->placement, err);
    ht__free(&job->ctx->allocator, real);
    HT_TRY(status);
    job->ranges = job->placement.ranges;
    job->range_count = job->placement.range_count;
    HT_TRY(ht__channel_means_for(graph, &job->means, &job->mean_count, err));
    HT_TRY(calibrate(job, err));
    ht__placement_join(graph, &job->placement);
    return HT_OK;
}

static ht_status annotate_static(ht_quantize_job *job, ht_error *err) {
    ht_graph *graph = job->model->graph;
    ht_activation_style style = {.bits = job->options->scheme.activation_bits,
                                 .codes = job->options->activations,
                                 .fixed = true,
                                 .range = &job->activations};
    HT_TRY(ht__annotate_ranges(graph, job->ranges, job->range_count, &style, err));
    ht__placement_share(graph, &job->placement);
    for (size_t i = 0; i < job->count; ++i) {
        const ht_tensor_job *tensor = &job->tensors[i];
        HT_TRY(tensor->quantize && tensor->target->role == HT_TARGET_WEIGHT
                   ? ht__correct_bias(graph, tensor->target->value, tensor->original, job->means, job->mean_count, err)
                   : HT_OK);
    }
    HT_TRY(ht__quantize_operands(graph, style.codes, err));
    HT_TRY(ht__quantize_biases(graph, err));
    return ht__pass_drop_saturated(graph, &job->dropped, err);
}

/* ---- all of it ---- */

static ht_status choose_requantization(ht_quantize_job *job, ht_error *err) {
    static const char *const rules[] = {[HT_REQUANT_FLOAT] = "float", [HT_REQUANT_FIXED] = "fixed"};
    if (job->options->requantize == HT_REQUANTIZE_AS_SOURCE) {
        return HT_OK;
    }
    ht_graph *graph = job->model->graph;
    graph->requant = job->options->requantize == HT_REQUANTIZE_FIXED ? HT_REQUANT_FIXED : HT_REQUANT_FLOAT;
    return ht_model_metadata_set(job->model, HT_METADATA_REQUANTIZE, rules[graph->requant], err);
}

static ht_status describe_run(ht_quantize_job *job, ht_error *err) {
    char text[HT_SCHEME_TEXT];
    HT_TRY(choose_requantization(job, err));
    ht_scheme_print(&job->options->scheme, text);
    HT_TRY(ht_model_metadata_set(job->model, "halftone.scheme", text, err));
    return job->options->command != NULL
               ? ht_model_metadata_set(job->model, "halftone.command", job->options->command, err)
               : HT_OK;
}

/* A model with codes already has lost the numbers that codes are made from. */
static ht_status check_source(const ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->value_count; ++i) {
        const ht_value *value = graph->values[i];
        if (value->quantization != NULL && value->data == NULL && (value->producer != NULL || value->is_input)) {
            return ht__fail_at(err, HT_ERROR_ARGUMENT, value->name,
                               "The model is quantized already: activation %s has codes. Start from the float model.",
                               value->name);
        }
    }
    return HT_OK;
}

static ht_status quantize(ht_quantize_job *job, const ht_model *source, ht_quantize_report *report, ht_error *err) {
    ht_graph *graph = job->model->graph;
    bool is_static = job->options->kind == HT_KIND_STATIC, is_dynamic = job->options->kind == HT_KIND_DYNAMIC;
    bool simulates = !is_static && !is_dynamic && job->options->scheme.activation_bits != 0;
    HT_TRY(ht__graph_sort(graph, err));
    if (is_static || is_dynamic) {
        HT_TRY(check_source(graph, err));
        HT_TRY(ht__pass_fold_constants(graph, err));
    }
    if (is_static || is_dynamic || job->options->fold_batch_norm) {
        HT_TRY(ht__pass_fold_batch_norm(graph, &job->folded, err));
    }
    HT_TRY(simulates ? calibrate_simulated(job, err) : HT_OK);
    HT_TRY(plan(job, err));
    HT_TRY(is_static ? calibrate_static(job, err) : HT_OK);
    HT_TRY(ht__measure_layers(job, err));
    HT_TRY(quantize_weights(job, err));
    HT_TRY(simulates ? annotate_simulated(job, err) : is_static ? annotate_static(job, err) : HT_OK);
    HT_TRY(is_dynamic ? ht__make_dynamic(graph, err) : HT_OK);
    HT_TRY(describe_run(job, err));
    return report != NULL ? ht__fill_report(job, source, report, err) : HT_OK;
}

static void release(ht_quantize_job *job) {
    const ht_allocator *allocator = &job->ctx->allocator;
    for (size_t i = 0; i < job->count && job->tensors != NULL; ++i) {
        ht__free(allocator, job->tensors[i].codes);
        ht__quantized_free(job->ctx, &job->tensors[i].result);
    }
    ht__free(allocator, job->tensors);
    ht__free(allocator, job->targets);
    ht__channel_means_free(allocator, job->means, job->mean_count);
    ht__grams_free(allocator, job->grams, job->gram_count);
    ht__free(allocator, job->gram_tensors);
    if (job->placement.owner != NULL) {
        ht__placement_free(job->model->graph, &job->placement); /* job->ranges are its */
    } else {
        ht__free(allocator, job->ranges);
    }
}

ht_status ht_model_quantize(ht_context *ctx, const ht_model *model, const ht_quantize_options *options, ht_model **out,
                            ht_quantize_report *report, ht_error *err) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    HT_TRY(ht_scheme_check(&options->scheme, err));
    ht_quantize_job job = {.ctx = ctx, .options = options};
    job.activations = options->activation_range != NULL ? *options->activation_range : options->scheme;
    job.activations.activation_bits = options->scheme.activation_bits;
    HT_TRY(ht_scheme_check(&job.activations, err));
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
