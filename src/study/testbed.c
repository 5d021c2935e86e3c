#include "study/testbed.h"

#include <math.h>
#include <string.h>

#include "passes/passes.h"

/* ---- making ---- */

static ht_status find_parameters(ht_testbed *testbed, ht_error *err) {
    const ht_allocator *allocator = &testbed->ctx->allocator;
    size_t bound = ht__testbed_parameters(testbed->graph, NULL);
    testbed->parameters = ht__calloc(allocator, bound + 1, sizeof *testbed->parameters);
    testbed->layers = ht__calloc(allocator, bound + 1, sizeof *testbed->layers);
    if (testbed->parameters == NULL || testbed->layers == NULL) {
        return ht__fail_memory(err, bound * sizeof *testbed->layers);
    }
    testbed->parameter_count = ht__testbed_parameters(testbed->graph, testbed->parameters);
    size_t elements = 0;
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        ht_parameter *parameter = &testbed->parameters[i];
        parameter->values = ht__calloc(allocator, parameter->elements, sizeof *parameter->values);
        if (parameter->values == NULL) {
            return ht__fail_memory(err, parameter->elements * sizeof *parameter->values);
        }
        elements += parameter->elements;
    }
    for (size_t i = 0; i < testbed->graph->value_count; ++i) {
        const ht_value *value = testbed->graph->values[i];
        if (value->data != NULL && value->desc.type == HT_F32) {
            testbed->other_elements += (size_t)ht__desc_elements(&value->desc);
        }
    }
    testbed->other_elements -= elements;
    return HT_OK;
}

static void describe_layers(ht_testbed *testbed) {
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        const ht_parameter *parameter = &testbed->parameters[i];
        ht_cell_layer *layer = &testbed->layers[i];
        *layer = (ht_cell_layer){.name = parameter->value->name,
                                 .rank = (size_t)parameter->value->desc.rank,
                                 .elements = parameter->elements,
                                 .original = parameter->value->data,
                                 .values = parameter->values};
        for (size_t d = 0; d < layer->rank; ++d) {
            layer->dims[d] = parameter->value->desc.dims[d];
        }
    }
}

static ht_status build(ht_testbed *testbed, const ht_graph *source, bool fold, const ht_dataset *dataset,
                       ht_error *err) {
    HT_TRY(ht__graph_copy(source, &testbed->graph, err));
    if (fold) {
        HT_TRY(ht__pass_fold_batch_norm(testbed->graph, NULL, err));
        ht__graph_prune(testbed->graph);
    }
    HT_TRY(find_parameters(testbed, err));
    describe_layers(testbed);
    HT_TRY(ht__evaluator_create(testbed->ctx, testbed->graph, dataset, NULL, true, &testbed->evaluator, err));
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        const ht_parameter *parameter = &testbed->parameters[i];
        HT_TRY(ht__evaluator_set_constant(testbed->evaluator, parameter->value->name, parameter->values, err));
    }
    return ht__probe_create(testbed, dataset, &testbed->probe, err);
}

ht_status ht__testbed_create(ht_context *ctx, const ht_graph *source, bool fold, const ht_dataset *dataset,
                             ht_testbed **out, ht_error *err) {
    ht_testbed *testbed = ht__calloc(&ctx->allocator, 1, sizeof *testbed);
    if (testbed == NULL) {
        return ht__fail_memory(err, sizeof *testbed);
    }
    testbed->ctx = ctx;
    ht_status status = build(testbed, source, fold, dataset, err);
    if (status != HT_OK) {
        ht__testbed_destroy(testbed);
        return status;
    }
    *out = testbed;
    return HT_OK;
}

void ht__testbed_destroy(ht_testbed *testbed) {
    if (testbed == NULL) {
        return;
    }
    const ht_allocator *allocator = &testbed->ctx->allocator;
    ht__probe_destroy(testbed->probe);
    ht__evaluator_destroy(testbed->evaluator);
    for (size_t i = 0; testbed->parameters != NULL && i < testbed->parameter_count; ++i) {
        ht__free(allocator, testbed->parameters[i].values);
    }
    ht__free(allocator, testbed->parameters);
    ht__free(allocator, testbed->layers);
    ht__graph_destroy(testbed->graph);
    ht__free(allocator, testbed);
}

/* ---- quantizing ---- */

typedef struct quantizing {
    ht_testbed *testbed;
    const ht_study_cell *cell;
    ht_status *statuses; /* [parameter_count] */
    ht_error *errors;
    double *ideal_bits;
} quantizing;

static bool is_touched(const ht_study_cell *cell, const ht_parameter *parameter) {
    switch (parameter->role) {
    case HT_ROLE_WEIGHT: return true;
    case HT_ROLE_BIAS: return cell->quantize_biases;
    case HT_ROLE_NORM: return cell->quantize_norms;
    }
    return false;
}

static void quantize_one(void *argument, size_t index, unsigned thread) {
    (void)thread;
    quantizing *job = argument;
    ht_testbed *testbed = job->testbed;
    const ht_parameter *parameter = &testbed->parameters[index];
    ht_cell_layer *layer = &testbed->layers[index];
    size_t dims[HT_MAX_RANK];
    for (size_t d = 0; d < layer->rank; ++d) {
        dims[d] = (size_t)layer->dims[d];
    }
    ht_array array = {.name = layer->name,
                      .values = layer->original,
                      .rank = layer->rank,
                      .dims = dims,
                      .channel_axis = parameter->channel_axis};
    /* A companion that stays float shares no levels. */
    if ((job->cell->scheme.quirks & HT_QUIRK_JOINT_BIAS) != 0 && parameter->companion != SIZE_MAX &&
        is_touched(job->cell, &testbed->parameters[parameter->companion]) &&
        strcmp(job->cell->scheme.granularity, "tensor") == 0) {
        array.companion = testbed->layers[parameter->companion].original;
        array.companion_count = testbed->layers[parameter->companion].elements;
    }
    ht_quantize_outputs outputs = {.values = parameter->values};
    ht_quantized quantized;
    job->statuses[index] =
        ht__quantize_array(testbed->ctx, &job->cell->scheme, &array, &outputs, &quantized, &job->errors[index]);
    if (job->statuses[index] == HT_OK) {
        layer->quantized = true;
        layer->sqnr = ht__sqnr_db(&quantized.error);
        layer->max_error = quantized.error.largest;
        job->ideal_bits[index] = quantized.ideal_bits;
        ht__quantized_free(testbed->ctx, &quantized);
    }
}

static void leave_one(ht_testbed *testbed, size_t index) {
    ht_cell_layer *layer = &testbed->layers[index];
    memcpy(testbed->parameters[index].values, layer->original, layer->elements * sizeof(float));
    layer->quantized = false;
    layer->sqnr = INFINITY;
    layer->sqnr_accumulated = NAN;
    layer->max_error = 0.0;
}

static void quantize_or_leave(void *argument, size_t index, unsigned thread) {
    quantizing *job = argument;
    if (job->cell != NULL && is_touched(job->cell, &job->testbed->parameters[index])) {
        quantize_one(argument, index, thread);
    } else {
        leave_one(job->testbed, index);
    }
}

/* Codes take whole bytes in a file, what is left float four. */
static void sum_sizes(const quantizing *job, ht_cell_quantized *out) {
    const ht_testbed *testbed = job->testbed;
    double ideal = 4.0 * (double)testbed->other_elements, file = ideal;
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        double elements = (double)testbed->parameters[i].elements;
        if (testbed->layers[i].quantized) {
            double overhead = job->ideal_bits[i] - elements * job->cell->scheme.bits;
            ideal += job->ideal_bits[i] / 8.0;
            file += elements * (job->cell->scheme.bits > 8 ? 2.0 : 1.0) + fmax(0.0, overhead) / 8.0;
        } else {
            ideal += 4.0 * elements;
            file += 4.0 * elements;
        }
    }
    out->bytes_ideal = (size_t)ceil(ideal);
    out->bytes_file = (size_t)ceil(file);
}

static ht_status hash_values(const ht_testbed *testbed, char out[65], ht_error *err) {
    ht_digest digest = ht__digest_begin();
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        const ht_parameter *parameter = &testbed->parameters[i];
        ht__digest_add(&digest, parameter->value->name, strlen(parameter->value->name) + 1);
        ht__digest_add(&digest, parameter->values, parameter->elements * sizeof(float));
    }
    return ht__digest_end(&digest, out, err);
}

static ht_status quantize_all(quantizing *job, ht_cell_quantized *out, ht_error *err) {
    ht_testbed *testbed = job->testbed;
    ht__pool_each(testbed->ctx->pool, testbed->parameter_count, quantize_or_leave, job);
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        if (job->statuses[i] != HT_OK) {
            if (err != NULL) {
                *err = job->errors[i];
            }
            return job->statuses[i];
        }
    }
    sum_sizes(job, out);
    out->layers = testbed->layers;
    out->layer_count = testbed->parameter_count;
    HT_TRY(hash_values(testbed, out->hash, err));
    return job->cell != NULL ? ht__probe_measure(testbed->probe, testbed->layers, err) : HT_OK;
}

ht_status ht__testbed_quantize(ht_testbed *testbed, const ht_study_cell *cell, ht_cell_quantized *out, ht_error *err) {
    const ht_allocator *allocator = &testbed->ctx->allocator;
    size_t count = testbed->parameter_count + 1;
    quantizing job = {.testbed = testbed,
                      .cell = cell,
                      .statuses = ht__calloc(allocator, count, sizeof *job.statuses),
                      .errors = ht__calloc(allocator, count, sizeof *job.errors),
                      .ideal_bits = ht__calloc(allocator, count, sizeof *job.ideal_bits)};
    ht_status status = job.statuses == NULL || job.errors == NULL || job.ideal_bits == NULL
                           ? ht__fail_memory(err, count * sizeof *job.errors)
                           : quantize_all(&job, out, err);
    ht__free(allocator, job.statuses);
    ht__free(allocator, job.errors);
    ht__free(allocator, job.ideal_bits);
    return status;
}
