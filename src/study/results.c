/* The halftone-results document. */
#include "study/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

json_t *ht__json_number(double value) {
    char text[40];
    double shorter;
    snprintf(text, sizeof text, "%.9g", value);
    if (!isfinite(value) || !ht__parse_double(text, &shorter)) {
        return json_null();
    }
    return json_real(shorter);
}

/* A member of `object`; steals `value`. */
static void put(json_t *object, const char *key, json_t *value) { json_object_set_new(object, key, value); }
static void put_text(json_t *object, const char *key, const char *value) {
    put(object, key, value != NULL ? json_string(value) : json_null());
}
static void put_number(json_t *object, const char *key, double value) { put(object, key, ht__json_number(value)); }
static void put_count(json_t *object, const char *key, uint64_t value) {
    put(object, key, json_integer((json_int_t)value));
}

/* "model name" of the first processor; "" where the system does not say. */
static void processor_name(char *out, size_t size) {
    out[0] = '\0';
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            colon[strcspn(colon, "\n")] = '\0';
            snprintf(out, size, "%s", colon + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static json_t *study_json(const ht_study *study) {
    char now[32] = "", cpu[160];
    time_t seconds = time(NULL);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) != NULL) {
        strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    processor_name(cpu, sizeof cpu);
    json_t *object = json_object();
    put_text(object, "name", study->spec.name);
    put_text(object, "created", now);
    put_text(object, "halftone", ht_version());
    put_text(object, "command", study->command != NULL ? study->command : "halftone study report");
    put_text(object, "cpu", cpu);
    put_count(object, "seed", study->spec.seed);
    put_text(object, "hash", study->spec.hash);
    return object;
}

static const char *metric_name(const ht_study_model_result *model) {
    return model->dataset.task == HT_TASK_REGRESSION ? "mse" : "accuracy";
}

static json_t *model_json(const ht_study_model *model, const ht_study_model_result *result) {
    json_t *object = json_object(),
           *layers = result->row.layers != NULL ? json_loads(result->row.layers, 0, NULL) : NULL;
    put_text(object, "id", model->id);
    put_text(object, "name", model->name);
    put_text(object, "arch", model->arch);
    put_text(object, "dataset", model->dataset);
    put_text(object, "evaluated_on", model->evaluate);
    put_count(object, "seed", model->seed);
    put_text(object, "init", result->row.init);
    put_text(object, "file", model->file_shown);
    put_text(object, "sha256", result->row.sha256);
    put_count(object, "parameters", (uint64_t)result->row.parameters);
    put_count(object, "bytes_f32", (uint64_t)result->row.bytes_f32);
    put_number(object, "macs", result->row.macs);
    put_text(object, "task", result->dataset.task == HT_TASK_REGRESSION ? "regression" : "classification");
    json_t *exact = json_object();
    put_text(exact, "metric", metric_name(result));
    put_number(exact, "value", result->value);
    put_number(exact, "low", result->interval.low);
    put_number(exact, "high", result->interval.high);
    put_count(exact, "n", (uint64_t)result->dataset.samples);
    put_number(exact, "loss", result->loss);
    put(object, "float", exact);
    put(object, "layers", layers != NULL ? layers : json_array());
    return object;
}

static json_t *change_json(const ht_study_cell_result *result, bool regression) {
    static const char *const words[] = {"untested", "noise", "worse", "better"};
    json_t *object = json_object();
    put_number(object, "delta", result->delta);
    put_text(object, "test", regression ? "paired-permutation" : "mcnemar-exact");
    put_number(object, "p", result->p);
    put_number(object, "p_holm", result->p_holm);
    if (!regression) {
        put_count(object, "flipped", result->counts.flipped);
    }
    put_count(object, "worse", result->counts.worse);
    put_count(object, "better", result->counts.better);
    put_number(object, "smallest_detectable", result->detectable);
    put_text(object, "verdict", words[result->change]);
    return object;
}

static json_t *size_json(const ht_store_cell *row, int64_t bytes_f32) {
    json_t *object = json_object();
    put_count(object, "bytes_ideal", (uint64_t)row->bytes_ideal);
    put_count(object, "bytes_file", (uint64_t)row->bytes_file);
    put_number(object, "ratio_ideal", row->bytes_ideal > 0 ? (double)bytes_f32 / (double)row->bytes_ideal : NAN);
    return object;
}

static void put_scheme(json_t *object, const ht_study_cell *cell) {
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(&cell->scheme, text);
    put_text(object, "scheme", cell->scheme_name);
    put_text(object, "scheme_text", text);
    put_text(object, "levels", cell->scheme.levels);
    put_text(object, "round", cell->scheme.round);
    put_text(object, "granularity", cell->scheme.granularity);
    put_text(object, "range", cell->scheme.range);
    put_count(object, "bits", cell->scheme.bits);
    put(object, "activation_bits",
        cell->scheme.activation_bits != 0 ? json_integer((json_int_t)cell->scheme.activation_bits) : json_null());
    put(object, "options",
        json_pack("{s:b,s:b,s:b}", "fold_batch_norm", (int)cell->fold_batch_norm, "quantize_biases",
                  (int)cell->quantize_biases, "quantize_norms", (int)cell->quantize_norms));
    put_count(object, "quant_seed", cell->quantization_seed);
}

static json_t *cell_json(const ht_study_results *results, size_t index) {
    const ht_study_cell *cell = &results->study->cells[index];
    const ht_study_cell_result *result = &results->cells[index];
    const ht_study_model_result *model = &results->models[cell->model];
    json_t *object = json_object();
    put_text(object, "id", cell->id);
    put_text(object, "model", results->study->models[cell->model].id);
    put_scheme(object, cell);
    put_text(object, "status", result->done ? "done" : "failed");
    put_text(object, "error", result->done ? NULL : result->row.error != NULL ? result->row.error : model->row.error);
    if (!result->done) {
        return object;
    }
    bool regression = model->dataset.task == HT_TASK_REGRESSION;
    put_number(object, "seconds", result->row.seconds);
    put_text(object, "metric", metric_name(model));
    put_number(object, "value", result->value);
    put_number(object, "low", result->interval.low);
    put_number(object, "high", result->interval.high);
    put_count(object, "n", (uint64_t)model->dataset.samples);
    put_number(object, "loss", result->loss);
    put(object, "vs_float", change_json(result, regression));
    put(object, "size", size_json(&result->row, model->row.bytes_f32));
    json_t *layers = result->row.layers != NULL ? json_loads(result->row.layers, 0, NULL) : NULL;
    put(object, "layers", layers != NULL ? layers : json_array());
    return object;
}

json_t *ht__study_stochastic_json(const ht_study_results *results) {
    const ht_study *study = results->study;
    json_t *array = json_array();
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *first = &study->cells[i];
        double values[1000];
        size_t seeds = 0;
        /* Cells that differ in the seed stand together. */
        for (size_t k = i; k < study->cell_count && seeds < 1000 && ht__study_same_series(first, &study->cells[k]) &&
                           first->scheme.bits == study->cells[k].scheme.bits;
             ++k) {
            if (results->cells[k].done && isfinite(results->cells[k].value)) {
                values[seeds++] = results->cells[k].value;
            }
        }
        if (ht__study_is_repeat(first) || seeds < 2) {
            continue;
        }
        ht_seed_spread spread = ht_seed_spread_of(values, seeds);
        json_t *object = json_object();
        put_text(object, "model", study->models[first->model].id);
        put_text(object, "scheme", first->scheme_name);
        put_count(object, "bits", first->scheme.bits);
        put_count(object, "seeds", spread.seeds);
        put_number(object, "mean", spread.mean);
        put_number(object, "deviation", spread.deviation);
        put_number(object, "spread_low", spread.low);
        put_number(object, "spread_high", spread.high);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *models_json(const ht_study_results *results) {
    json_t *array = json_array();
    for (size_t m = 0; m < results->study->model_count; ++m) {
        if (results->models[m].done) {
            json_array_append_new(array, model_json(&results->study->models[m], &results->models[m]));
        }
    }
    return array;
}

/* Cells of models that failed altogether are left out: the document has no such model. */
static json_t *cells_json(const ht_study_results *results) {
    json_t *array = json_array();
    for (size_t i = 0; i < results->study->cell_count; ++i) {
        const ht_study_cell_result *cell = &results->cells[i];
        if ((cell->done || cell->failed) && results->models[results->study->cells[i].model].done) {
            json_array_append_new(array, cell_json(results, i));
        }
    }
    return array;
}

static void put_part(json_t *root, const char *key, json_t *part) {
    if (part != NULL) {
        put(root, key, part);
    }
}

static ht_status build(const ht_study_results *results, const ht_study_results_options *options, json_t *root,
                       ht_error *err) {
    put_text(root, "format", "halftone-results");
    put_count(root, "version", 1);
    put(root, "study", study_json(results->study));
    put(root, "models", models_json(results));
    put(root, "cells", cells_json(results));
    put_part(root, "stochastic", ht__study_stochastic_json(results));
    put_part(root, "verdict", ht__study_verdict_json(results));
    json_t *claims;
    HT_TRY(ht__study_claims_json(results, &claims, err));
    put(root, "claims", claims);
    if (options != NULL && options->literature != NULL) {
        json_t *literature;
        HT_TRY(ht__study_literature_json(results->study, options->literature, &literature, err));
        put(root, "literature", literature);
    }
    if (options != NULL && options->interactive) {
        json_t *interactive;
        HT_TRY(ht__study_interactive_json(results, &interactive, err));
        put_part(root, "interactive", interactive);
    }
    return HT_OK;
}

/* A copy of `length` bytes and a NUL by the context's allocator. */
static ht_status hand_over(const ht_context *ctx, const char *text, size_t length, char **out, size_t *size,
                           ht_error *err) {
    *out = ht__alloc(&ctx->allocator, length + 1);
    if (*out == NULL) {
        return ht__fail_memory(err, length + 1);
    }
    memcpy(*out, text, length);
    (*out)[length] = '\0';
    if (size != NULL) {
        *size = length;
    }
    return HT_OK;
}

ht_status ht__study_hand_over(const ht_context *ctx, const ht_buffer *buffer, char **out, size_t *size, ht_error *err) {
    return buffer->failed ? ht__fail_memory(err, buffer->capacity)
                          : hand_over(ctx, buffer->data, buffer->size, out, size, err);
}

ht_status ht_study_results_json(ht_study *study, const ht_study_results_options *options, char **json, size_t *size,
                                ht_error *err) {
    ht_study_results results;
    json_t *root = json_object();
    char *text = NULL;
    ht_status status;
    HT_TRY_GOTO(ht__study_results_collect(study, &results, err), finished);
    HT_TRY_GOTO(build(&results, options, root, err), finished);
    text = json_dumps(root, JSON_COMPACT);
    status = text != NULL ? hand_over(study->ctx, text, strlen(text), json, size, err) : ht__fail_memory(err, 0);
finished:
    free(text);
    json_decref(root);
    ht__study_results_free(&results);
    return status;
}

/* RFC 4180: a field with a comma, quote or line end stands in quotes. */
static void csv_field(ht_buffer *buffer, const char *text, bool last) {
    if (text != NULL && strpbrk(text, ",\"\r\n") != NULL) {
        ht__buffer_text(buffer, "\"");
        for (const char *c = text; *c != '\0'; ++c) {
            ht__buffer_append(buffer, c, 1);
            if (*c == '"') {
                ht__buffer_text(buffer, "\"");
            }
        }
        ht__buffer_text(buffer, "\"");
    } else if (text != NULL) {
        ht__buffer_text(buffer, text);
    }
    ht__buffer_text(buffer, last ? "\n" : ",");
}

static void csv_number(ht_buffer *buffer, double value) {
    if (isfinite(value)) {
        ht__buffer_printf(buffer, "%.9g", value);
    }
    ht__buffer_text(buffer, ",");
}

static void csv_cell(ht_buffer *buffer, const ht_study_results *results, size_t index) {
    static const char *const words[] = {"", "noise", "worse", "better"};
    const ht_study_cell *cell = &results->study->cells[index];
    const ht_study_cell_result *result = &results->cells[index];
    const ht_study_model_result *model = &results->models[cell->model];
    csv_field(buffer, cell->id, false);
    csv_field(buffer, results->study->models[cell->model].id, false);
    csv_field(buffer, cell->scheme_name, false);
    ht__buffer_printf(buffer, "%u,%u,%d,%d,%d,%u,", cell->scheme.bits, cell->scheme.activation_bits,
                      cell->fold_batch_norm, cell->quantize_biases, cell->quantize_norms, cell->quantization_seed);
    csv_field(buffer, result->done ? "done" : "failed", false);
    if (result->done) {
        csv_field(buffer, metric_name(model), false);
        const double numbers[] = {result->value,  result->interval.low, result->interval.high,
                                  result->loss,   result->delta,        result->p,
                                  result->p_holm, result->detectable};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
            csv_number(buffer, numbers[i]);
        }
        ht__buffer_printf(buffer, "%lld,%llu,%llu,%llu,%s,%lld,%lld,%.3f,", (long long)model->dataset.samples,
                          (unsigned long long)result->counts.flipped, (unsigned long long)result->counts.worse,
                          (unsigned long long)result->counts.better, words[result->change],
                          (long long)result->row.bytes_ideal, (long long)result->row.bytes_file, result->row.seconds);
        csv_field(buffer, NULL, true);
    } else {
        ht__buffer_text(buffer, ",,,,,,,,,,,,,,,,,");
        csv_field(buffer, result->row.error != NULL ? result->row.error : model->row.error, true);
    }
}

ht_status ht_study_csv(ht_study *study, char **csv, size_t *size, ht_error *err) {
    ht_study_results results;
    ht_buffer buffer;
    ht__buffer_init(&buffer, &study->ctx->allocator);
    ht_status status;
    HT_TRY_GOTO(ht__study_results_collect(study, &results, err), finished);
    ht__buffer_text(&buffer,
                    "cell,model,scheme,bits,activation_bits,fold_batch_norm,quantize_biases,quantize_norms,quant_seed,"
                    "status,metric,value,low,high,loss,delta,p,p_holm,smallest_detectable,n,flipped,worse,better,"
                    "verdict,bytes_ideal,bytes_file,seconds,error\n");
    for (size_t i = 0; i < study->cell_count; ++i) {
        if (results.cells[i].done || results.cells[i].failed) {
            csv_cell(&buffer, &results, i);
        }
    }
    status = ht__study_hand_over(study->ctx, &buffer, csv, size, err);
finished:
    ht__buffer_free(&buffer);
    ht__study_results_free(&results);
    return status;
}
