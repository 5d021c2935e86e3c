/* Reads the store and tests every cell against its float model. */
#include <math.h>
#include <string.h>

#include "study/results.h"

/* Draws for the interval of an MSE: enough for two digits of its ends. */
#define RESAMPLES 1000

/* What the cells of one data set share. */
typedef struct collector {
    ht_study_results *results;
    const ht_allocator *allocator;
    ht_bootstrap *bootstrap; /* regression, of the present data set */
    uint32_t *predictions;   /* scratch: [samples] */
    double *squares, *differences;
    size_t samples; /* of the scratch */
} collector;

static bool is_regression(const ht_study_model_result *model) { return model->dataset.task == HT_TASK_REGRESSION; }

size_t ht__study_first_training(const ht_study *study, size_t model) {
    const ht_study_model *own = &study->models[model], *first = study->models;
    while (strcmp(first->dataset, own->dataset) != 0 || strcmp(first->name, own->name) != 0) {
        ++first;
    }
    return (size_t)(first - study->models);
}

bool ht__study_lower_is_better(const ht_study_results *results, size_t model) {
    return is_regression(&results->models[model]);
}

/* Bytes that a result's predictions must have. */
static size_t expected_bytes(const ht_store_dataset *dataset, const char *encoding) {
    size_t samples = (size_t)dataset->samples;
    if (dataset->task == HT_TASK_REGRESSION) {
        return samples * (size_t)dataset->width * sizeof(float);
    }
    return samples * (strcmp(encoding, "u8") == 0 ? sizeof(uint8_t) : sizeof(uint16_t));
}

static void decode_classes(const ht_store_result *row, size_t samples, uint32_t *out) {
    bool narrow = strcmp(row->encoding, "u8") == 0;
    for (size_t i = 0; i < samples; ++i) {
        out[i] = narrow ? ((const uint8_t *)row->predictions)[i] : ((const uint16_t *)row->predictions)[i];
    }
}

/* Squared error of each sample, the mean over its outputs. */
static void decode_squares(const ht_store_result *row, const ht_store_dataset *dataset, double *out) {
    const float *values = row->predictions, *targets = dataset->targets;
    size_t width = (size_t)dataset->width;
    for (size_t i = 0; i < (size_t)dataset->samples; ++i) {
        double sum = 0.0;
        for (size_t k = 0; k < width; ++k) {
            double error = (double)values[i * width + k] - (double)targets[i * width + k];
            sum += error * error;
        }
        out[i] = sum / (double)width;
    }
}

static ht_status read_result(collector *c, const char *hash, const ht_store_dataset *dataset, ht_store_result *out,
                             ht_error *err) {
    ht_store *store = c->results->study->store;
    bool found;
    HT_TRY(ht__store_find_result(store, hash, out, &found, err));
    if (!found || expected_bytes(dataset, out->encoding) != out->prediction_bytes) {
        if (found) {
            ht__store_clear_result(store, out);
        }
        return ht__fail(err, HT_ERROR_FORMAT, "The study's store has no fitting outputs for the result %.12s.", hash);
    }
    return HT_OK;
}

static ht_status prepare_scratch(collector *c, const ht_store_dataset *dataset, ht_error *err) {
    size_t samples = (size_t)dataset->samples;
    if (samples <= c->samples) {
        return HT_OK;
    }
    ht__free(c->allocator, c->predictions);
    ht__free(c->allocator, c->squares);
    ht__free(c->allocator, c->differences);
    c->predictions = ht__calloc(c->allocator, samples, sizeof *c->predictions);
    c->squares = ht__calloc(c->allocator, samples, sizeof *c->squares);
    c->differences = ht__calloc(c->allocator, samples, sizeof *c->differences);
    bool short_of_memory = c->predictions == NULL || c->squares == NULL || c->differences == NULL;
    c->samples = short_of_memory ? 0 : samples;
    return short_of_memory ? ht__fail_memory(err, samples * 20) : HT_OK;
}

static ht_interval classify_interval(const uint32_t *predictions, const uint32_t *labels, size_t samples) {
    uint64_t right = 0;
    for (size_t i = 0; i < samples; ++i) {
        right += predictions[i] == labels[i];
    }
    return ht_interval_wilson(right, samples);
}

/* The interval of an MSE; NAN to NAN when an output is not finite. */
static ht_status regress_interval(collector *c, const double *squares, ht_interval *out, ht_error *err) {
    ht_status status = ht_bootstrap_interval(c->bootstrap, squares, out, err);
    if (status == HT_ERROR_NUMERIC) {
        *out = (ht_interval){NAN, NAN};
        return HT_OK;
    }
    return status;
}

static ht_status load_labels(collector *c, ht_study_model_result *model, ht_error *err) {
    size_t samples = (size_t)model->dataset.samples;
    if (is_regression(model)) {
        model->squares = ht__calloc(c->allocator, samples, sizeof *model->squares);
        return model->squares != NULL ? HT_OK : ht__fail_memory(err, samples * sizeof *model->squares);
    }
    model->labels = ht__calloc(c->allocator, samples, sizeof *model->labels);
    model->predictions = ht__calloc(c->allocator, samples, sizeof *model->predictions);
    if (model->labels == NULL || model->predictions == NULL) {
        return ht__fail_memory(err, samples * sizeof *model->labels);
    }
    for (size_t i = 0; i < samples; ++i) {
        model->labels[i] = ((const uint16_t *)model->dataset.targets)[i];
    }
    return HT_OK;
}

static ht_status load_float_result(collector *c, ht_study_model_result *model, ht_error *err) {
    size_t samples = (size_t)model->dataset.samples;
    ht_store_result row;
    HT_TRY(read_result(c, model->row.result, &model->dataset, &row, err));
    model->value = row.value;
    model->loss = row.loss;
    ht_status status = HT_OK;
    if (is_regression(model)) {
        decode_squares(&row, &model->dataset, model->squares);
        status = regress_interval(c, model->squares, &model->interval, err);
    } else {
        decode_classes(&row, samples, model->predictions);
        model->interval = classify_interval(model->predictions, model->labels, samples);
    }
    ht__store_clear_result(c->results->study->store, &row);
    return status;
}

static size_t target_bytes(const ht_store_dataset *dataset) {
    bool regression = dataset->task == HT_TASK_REGRESSION;
    return (size_t)dataset->samples * (regression ? (size_t)dataset->width * sizeof(float) : sizeof(uint16_t));
}

static ht_status collect_model(collector *c, size_t index, ht_error *err) {
    ht_study *study = c->results->study;
    ht_study_model_result *model = &c->results->models[index];
    bool found;
    HT_TRY(ht__store_find_model(study->store, study->models[index].id, &model->row, &found, err));
    if (!found || strcmp(model->row.status, "done") != 0) {
        return HT_OK;
    }
    HT_TRY(ht__store_find_dataset(study->store, model->row.dataset, &model->dataset, &found, err));
    if (!found || model->dataset.samples < 1 || model->dataset.width < 0 ||
        target_bytes(&model->dataset) != model->dataset.target_bytes) {
        return ht__fail(err, HT_ERROR_FORMAT, "The study's store has no fitting targets of \"%s\".",
                        model->row.dataset);
    }
    HT_TRY(prepare_scratch(c, &model->dataset, err));
    HT_TRY(load_labels(c, model, err));
    if (is_regression(model)) {
        ht_bootstrap_destroy(c->bootstrap);
        c->bootstrap = NULL;
        HT_TRY(ht_bootstrap_create(study->ctx, (size_t)model->dataset.samples, RESAMPLES, study->spec.seed,
                                   &c->bootstrap, err));
    }
    HT_TRY(load_float_result(c, model, err));
    model->done = true;
    return HT_OK;
}

static void test_classes(collector *c, const ht_study_model_result *model, ht_study_cell_result *cell) {
    size_t samples = (size_t)model->dataset.samples;
    cell->interval = classify_interval(c->predictions, model->labels, samples);
    cell->counts = ht_paired_count(model->predictions, c->predictions, model->labels, samples);
    cell->p = ht_mcnemar_exact(cell->counts.worse, cell->counts.better);
    cell->detectable = ht_detectable_accuracy(cell->counts.worse + cell->counts.better, samples);
}

static ht_status test_errors(collector *c, const ht_study_model_result *model, ht_study_cell_result *cell,
                             ht_error *err) {
    size_t samples = (size_t)model->dataset.samples;
    cell->counts.n = samples;
    for (size_t i = 0; i < samples; ++i) {
        c->differences[i] = c->squares[i] - model->squares[i];
        cell->counts.worse += c->differences[i] > 0.0;
        cell->counts.better += c->differences[i] < 0.0;
    }
    cell->counts.flipped = cell->counts.worse + cell->counts.better;
    cell->p = ht_permutation_test(c->differences, samples);
    cell->detectable = ht_detectable_mean(c->differences, samples);
    return regress_interval(c, c->squares, &cell->interval, err);
}

static ht_status collect_cell(collector *c, size_t index, ht_error *err) {
    ht_study *study = c->results->study;
    const ht_study_cell *cell = &study->cells[index];
    ht_study_cell_result *out = &c->results->cells[index];
    const ht_study_model_result *model = &c->results->models[cell->model];
    out->p = out->p_holm = NAN;
    bool found;
    HT_TRY(ht__store_find_cell(study->store, cell->id, &out->row, &found, err));
    if (!found || strcmp(out->row.key, cell->key) != 0) {
        out->failed = model->row.status != NULL && strcmp(model->row.status, "failed") == 0;
        return HT_OK;
    }
    out->failed = strcmp(out->row.status, "done") != 0;
    if (out->failed || !model->done) {
        return HT_OK;
    }
    ht_store_result row;
    HT_TRY(read_result(c, out->row.result, &model->dataset, &row, err));
    out->value = row.value;
    out->loss = row.loss;
    out->delta = row.value - model->value;
    ht_status status = HT_OK;
    if (is_regression(model)) {
        decode_squares(&row, &model->dataset, c->squares);
        status = test_errors(c, model, out, err);
    } else {
        decode_classes(&row, (size_t)model->dataset.samples, c->predictions);
        test_classes(c, model, out);
    }
    ht__store_clear_result(study->store, &row);
    out->done = status == HT_OK;
    return status;
}

/* Holm's correction over all cells of the study, then what each difference may be called. */
static ht_status correct(ht_study_results *results, ht_error *err) {
    ht_study *study = results->study;
    double *p = ht__calloc(&study->ctx->allocator, study->cell_count + 1, sizeof *p);
    if (p == NULL) {
        return ht__fail_memory(err, study->cell_count * sizeof *p);
    }
    for (size_t i = 0; i < study->cell_count; ++i) {
        p[i] = results->cells[i].p;
    }
    ht_status status = ht_holm_adjust(study->ctx, p, study->cell_count, p, err);
    for (size_t i = 0; i < study->cell_count && status == HT_OK; ++i) {
        ht_study_cell_result *cell = &results->cells[i];
        cell->p_holm = p[i];
        if (!isnan(p[i])) {
            bool rose = cell->delta > 0.0, lower = ht__study_lower_is_better(results, study->cells[i].model);
            cell->change = p[i] >= HT_STUDY_LEVEL ? HT_STUDY_NOISE : rose == lower ? HT_STUDY_WORSE : HT_STUDY_BETTER;
        }
    }
    ht__free(&study->ctx->allocator, p);
    return status;
}

static ht_status collect_all(collector *c, ht_error *err) {
    ht_study *study = c->results->study;
    size_t cell = 0, finished = 0;
    for (size_t m = 0; m < study->model_count; ++m) {
        HT_TRY(collect_model(c, m, err));
        for (; cell < study->cell_count && study->cells[cell].model == m; ++cell) { /* in model order */
            HT_TRY(collect_cell(c, cell, err));
            finished += c->results->cells[cell].done;
        }
        HT_TRY(ht__check_interrupt(study->ctx, err));
    }
    if (finished == 0) {
        return ht__fail(err, HT_ERROR_NOT_FOUND, "No cell of the study \"%s\" is finished.", study->spec.name);
    }
    return correct(c->results, err);
}

ht_status ht__study_results_collect(ht_study *study, ht_study_results *out, ht_error *err) {
    const ht_allocator *allocator = &study->ctx->allocator;
    *out = (ht_study_results){.study = study};
    out->models = ht__calloc(allocator, study->model_count, sizeof *out->models);
    out->cells = ht__calloc(allocator, study->cell_count + 1, sizeof *out->cells);
    if (out->models == NULL || out->cells == NULL) {
        return ht__fail_memory(err, study->cell_count * sizeof *out->cells);
    }
    collector c = {.results = out, .allocator = allocator};
    ht_status status = collect_all(&c, err);
    ht_bootstrap_destroy(c.bootstrap);
    ht__free(allocator, c.predictions);
    ht__free(allocator, c.squares);
    ht__free(allocator, c.differences);
    return status;
}

void ht__study_results_free(ht_study_results *results) {
    ht_study *study = results->study;
    const ht_allocator *allocator = &study->ctx->allocator;
    for (size_t m = 0; results->models != NULL && m < study->model_count; ++m) {
        ht_study_model_result *model = &results->models[m];
        ht__store_clear_model(study->store, &model->row);
        ht__store_clear_dataset(study->store, &model->dataset);
        ht__free(allocator, model->labels);
        ht__free(allocator, model->predictions);
        ht__free(allocator, model->squares);
    }
    for (size_t i = 0; results->cells != NULL && i < study->cell_count; ++i) {
        ht__store_clear_cell(study->store, &results->cells[i].row);
    }
    ht__free(allocator, results->models);
    ht__free(allocator, results->cells);
}

bool ht__study_is_repeat(const ht_study_cell *cell) { return cell->quantization_seed > 0; }

bool ht__study_same_series(const ht_study_cell *a, const ht_study_cell *b) {
    return a->model == b->model && strcmp(a->scheme_name, b->scheme_name) == 0 &&
           a->scheme.activation_bits == b->scheme.activation_bits && a->fold_batch_norm == b->fold_batch_norm &&
           a->quantize_biases == b->quantize_biases && a->quantize_norms == b->quantize_norms;
}

uint32_t ht__study_lossless_bits(const ht_study_results *results, size_t index) {
    const ht_study *study = results->study;
    uint32_t widest_worse = 0, narrowest = 0;
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *cell = &study->cells[i];
        const ht_study_cell_result *result = &results->cells[i];
        /* A failed cell gave outputs that are not finite: worse than any. */
        bool worse =
            result->failed || (result->done && result->change != HT_STUDY_NOISE && result->change != HT_STUDY_BETTER);
        if (worse && ht__study_same_series(cell, &study->cells[index])) {
            widest_worse = cell->scheme.bits > widest_worse ? cell->scheme.bits : widest_worse;
        }
    }
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *cell = &study->cells[i];
        if (ht__study_same_series(cell, &study->cells[index]) && results->cells[i].done &&
            cell->scheme.bits > widest_worse) {
            narrowest = narrowest == 0 || cell->scheme.bits < narrowest ? cell->scheme.bits : narrowest;
        }
    }
    return narrowest;
}
