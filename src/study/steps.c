/* The single steps of a run: a model trained and measured, a cell quantized and evaluated, a failure recorded. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "study/run.h"

double ht__study_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- what the store holds ---- */

ht_status ht__study_model_is_done(ht_study *study, size_t model, bool *done, bool *failed, ht_error *err) {
    ht_store_model row;
    bool found;
    HT_TRY(ht__store_find_model(study->store, study->models[model].id, &row, &found, err));
    *done = found && row.result != NULL && strcmp(row.status, "done") == 0;
    *failed = found && strcmp(row.status, "failed") == 0;
    if (found) {
        ht__store_clear_model(study->store, &row);
    }
    return HT_OK;
}

ht_status ht__study_cell_is_done(ht_study *study, size_t cell, bool *done, bool *failed, bool *reused, ht_error *err) {
    ht_store_cell row;
    bool found;
    HT_TRY(ht__store_find_cell(study->store, study->cells[cell].id, &row, &found, err));
    bool same = found && strcmp(row.key, study->cells[cell].key) == 0;
    *done = same && strcmp(row.status, "done") == 0;
    *failed = same && !*done;
    *reused = *done && row.reused;
    if (found) {
        ht__store_clear_cell(study->store, &row);
    }
    return HT_OK;
}

/* ---- JSON of layers ---- */

/* Six digits are more than any of these figures is good for. */
static double shortened(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.6g", value);
    double shorter;
    return ht__parse_double(text, &shorter) ? shorter : value;
}

static json_t *real_or_null(double value) { return isfinite(value) ? json_real(shortened(value)) : json_null(); }

/* The text belongs to jansson's allocator: free(). NULL when memory is short. */
static char *cell_layers_json(const ht_cell_quantized *quantized) {
    json_t *array = json_array();
    for (size_t i = 0; i < quantized->layer_count; ++i) {
        const ht_cell_layer *layer = &quantized->layers[i];
        if (layer->quantized) {
            json_array_append_new(array, json_pack("{s:s,s:o,s:o,s:o}", "name", layer->name, "sqnr_db",
                                                   real_or_null(layer->sqnr), "sqnr_accumulated_db",
                                                   real_or_null(layer->sqnr_accumulated), "max_error",
                                                   real_or_null(layer->max_error)));
        }
    }
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

static char *model_layers_json(const ht_cell_quantized *quantized) {
    json_t *array = json_array();
    for (size_t i = 0; i < quantized->layer_count; ++i) {
        const ht_cell_layer *layer = &quantized->layers[i];
        json_t *shape = json_array();
        for (size_t d = 0; d < layer->rank; ++d) {
            json_array_append_new(shape, json_integer(layer->dims[d]));
        }
        json_array_append_new(array, json_pack("{s:s,s:I,s:o}", "name", layer->name, "elements",
                                               (json_int_t)layer->elements, "shape", shape));
    }
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

static char *class_names_json(const ht_cell_data *data) {
    json_t *array = json_array();
    for (size_t i = 0; data->class_names != NULL && i < data->classes; ++i) {
        json_array_append_new(array, json_string(data->class_names[i]));
    }
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

/* ---- results as blobs ---- */

/* Classes below 256 take a byte each. *owned is to be freed by the caller (NULL: the blob is the outcome's array). */
static ht_status encode_result(const ht_study *study, const ht_cell_data *data, const ht_cell_outcome *outcome,
                               char *hash, ht_store_result *out, uint8_t **owned, ht_error *err) {
    *owned = NULL;
    *out = (ht_store_result){.hash = hash, .value = outcome->value, .loss = outcome->loss};
    if (data->task == HT_TASK_REGRESSION) {
        out->encoding = (char *)"f32";
        out->predictions = (void *)outcome->outputs;
        out->prediction_bytes = data->samples * data->width * sizeof(float);
    } else if (data->classes > 256) {
        out->encoding = (char *)"u16";
        out->predictions = (void *)outcome->predictions;
        out->prediction_bytes = data->samples * sizeof(uint16_t);
    } else {
        *owned = ht__alloc(&study->ctx->allocator, data->samples);
        if (*owned == NULL) {
            return ht__fail_memory(err, data->samples);
        }
        for (size_t i = 0; i < data->samples; ++i) {
            (*owned)[i] = (uint8_t)outcome->predictions[i];
        }
        out->encoding = (char *)"u8";
        out->predictions = *owned;
        out->prediction_bytes = data->samples;
    }
    return HT_OK;
}

/* Class indices as u16, or the regression targets. */
static ht_status store_dataset(ht_study *study, const char *spec, const ht_cell_data *data, ht_error *err) {
    ht_store_dataset row = {.spec = (char *)spec,
                            .task = data->task,
                            .samples = (int64_t)data->samples,
                            .classes = (int64_t)data->classes,
                            .width = (int64_t)data->width};
    if (data->task == HT_TASK_REGRESSION) {
        row.targets = (void *)data->targets;
        row.target_bytes = data->samples * data->width * sizeof(float);
        return ht__store_put_dataset(study->store, &row, err);
    }
    uint16_t *labels = ht__calloc(&study->ctx->allocator, data->samples, sizeof *labels);
    char *names = class_names_json(data);
    ht_status status = HT_OK;
    if (labels == NULL || names == NULL) {
        status = ht__fail_memory(err, data->samples * sizeof *labels);
    } else {
        for (size_t i = 0; i < data->samples; ++i) {
            labels[i] = (uint16_t)data->targets[i];
        }
        row.class_names = names;
        row.targets = labels;
        row.target_bytes = data->samples * sizeof *labels;
        status = ht__store_put_dataset(study->store, &row, err);
    }
    ht__free(&study->ctx->allocator, labels);
    free(names);
    return status;
}

/* The hash of outputs: the weights in place, on these samples. */
static void result_hash(const char *weights, const char *evaluate, char out[65]) {
    char text[512];
    int length = snprintf(text, sizeof text, "%s|%s", weights, evaluate);
    ht__sha256_hex(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1, out);
}

/* ---- steps ---- */

static ht_status measure_float(ht_study *study, ht_cell_session *session, size_t index, double began, ht_error *err) {
    const ht_study_model *model = &study->models[index];
    ht_cell_facts facts;
    ht_cell_data data;
    study->work->describe(session, &facts, &data);
    ht_cell_quantized quantized;
    ht_cell_outcome outcome;
    char hash[65], file_hash[65];
    HT_TRY(study->work->quantize(session, NULL, &quantized, err));
    HT_TRY(study->work->evaluate(session, &outcome, err));
    HT_TRY(ht__sha256_file(model->file, file_hash, err));
    HT_TRY(store_dataset(study, model->evaluate, &data, err));
    result_hash(quantized.hash, model->evaluate, hash);
    ht_store_result result;
    uint8_t *owned;
    HT_TRY(encode_result(study, &data, &outcome, hash, &result, &owned, err));
    ht_status status = ht__store_put_result(study->store, &result, err);
    ht__free(&study->ctx->allocator, owned);
    HT_TRY(status);
    char *layers = model_layers_json(&quantized);
    ht_store_model row = {.id = (char *)model->id,
                          .key = (char *)model->key,
                          .status = (char *)"done",
                          .file = (char *)model->file_shown,
                          .sha256 = file_hash,
                          .dataset = (char *)model->evaluate,
                          .init = (char *)model->init,
                          .result = hash,
                          .layers = layers,
                          .parameters = (int64_t)facts.parameters,
                          .bytes_f32 = (int64_t)facts.bytes_f32,
                          .macs = facts.macs,
                          .seconds = ht__study_clock() - began};
    status = ht__store_put_model(study->store, &row, err);
    free(layers);
    return status;
}

/* Trains unless the network is there. A file that the store knows nothing of is taken as it is: the run was killed
 * between writing the file and this note, or someone brought a ready-made network. */
static ht_status train_if_needed(ht_study *study, ht_context *ctx, const ht_study_model *model, ht_error *err) {
    char note[300], *trained;
    snprintf(note, sizeof note, "trained:%s", model->id);
    HT_TRY(ht__store_get(study->store, note, &trained, err));
    bool needed = !ht__file_exists(model->file) || (trained != NULL && strcmp(trained, model->key) != 0);
    ht__free(&study->ctx->allocator, trained);
    if (needed) {
        HT_TRY(study->work->train(study->work->self, ctx, study, model, err));
    }
    return ht__store_set(study->store, note, model->key, err);
}

ht_status ht__study_prepare_model(ht_study *study, ht_context *ctx, size_t index, ht_error *err) {
    const ht_study_model *model = &study->models[index];
    double began = ht__study_clock();
    if (model->arch != NULL) {
        HT_TRY(train_if_needed(study, ctx, model, err));
    }
    ht_cell_session *session;
    HT_TRY(study->work->open(study->work->self, ctx, study, model, &session, err));
    ht_status status = measure_float(study, session, index, began, err);
    study->work->close(session);
    return status;
}

ht_status ht__study_finish_cell(ht_study *study, ht_cell_session *session, const ht_study_cell *cell, ht_error *err) {
    const ht_study_model *model = &study->models[cell->model];
    double began = ht__study_clock();
    ht_cell_facts facts;
    ht_cell_data data;
    study->work->describe(session, &facts, &data);
    ht_cell_quantized quantized;
    HT_TRY(study->work->quantize(session, cell, &quantized, err));
    char hash[65];
    result_hash(quantized.hash, model->evaluate, hash);
    bool known;
    HT_TRY(ht__store_has_result(study->store, hash, &known, err));
    ht_store_result result;
    uint8_t *owned = NULL;
    if (!known) {
        ht_cell_outcome outcome;
        HT_TRY(study->work->evaluate(session, &outcome, err));
        HT_TRY(encode_result(study, &data, &outcome, hash, &result, &owned, err));
    }
    char *layers = cell_layers_json(&quantized);
    ht_store_cell row = {.id = (char *)cell->id,
                         .key = (char *)cell->key,
                         .model = (char *)model->id,
                         .status = (char *)"done",
                         .result = hash,
                         .layers = layers,
                         .bytes_ideal = (int64_t)quantized.bytes_ideal,
                         .bytes_file = (int64_t)quantized.bytes_file,
                         .seconds = ht__study_clock() - began,
                         .reused = known};
    ht_status status = ht__store_put_cell(study->store, &row, known ? NULL : &result, err);
    free(layers);
    ht__free(&study->ctx->allocator, owned);
    return status;
}

/* The sentence of an error with its place. */
static void tell(const ht_error *cause, char *out, size_t size) {
    if (cause->where[0] != '\0') {
        snprintf(out, size, "%s: %s", cause->where, cause->message);
    } else {
        snprintf(out, size, "%s", cause->message);
    }
}

ht_status ht__study_fail_cell(ht_study *study, const ht_study_cell *cell, const ht_error *cause, ht_error *err) {
    char text[800];
    tell(cause, text, sizeof text);
    ht_store_cell row = {.id = (char *)cell->id,
                         .key = (char *)cell->key,
                         .model = (char *)study->models[cell->model].id,
                         .status = (char *)"failed",
                         .error = text};
    return ht__store_put_cell(study->store, &row, NULL, err);
}

ht_status ht__study_fail_model(ht_study *study, size_t model, const ht_error *cause, ht_error *err) {
    char text[800];
    tell(cause, text, sizeof text);
    ht_store_model row = {.id = (char *)study->models[model].id,
                          .key = (char *)study->models[model].key,
                          .status = (char *)"failed",
                          .error = text,
                          .file = (char *)study->models[model].file_shown};
    return ht__store_put_model(study->store, &row, err);
}
