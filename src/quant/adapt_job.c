/* Adaptive rounding within the quantization of a model: which layers are measured, and what becomes of their codes. */
#include <string.h>

#include "quant/adapt.h"
#include "quant/job.h"
#include "quant/rounding.h"

static bool is_adaptive(const ht_tensor_job *tensor) {
    return tensor->quantize && tensor->target->role == HT_TARGET_WEIGHT && ht__rounding(tensor->scheme.round)->adaptive;
}

/* Lists the layers to measure; those of other operators keep their closest levels. */
static ht_status list_layers(ht_quantize_job *job, size_t *wanted, ht_error *err) {
    *wanted = 0;
    job->grams = ht__calloc(&job->ctx->allocator, job->count + 1, sizeof *job->grams);
    job->gram_tensors = ht__calloc(&job->ctx->allocator, job->count + 1, sizeof *job->gram_tensors);
    if (job->grams == NULL || job->gram_tensors == NULL) {
        return ht__fail_memory(err, job->count * sizeof *job->grams);
    }
    for (size_t i = 0; i < job->count; ++i) {
        const ht_target *target = job->tensors[i].target;
        *wanted += is_adaptive(&job->tensors[i]);
        if (is_adaptive(&job->tensors[i]) && target->node->input_count > 1 &&
            target->node->inputs[1] == target->value && ht__gram_describe(target->node, &job->grams[job->gram_count])) {
            job->gram_tensors[job->gram_count++] = i;
        }
    }
    return HT_OK;
}

ht_status ht__measure_layers(ht_quantize_job *job, ht_error *err) {
    const ht_quantize_options *options = job->options;
    size_t wanted;
    HT_TRY(list_layers(job, &wanted, err));
    if (wanted == 0) {
        return HT_OK;
    }
    if (options->calibration == NULL) {
        return ht__fail(
            err, HT_ERROR_ARGUMENT,
            "The rounding adaptive needs calibration data, samples that look like what the model will see.");
    }
    HT_TRY(ht__grams_collect(job->ctx, job->model->graph, options->calibration, ht__calibration_samples(options),
                             job->grams, job->gram_count, err));
    size_t measured = 0;
    for (size_t i = 0; i < job->gram_count; ++i) {
        measured += job->grams[i].rows > 0;
    }
    if (measured < wanted) {
        ht__message(job->ctx, "note",
                    "%zu of %zu layers keep the closest levels: they are too wide to adapt, or no "
                    "convolution or matrix product.",
                    wanted - measured, wanted);
    }
    return HT_OK;
}

/* In a static model biases take the mean out of what rounding adds. */
static bool is_centred(const ht_quantize_job *job, const ht_node *node) {
    return job->options->kind == HT_KIND_STATIC && node->input_count > 2 && node->inputs[2] != NULL &&
           node->inputs[2]->data != NULL;
}

ht_status ht__adapt_layers(ht_quantize_job *job, ht_error *err) {
    for (size_t i = 0; i < job->gram_count; ++i) {
        ht_tensor_job *tensor = &job->tensors[job->gram_tensors[i]];
        if (job->grams[i].rows == 0) {
            continue;
        }
        if (tensor->codes == NULL || tensor->result.kind != HT_LEVELS_GRID) {
            return ht__fail_at(
                err, HT_ERROR_ARGUMENT, tensor->target->value->name,
                "The rounding adaptive needs levels at even steps (affine, symmetric, power-of-two), not "
                "%s.",
                tensor->scheme.levels);
        }
        ht_adaptation adaptation = {.gram = &job->grams[i],
                                    .centred = is_centred(job, job->grams[i].node),
                                    .original = tensor->original,
                                    .codes = tensor->codes,
                                    .values = tensor->values,
                                    .quantized = &tensor->result};
        HT_TRY(ht__check_interrupt(job->ctx, err));
        HT_TRY(ht__adapt_rounding(job->ctx, &adaptation, err));
        ht__progress(job->ctx, "rounding", (double)(i + 1), (double)job->gram_count, "%s", tensor->target->value->name);
    }
    return HT_OK;
}
