#include "study/testbed.h"

#include <math.h>
#include <string.h>

#include "passes/passes.h"

/* ---- making ---- */

static ht_status keep_parameters(ht_testbed *testbed, const ht_target *targets, size_t count, ht_error *err) {
    const ht_allocator *allocator = &testbed->ctx->allocator;
    testbed->parameters = ht__calloc(allocator, count + 1, sizeof *testbed->parameters);
    testbed->layers = ht__calloc(allocator, count + 1, sizeof *testbed->layers);
    if (testbed->parameters == NULL || testbed->layers == NULL) {
        return ht__fail_memory(err, count * sizeof *testbed->layers);
    }
    for (size_t i = 0; i < count; ++i) {
        const ht_value *value = targets[i].value;
        if (targets[i].role == HT_TARGET_OTHER) {
            continue;
        }
        size_t k = testbed->parameter_count++;
        testbed->parameters[k] =
            (ht_parameter){.value = value, .node = targets[i].node, .target = i, .data = value->data};
        ht_cell_layer *layer = &testbed->layers[k];
        *layer = (ht_cell_layer){.name = value->name,
                                 .rank = (size_t)value->desc.rank,
                                 .elements = (size_t)ht__desc_elements(&value->desc),
                                 .original = value->data};
        memcpy(layer->dims, value->desc.dims, layer->rank * sizeof *layer->dims);
    }
    return HT_OK;
}

static ht_status build(ht_testbed *testbed, ht_error *err) {
    HT_TRY(ht__graph_copy(testbed->model->graph, &testbed->graph, err));
    HT_TRY(ht__graph_sort(testbed->graph, err));
    if (testbed->fold) {
        HT_TRY(ht__pass_fold_batch_norm(testbed->graph, NULL, err));
    }
    ht_target *targets;
    size_t count;
    HT_TRY(ht__quantization_targets(testbed->graph, &targets, &count, err));
    ht_status status = keep_parameters(testbed, targets, count, err);
    ht__free(&testbed->ctx->allocator, targets);
    HT_TRY(status);
    HT_TRY(ht__evaluator_create(testbed->ctx, testbed->graph, testbed->dataset, NULL, true, &testbed->shared, err));
    return ht__probe_create(testbed, &testbed->probe, err);
}

ht_status ht__testbed_create(ht_context *ctx, const ht_model *model, bool fold, const ht_dataset *dataset,
                             ht_testbed **out, ht_error *err) {
    ht_testbed *testbed = ht__calloc(&ctx->allocator, 1, sizeof *testbed);
    if (testbed == NULL) {
        return ht__fail_memory(err, sizeof *testbed);
    }
    testbed->ctx = ctx;
    testbed->model = model;
    testbed->dataset = dataset;
    testbed->fold = fold;
    ht_status status = build(testbed, err);
    if (status != HT_OK) {
        ht__testbed_destroy(testbed);
        return status;
    }
    *out = testbed;
    return HT_OK;
}

static void clear_cell(ht_testbed *testbed) {
    ht__evaluator_destroy(testbed->own);
    testbed->own = NULL;
    ht_quantize_report_clear(testbed->ctx, &testbed->report);
    ht_model_destroy(testbed->quantized);
    testbed->quantized = NULL;
}

void ht__testbed_destroy(ht_testbed *testbed) {
    if (testbed == NULL) {
        return;
    }
    const ht_allocator *allocator = &testbed->ctx->allocator;
    clear_cell(testbed);
    ht__probe_destroy(testbed->probe);
    ht__evaluator_destroy(testbed->shared);
    ht__free(allocator, testbed->parameters);
    ht__free(allocator, testbed->layers);
    ht__graph_destroy(testbed->graph);
    ht__free(allocator, testbed);
}

/* ---- the cell in place ---- */

/* The float network's constants, and layers that say that nothing changed. */
static void put_originals(ht_testbed *testbed) {
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        ht_cell_layer *layer = &testbed->layers[i];
        testbed->parameters[i].data = layer->original;
        layer->values = layer->original;
        layer->quantized = false;
        layer->sqnr = INFINITY;
        layer->sqnr_accumulated = NAN;
        layer->max_error = 0.0;
    }
}

/* The quantized copy's constants. Folding and finding them gave the same order as here; the names prove it. */
static ht_status put_quantized(ht_testbed *testbed, const ht_target *targets, size_t count, ht_error *err) {
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        ht_parameter *parameter = &testbed->parameters[i];
        ht_cell_layer *layer = &testbed->layers[i];
        if (parameter->target >= count || count != testbed->report.tensor_count ||
            strcmp(targets[parameter->target].value->name, layer->name) != 0) {
            return ht__fail_at(err, HT_ERROR_INTERNAL, layer->name, "The quantized network has other constants.");
        }
        const ht_quantize_tensor *report = &testbed->report.tensors[parameter->target];
        parameter->data = targets[parameter->target].value->data;
        layer->values = parameter->data;
        layer->quantized = report->scheme != NULL;
        layer->sqnr = report->sqnr_db;
        layer->max_error = report->max_error;
    }
    return HT_OK;
}

static ht_status make_quantized(ht_testbed *testbed, const ht_study_cell *cell, const ht_dataset *calibration,
                                ht_error *err) {
    ht_quantize_options options = {.scheme = cell->scheme,
                                   .fold_batch_norm = testbed->fold,
                                   .quantize_biases = cell->quantize_biases,
                                   .quantize_norms = cell->quantize_norms,
                                   .calibration = calibration};
    HT_TRY(ht_model_quantize(testbed->ctx, testbed->model, &options, &testbed->quantized, &testbed->report, err));
    ht_target *targets;
    size_t count;
    HT_TRY(ht__quantization_targets(testbed->quantized->graph, &targets, &count, err));
    ht_status status = put_quantized(testbed, targets, count, err);
    ht__free(&testbed->ctx->allocator, targets);
    return status;
}

/* Everything that the outputs depend on besides the graph and the samples. */
static ht_status hash_cell(const ht_testbed *testbed, char out[65], ht_error *err) {
    ht_digest digest = ht__digest_begin();
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        const ht_cell_layer *layer = &testbed->layers[i];
        ht__digest_add(&digest, layer->name, strlen(layer->name) + 1);
        ht__digest_add(&digest, layer->values, layer->elements * sizeof(float));
    }
    for (size_t i = 0; i < testbed->report.activation_count; ++i) {
        const ht_quantize_activation *activation = &testbed->report.activations[i];
        ht__digest_add(&digest, activation->name, strlen(activation->name) + 1);
        ht__digest_add(&digest, &activation->scale, sizeof activation->scale);
        ht__digest_add(&digest, &activation->zero_point, sizeof activation->zero_point);
    }
    return ht__digest_end(&digest, out, err);
}

/* Where the steps are the shared ones, only constants change. */
static ht_status put_in_place(ht_testbed *testbed, bool activations, ht_error *err) {
    if (activations) {
        return ht__evaluator_create(testbed->ctx, testbed->quantized->graph, testbed->dataset, NULL, false,
                                    &testbed->own, err);
    }
    for (size_t i = 0; i < testbed->parameter_count; ++i) {
        HT_TRY(ht__evaluator_set_constant(testbed->shared, testbed->layers[i].name, testbed->parameters[i].data, err));
    }
    return testbed->quantized != NULL ? ht__probe_measure(testbed->probe, err) : HT_OK;
}

ht_status ht__testbed_quantize(ht_testbed *testbed, const ht_study_cell *cell, const ht_dataset *calibration,
                               ht_cell_quantized *out, ht_error *err) {
    clear_cell(testbed);
    put_originals(testbed);
    if (cell != NULL) {
        HT_TRY(make_quantized(testbed, cell, calibration, err));
    }
    HT_TRY(put_in_place(testbed, cell != NULL && cell->scheme.activation_bits != 0, err));
    *out = (ht_cell_quantized){.bytes_ideal = testbed->report.bytes_ideal,
                               .bytes_file = testbed->report.file_after,
                               .layers = testbed->layers,
                               .layer_count = testbed->parameter_count};
    return hash_cell(testbed, out->hash, err);
}

ht_status ht__testbed_evaluate(ht_testbed *testbed, ht_evaluation *out, ht_error *err) {
    /* A context with one thread belongs to one of many workers: serial, and quiet. */
    ht_pool *pool = ht__pool_threads(testbed->ctx->pool) > 1 ? testbed->ctx->pool : NULL;
    return ht__evaluator_run(testbed->own != NULL ? testbed->own : testbed->shared, pool, out, err);
}
