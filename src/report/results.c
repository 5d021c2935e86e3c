#include "report/results.h"

#include <math.h>
#include <string.h>

#define MAX_MODELS 1000
#define MAX_CELLS 200000
#define MAX_LITERATURE 10000
#define NORMAL_95 1.959963984540054 /* 97.5 % quantile of the standard normal distribution */

/* ---- reading one member ---- */

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text(const json_t *object, const char *key) {
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL ? value : "";
}

static bool flag(const json_t *object, const char *key, bool fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

/* A width: a whole number from 1 to 32; 0 when it is absent, null or anything else. */
static int width(const json_t *object, const char *key) {
    double value = number(object, key);
    return value >= 1.0 && value <= 32.0 && value == floor(value) ? (int)value : 0;
}

static ht_status wrong(ht_error *err, const char *where, const char *sentence) {
    return ht__fail_at(err, HT_ERROR_FORMAT, where, "%s", sentence);
}

/* An array of `key` with at most `limit` objects, as zeroed structs of `bytes` bytes. Absent gives count 0. */
static ht_status list(ht_results *results, const char *key, size_t limit, size_t bytes, const json_t **array, void *out,
                      size_t *count, ht_error *err) {
    *array = json_object_get(results->root, key);
    *count = 0;
    if (*array == NULL || json_is_null(*array)) {
        return HT_OK;
    }
    if (!json_is_array(*array)) {
        return wrong(err, key, "This part of the results must be a list.");
    }
    *count = json_array_size(*array);
    if (*count > limit) {
        return ht__fail_at(err, HT_ERROR_LIMIT, key, "The results list %zu entries; a report takes %zu.", *count,
                           limit);
    }
    for (size_t i = 0; i < *count; ++i) {
        if (!json_is_object(json_array_get(*array, i))) {
            return wrong(err, key, "This list of the results holds something that is not an object.");
        }
    }
    void *memory = ht__arena_alloc(results->arena, *count * bytes);
    if (memory == NULL) {
        return ht__fail_memory(err, *count * bytes);
    }
    memcpy(out, &memory, sizeof memory);
    return HT_OK;
}

/* ---- models and cells ---- */

static ht_status read_models(ht_results *results, ht_error *err) {
    const json_t *array;
    HT_TRY(list(results, "models", MAX_MODELS, sizeof *results->models, &array, &results->models, &results->model_count,
                err));
    if (results->model_count == 0) {
        return wrong(err, "models", "The results name no model.");
    }
    for (size_t i = 0; i < results->model_count; ++i) {
        const json_t *object = json_array_get(array, i), *reference = json_object_get(object, "float");
        ht_result_model *model = &results->models[i];
        model->id = text(object, "id");
        model->name = text(object, "name");
        model->dataset = text(object, "dataset");
        model->sha256 = text(object, "sha256");
        model->file = text(object, "file");
        model->regression = strcmp(text(object, "task"), "regression") == 0;
        model->parameters = number(object, "parameters");
        model->bytes = number(object, "bytes_f32");
        model->macs = number(object, "macs");
        model->value = number(reference, "value");
        model->low = number(reference, "low");
        model->high = number(reference, "high");
        model->count = number(reference, "n");
        model->loss = number(reference, "loss");
        if (model->id[0] == '\0') {
            return wrong(err, "models", "A model of the results has no id.");
        }
        if (model->name[0] == '\0') {
            model->name = model->id;
        }
        for (size_t other = 0; other < i; ++other) {
            if (strcmp(results->models[other].id, model->id) == 0) {
                return wrong(err, model->id, "Two models of the results have this id.");
            }
        }
    }
    return HT_OK;
}

/* Index of the model with this id, or model_count. */
static size_t find_model(const ht_results *results, const char *id) {
    size_t index = 0;
    while (index < results->model_count && strcmp(results->models[index].id, id) != 0) {
        ++index;
    }
    return index;
}

static ht_change change_of(const char *verdict) {
    return strcmp(verdict, "noise") == 0    ? HT_CHANGE_NOISE
           : strcmp(verdict, "worse") == 0  ? HT_CHANGE_WORSE
           : strcmp(verdict, "better") == 0 ? HT_CHANGE_BETTER
                                            : HT_CHANGE_NONE;
}

/* The 95 % interval of a difference of paired proportions from the two kinds of flipped predictions: Bonett and Price,
 * "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data" (2012). */
static void paired_interval(ht_cell *cell) {
    double total = cell->count + 2.0;
    double gained = (cell->better + 1.0) / total, lost = (cell->worse + 1.0) / total;
    double middle = gained - lost;
    double half = NORMAL_95 * sqrt((gained + lost - middle * middle) / total);
    cell->delta_low = fmax(middle - half, -1.0);
    cell->delta_high = fmin(middle + half, 1.0);
}

static void read_comparison(ht_cell *cell, const json_t *object, bool regression) {
    cell->change = change_of(text(object, "verdict"));
    cell->test = text(object, "test");
    cell->delta = number(object, "delta");
    cell->delta_low = number(object, "low");
    cell->delta_high = number(object, "high");
    cell->p = number(object, "p");
    cell->p_holm = number(object, "p_holm");
    cell->flipped = number(object, "flipped");
    cell->worse = number(object, "worse");
    cell->better = number(object, "better");
    cell->smallest_detectable = number(object, "smallest_detectable");
    if (!regression && isnan(cell->delta_low) && cell->count >= 1.0 && cell->worse >= 0.0 && cell->better >= 0.0) {
        paired_interval(cell);
    }
}

static ht_status read_layers(ht_results *results, ht_cell *cell, const json_t *array, ht_error *err) {
    cell->layer_count = json_array_size(array); /* 0 for anything but an array */
    if (cell->layer_count == 0) {
        return HT_OK;
    }
    ht_layer_error *layers = ht__arena_alloc(results->arena, cell->layer_count * sizeof *layers);
    if (layers == NULL) {
        return ht__fail_memory(err, cell->layer_count * sizeof *layers);
    }
    for (size_t i = 0; i < cell->layer_count; ++i) {
        const json_t *object = json_array_get(array, i);
        layers[i] = (ht_layer_error){text(object, "name"), number(object, "sqnr_db"),
                                     number(object, "sqnr_accumulated_db"), number(object, "max_error")};
    }
    cell->layers = layers;
    return HT_OK;
}

static ht_status read_cell(ht_results *results, const json_t *object, ht_cell *cell, ht_error *err) {
    const json_t *options = json_object_get(object, "options"), *size = json_object_get(object, "size");
    cell->id = text(object, "id");
    cell->scheme = text(object, "scheme");
    cell->scheme_text = text(object, "scheme_text");
    cell->levels = text(object, "levels");
    cell->round = text(object, "round");
    cell->granularity = text(object, "granularity");
    cell->range = text(object, "range");
    cell->error = text(object, "error");
    cell->model = find_model(results, text(object, "model"));
    if (cell->model == results->model_count) {
        return ht__fail_at(err, HT_ERROR_FORMAT, cell->id, "A cell of the results names the unknown model \"%s\".",
                           text(object, "model"));
    }
    cell->bits = width(object, "bits");
    if (cell->bits == 0) {
        return wrong(err, cell->id, "A cell of the results has no width between 1 and 32 bits.");
    }
    cell->activation_bits = width(object, "activation_bits");
    cell->fold_batch_norm = flag(options, "fold_batch_norm", false);
    cell->keep_biases = !flag(options, "quantize_biases", true);
    cell->keep_norms = !flag(options, "quantize_norms", true);
    cell->quant_seed = number(object, "quant_seed");
    cell->seconds = number(object, "seconds");
    cell->value = number(object, "value");
    cell->low = number(object, "low");
    cell->high = number(object, "high");
    cell->count = number(object, "n");
    cell->loss = number(object, "loss");
    cell->failed = strcmp(text(object, "status"), "failed") == 0 || isnan(cell->value);
    cell->bytes_ideal = number(size, "bytes_ideal");
    cell->bytes_file = number(size, "bytes_file");
    cell->ratio_ideal = number(size, "ratio_ideal");
    read_comparison(cell, json_object_get(object, "vs_float"), results->models[cell->model].regression);
    results->failed_count += cell->failed;
    return read_layers(results, cell, json_object_get(object, "layers"), err);
}

static ht_status read_cells(ht_results *results, ht_error *err) {
    const json_t *array;
    HT_TRY(
        list(results, "cells", MAX_CELLS, sizeof *results->cells, &array, &results->cells, &results->cell_count, err));
    for (size_t i = 0; i < results->cell_count; ++i) {
        HT_TRY(read_cell(results, json_array_get(array, i), &results->cells[i], err));
    }
    return HT_OK;
}

/* ---- the parts that may be absent ---- */

static ht_status read_spreads(ht_results *results, ht_error *err) {
    const json_t *array;
    size_t count;
    HT_TRY(list(results, "stochastic", MAX_CELLS, sizeof *results->spreads, &array, &results->spreads, &count, err));
    for (size_t i = 0; i < count; ++i) {
        const json_t *object = json_array_get(array, i);
        ht_spread *spread = &results->spreads[results->spread_count];
        spread->model = find_model(results, text(object, "model"));
        spread->bits = width(object, "bits");
        if (spread->model == results->model_count || spread->bits == 0) {
            return wrong(err, "stochastic", "A spread of the results names no known model or no width.");
        }
        spread->scheme = text(object, "scheme");
        spread->seeds = number(object, "seeds");
        spread->mean = number(object, "mean");
        spread->low = number(object, "spread_low");
        spread->high = number(object, "spread_high");
        ++results->spread_count;
    }
    return HT_OK;
}

/* Literature names a model without its seed: "fashion-mnist_cnn-vanilla" is "fashion-mnist_cnn-vanilla_s0" too. */
static bool same_model(const char *id, const char *wanted) {
    size_t length = strlen(wanted);
    return strncmp(id, wanted, length) == 0 && (id[length] == '\0' || id[length] == '_');
}

static const ht_cell *comparable(const ht_results *results, const ht_literature *entry) {
    for (size_t i = 0; i < results->series_count; ++i) {
        const ht_series *series = &results->series[i];
        if (strcmp(series->scheme, entry->method) == 0 && same_model(results->models[series->model].id, entry->model)) {
            const ht_cell *cell = ht__series_at(series, entry->bits);
            if (cell != NULL) {
                return cell;
            }
        }
    }
    return NULL;
}

static ht_status read_literature(ht_results *results, ht_error *err) {
    const json_t *array;
    HT_TRY(list(results, "literature", MAX_LITERATURE, sizeof *results->literature, &array, &results->literature,
                &results->literature_count, err));
    for (size_t i = 0; i < results->literature_count; ++i) {
        const json_t *object = json_array_get(array, i);
        ht_literature *entry = &results->literature[i];
        entry->model = text(object, "model");
        entry->method = text(object, "method");
        entry->source = text(object, "source");
        entry->bits = width(object, "bits");
        entry->value = number(object, "value");
        entry->ours = comparable(results, entry);
    }
    return HT_OK;
}

static ht_status read_claims(ht_results *results, ht_error *err) {
    const json_t *array;
    HT_TRY(list(results, "claims", MAX_CELLS, sizeof *results->claims, &array, &results->claims, &results->claim_count,
                err));
    for (size_t i = 0; i < results->claim_count; ++i) {
        const json_t *object = json_array_get(array, i);
        results->claims[i] =
            (ht_claim){text(object, "id"), text(object, "verdict"), text(object, "text"), number(object, "p_holm")};
    }
    return HT_OK;
}

static void read_head(ht_results *results) {
    const json_t *study = json_object_get(results->root, "study");
    results->study = text(study, "name");
    results->created = text(study, "created");
    results->version = text(study, "halftone");
    results->command = text(study, "command");
    results->cpu = text(study, "cpu");
    results->hash = text(study, "hash");
    results->seed = number(study, "seed");
    const json_t *verdict = json_object_get(results->root, "verdict");
    results->verdict_text = text(verdict, "text");
    results->verdict_command = text(verdict, "command");
    results->verdict_scheme = text(verdict, "scheme");
    results->verdict_bits = width(verdict, "bits");
    if (results->verdict_bits == 0) { /* then the sentence speaks of the narrowest lossless file */
        results->verdict_bits = width(verdict, "smallest_lossless_bits");
    }
    size_t model = find_model(results, text(verdict, "model"));
    results->verdict_model = model < results->model_count ? model : 0;
}

static ht_status read_all(ht_results *results, ht_error *err) {
    HT_TRY(read_models(results, err));
    HT_TRY(read_cells(results, err));
    HT_TRY(ht__results_group(results, err));
    HT_TRY(read_spreads(results, err));
    HT_TRY(read_literature(results, err));
    HT_TRY(read_claims(results, err));
    read_head(results);
    return HT_OK;
}

ht_status ht__results_parse(const ht_allocator *allocator, const char *json, size_t size, ht_results *out,
                            ht_error *err) {
    *out = (ht_results){0};
    json_error_t place;
    out->root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &place);
    if (out->root == NULL) {
        return ht__fail_line(err, HT_ERROR_FORMAT, "results", place.line, "The results are not valid JSON: %s.",
                             place.text);
    }
    ht_status status = ht__arena_create(allocator, &out->arena, err);
    if (status == HT_OK && strcmp(text(out->root, "format"), "halftone-results") != 0) {
        status = wrong(err, "format", "This JSON is not a halftone-results document.");
    }
    if (status == HT_OK && number(out->root, "version") != 1.0) {
        status = wrong(err, "version", "This is not version 1 of halftone-results, the one that this build reads.");
    }
    if (status == HT_OK) {
        status = read_all(out, err);
    }
    if (status != HT_OK) {
        ht__results_free(out);
    }
    return status;
}

void ht__results_free(ht_results *results) {
    json_decref(results->root);
    ht__arena_destroy(results->arena);
    *results = (ht_results){0};
}
