/* Published results beside ours: the CSV of the Edge capstone (mohitgulla/Edge, 2020), read at report time. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "study/results.h"

#define SOURCE "Edge capstone 2020"

typedef struct renaming {
    const char *theirs, *ours;
} renaming;

static const renaming datasets[] = {{"fmnist", "fashion-mnist"}, {"cifar", "cifar-100"}, {NULL, NULL}};
static const renaming networks[] = {
    {"simple", "mlp-simple"}, {"complex", "mlp-complex"}, {"cnn", "cnn-vanilla"}, {NULL, NULL}};
static const renaming roundings[] = {{"normal", "nearest"}, {NULL, NULL}};
static const renaming levels[] = {
    {"uniform_range", "uniform"}, {"uniform_range_IQR", "uniform-iqr"}, {"prior_normal", "normal"}, {NULL, NULL}};

static const char *rename_word(const renaming *list, const char *word) {
    for (; list->theirs != NULL; ++list) {
        if (strcmp(list->theirs, word) == 0) {
            return list->ours;
        }
    }
    return word;
}

enum { MODEL, ROUNDING, LEVELS, BITS, TRAIN_LOSS, TRAIN_ACCURACY, TEST_LOSS, TEST_ACCURACY, COLUMNS };

/* Cuts a line at its commas; fields that are missing are empty. The table has no quotes. */
static void split_line(char *line, char *fields[COLUMNS]) {
    for (size_t i = 0; i < COLUMNS; ++i) {
        char *comma = line + strcspn(line, ",");
        fields[i] = line;
        line = comma;
        if (*comma == ',') {
            *comma = '\0';
            line = comma + 1;
        }
    }
}

/* The study's network that a row is about: the data set of the same name or with a suffix ("fashion-mnist-capstone"),
 * the net of the same name. NULL: none. */
static const ht_study_model *find_model(const ht_study *study, char *model) {
    char *underscore = strchr(model, '_');
    if (underscore == NULL) {
        return NULL;
    }
    *underscore = '\0';
    const char *dataset = rename_word(datasets, model), *network = rename_word(networks, underscore + 1);
    for (size_t m = 0; m < study->model_count; ++m) {
        if (strncmp(study->models[m].dataset, dataset, strlen(dataset)) == 0 &&
            strcmp(study->models[m].name, network) == 0) {
            return &study->models[m];
        }
    }
    return NULL;
}

static json_t *method_name(const char *rounding, const char *level_set) {
    if (strcmp(rounding, "mid_rise") == 0) {
        return json_string(strcmp(level_set, "IQR_range") == 0 ? "mid-rise-iqr" : "mid-rise");
    }
    return json_sprintf("%s/%s", rename_word(roundings, rounding), rename_word(levels, level_set));
}

static ht_status take_row(const ht_study *study, const char *path, int64_t number, char *line, json_t *array,
                          ht_error *err) {
    char *fields[COLUMNS];
    split_line(line, fields);
    const char *figure = fields[TEST_ACCURACY][0] != '\0' ? fields[TEST_ACCURACY] : fields[TEST_LOSS];
    double value;
    int64_t bits;
    if (!ht__parse_double(figure, &value) || !ht__parse_int64(fields[BITS], &bits)) {
        return ht__fail_line(err, HT_ERROR_FORMAT, path, number,
                             "A row must read model,rounding,levels,bits,train_loss,train_accuracy,test_loss,"
                             "test_accuracy.");
    }
    const ht_study_model *model = find_model(study, fields[MODEL]);
    if (model == NULL) {
        return HT_OK;
    }
    json_array_append_new(array, json_pack("{s:o,s:o,s:I,s:o,s:s}", "model",
                                           json_sprintf("%s_%s", model->dataset, model->name), "method",
                                           method_name(fields[ROUNDING], fields[LEVELS]), "bits", (json_int_t)bits,
                                           "value", ht__json_number(value), "source", SOURCE));
    return HT_OK;
}

static ht_status take_rows(const ht_study *study, const char *path, const ht_file_view *view, json_t *array,
                           ht_error *err) {
    size_t position = 0;
    for (int64_t number = 1; position < view->size; ++number) {
        char line[512];
        const char *begin = (const char *)view->data + position;
        const char *end = memchr(begin, '\n', view->size - position);
        size_t length = end != NULL ? (size_t)(end - begin) : view->size - position;
        position += length + 1;
        if (length >= sizeof line || memchr(begin, '\0', length) != NULL) {
            return ht__fail_line(err, HT_ERROR_FORMAT, path, number, "A line is longer than %zu characters.",
                                 sizeof line - 1);
        }
        memcpy(line, begin, length);
        line[length] = '\0';
        line[strcspn(line, "\r")] = '\0';
        if (number > 1 && line[0] != '\0') {
            HT_TRY(take_row(study, path, number, line, array, err));
        }
    }
    return HT_OK;
}

ht_status ht__study_literature_json(const ht_study *study, const char *path, json_t **out, ht_error *err) {
    ht_file_view view;
    HT_TRY(ht__file_map(path, &view, err));
    *out = json_array();
    ht_status status = *out != NULL ? take_rows(study, path, &view, *out, err) : ht__fail_memory(err, 64);
    ht__file_unmap(&view);
    if (status != HT_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}

double ht__study_published(const json_t *literature, const ht_study_model *model, const char *method, uint32_t bits) {
    char name[256];
    snprintf(name, sizeof name, "%s_%s", model->dataset, model->name);
    for (size_t i = 0; i < json_array_size(literature); ++i) {
        const json_t *row = json_array_get(literature, i);
        if (json_integer_value(json_object_get(row, "bits")) == (json_int_t)bits &&
            strcmp(json_string_value(json_object_get(row, "method")), method) == 0 &&
            strcmp(json_string_value(json_object_get(row, "model")), name) == 0) {
            return json_number_value(json_object_get(row, "value"));
        }
    }
    return NAN;
}
