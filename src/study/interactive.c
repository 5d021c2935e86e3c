/* What the report's slider shows of one model: weights snapping onto levels, filters, test pictures. */
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/results.h"

enum {
    BINS = 256,
    MOST_LEVELS = 256, /* more cannot be told apart in a histogram */
    MOST_LAYERS = 24,  /* of a deep network the largest count; the page stays small */
    MOST_SCHEMES = 4,
    MOST_FILTER_VALUES = 8192,
    PICTURES = 100
};

typedef struct shown {
    const ht_study_results *results;
    size_t model;
    ht_cell_session *session;
    const char *schemes[MOST_SCHEMES];
    size_t scheme_count;
    json_t *layers;               /* array being built */
    size_t layer_at[MOST_LAYERS]; /* which of the session's layers each of them is */
    size_t layer_count;
    json_t *filters;   /* the part "filters"; NULL: no convolution small enough */
    json_t *quantized; /* its object: scheme -> width -> values */
    size_t filter_layer;
    json_t *predictions; /* object: scheme -> width -> classes; NULL: none */
} shown;

static bool has_scheme(const shown *s, const char *name) {
    for (size_t i = 0; i < s->scheme_count; ++i) {
        if (strcmp(s->schemes[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const ht_study_spec *spec, const ht_study_cell *cell) {
    for (size_t i = 0; i < spec->report_scheme_count; ++i) {
        if (strcmp(spec->report_schemes[i], cell->scheme_name) == 0) {
            return true;
        }
    }
    return spec->report_scheme_count == 0;
}

static void choose_schemes(shown *s) {
    const ht_study *study = s->results->study;
    for (size_t i = 0; i < study->cell_count && s->scheme_count < MOST_SCHEMES; ++i) {
        const ht_study_cell *cell = &study->cells[i];
        if (cell->model == s->model && ht__study_is_plain(cell) && s->results->cells[i].done &&
            is_wanted(&study->spec, cell) && !has_scheme(s, cell->scheme_name)) {
            s->schemes[s->scheme_count++] = cell->scheme_name;
        }
    }
}

/* Counts of 256 equal bins from the smallest to the largest value. */
static json_t *histogram_json(const ht_cell_layer *layer) {
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < layer->elements; ++i) {
        low = fminf(low, layer->original[i]);
        high = fmaxf(high, layer->original[i]);
    }
    size_t counts[BINS] = {0};
    for (size_t i = 0; i < layer->elements; ++i) {
        double place = high > low ? ((double)layer->original[i] - low) / ((double)high - low) * BINS : 0.0;
        counts[place < BINS ? (size_t)place : BINS - 1] += 1;
    }
    json_t *bins = json_array();
    for (size_t i = 0; i < BINS; ++i) {
        json_array_append_new(bins, json_integer((json_int_t)counts[i]));
    }
    return json_pack("{s:s,s:o,s:o,s:o,s:{}}", "name", layer->name, "bins", bins, "low", ht__json_number(low), "high",
                     ht__json_number(high), "levels");
}

/* The distinct values of an array in ascending order, by insertion; false when there are more than MOST_LEVELS. */
static bool distinct_values(const float *values, size_t count, float *out, size_t *found) {
    *found = 0;
    for (size_t i = 0; i < count; ++i) {
        size_t low = 0, high = *found;
        while (low < high) {
            size_t middle = (low + high) / 2;
            *(out[middle] < values[i] ? &low : &high) = out[middle] < values[i] ? middle + 1 : middle;
        }
        if (low < *found && out[low] == values[i]) {
            continue;
        }
        if (*found == MOST_LEVELS) {
            return false;
        }
        memmove(out + low + 1, out + low, (*found - low) * sizeof *out);
        out[low] = values[i];
        ++*found;
    }
    return true;
}

static json_t *floats_json(const float *values, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; ++i) {
        json_array_append_new(array, ht__json_number((double)values[i]));
    }
    return array;
}

/* object[scheme][bits] = value; steals `value`. */
static void put_by_width(json_t *object, const ht_study_cell *cell, json_t *value) {
    char width[16];
    snprintf(width, sizeof width, "%u", cell->scheme.bits);
    json_t *widths = json_object_get(object, cell->scheme_name);
    if (widths == NULL) {
        widths = json_object();
        json_object_set_new(object, cell->scheme_name, widths);
    }
    json_object_set_new(widths, width, value);
}

/* Steals `quantized`. */
static json_t *filters_json(const ht_cell_layer *layer, json_t *quantized) {
    json_t *shape = json_array();
    for (size_t d = 0; d < layer->rank; ++d) {
        json_array_append_new(shape, json_integer((json_int_t)layer->dims[d]));
    }
    return json_pack("{s:o,s:o,s:o}", "shape", shape, "float", floats_json(layer->original, layer->elements),
                     "quantized", quantized);
}

/* Weights of the layers, not biases and norms: those of rank 2 and more. */
static void start_layers(shown *s, const ht_cell_quantized *exact) {
    s->layers = json_array();
    s->filter_layer = SIZE_MAX;
    for (size_t i = 0; i < exact->layer_count && s->layer_count < MOST_LAYERS; ++i) {
        const ht_cell_layer *layer = &exact->layers[i];
        if (layer->rank < 2) {
            continue;
        }
        s->layer_at[s->layer_count++] = i;
        json_array_append_new(s->layers, histogram_json(layer));
        if (s->filter_layer == SIZE_MAX && layer->rank == 4 && layer->elements <= MOST_FILTER_VALUES) {
            s->filter_layer = i;
            s->quantized = json_object();
            s->filters = filters_json(layer, s->quantized);
        }
    }
}

static void add_levels(shown *s, const ht_study_cell *cell, const ht_cell_quantized *quantized) {
    for (size_t i = 0; i < s->layer_count; ++i) {
        const ht_cell_layer *layer = &quantized->layers[s->layer_at[i]];
        float values[MOST_LEVELS];
        size_t found;
        if (distinct_values(layer->values, layer->elements, values, &found)) {
            put_by_width(json_object_get(json_array_get(s->layers, i), "levels"), cell, floats_json(values, found));
        }
    }
    if (s->filters != NULL) {
        const ht_cell_layer *layer = &quantized->layers[s->filter_layer];
        put_by_width(s->quantized, cell, floats_json(layer->values, layer->elements));
    }
}

static json_t *classes_json(const uint32_t *classes, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; ++i) {
        json_array_append_new(array, json_integer((json_int_t)classes[i]));
    }
    return array;
}

/* The first predictions of a stored result. */
static ht_status add_predictions(shown *s, size_t index, size_t count, ht_error *err) {
    ht_store *store = s->results->study->store;
    ht_store_result row;
    bool found;
    HT_TRY(ht__store_find_result(store, s->results->cells[index].row.result, &row, &found, err));
    if (found) {
        uint32_t classes[PICTURES];
        bool narrow = strcmp(row.encoding, "u8") == 0;
        for (size_t i = 0; i < count; ++i) { /* collecting has checked the blob's size */
            classes[i] = narrow ? ((const uint8_t *)row.predictions)[i] : ((const uint16_t *)row.predictions)[i];
        }
        put_by_width(s->predictions, &s->results->study->cells[index], classes_json(classes, count));
        ht__store_clear_result(store, &row);
    }
    return HT_OK;
}

/* Text of `size` bytes; NULL when memory is short. */
static json_t *base64_json(const ht_allocator *allocator, const uint8_t *bytes, size_t size) {
    unsigned char *text = ht__alloc(allocator, size / 3 * 4 + 5);
    json_t *value = NULL;
    if (text != NULL) {
        int length = EVP_EncodeBlock(text, bytes, (int)size);
        value = json_stringn((const char *)text, (size_t)length);
    }
    ht__free(allocator, text);
    return value;
}

/* Pixels of the first pictures one after the other; *out stays NULL where the data has no pictures. */
static ht_status pixels_json(shown *s, size_t count, size_t dims[3], json_t **out, ht_error *err) {
    const ht_study *study = s->results->study;
    const ht_allocator *allocator = &study->ctx->allocator;
    uint8_t *all = NULL;
    size_t bytes = 0;
    ht_status status = HT_OK;
    for (size_t i = 0; i < count && status == HT_OK; ++i) {
        const uint8_t *pixels;
        status = study->work->picture(s->session, i, &pixels, dims, err);
        if (status == HT_OK && all == NULL) {
            bytes = dims[0] * dims[1] * dims[2];
            all = ht__calloc(allocator, count, bytes);
            status = all != NULL ? HT_OK : ht__fail_memory(err, count * bytes);
        }
        if (status == HT_OK) {
            memcpy(all + i * bytes, pixels, bytes);
        }
    }
    *out = status == HT_OK ? base64_json(allocator, all, count * bytes) : NULL;
    ht__free(allocator, all);
    return status == HT_ERROR_UNSUPPORTED ? HT_OK : status;
}

static ht_status pictures_json(shown *s, json_t **out, ht_error *err) {
    const ht_study_results *results = s->results;
    const ht_study_model_result *model = &results->models[s->model];
    *out = NULL;
    if (model->dataset.task != HT_TASK_CLASSIFICATION) {
        return HT_OK;
    }
    size_t count = (size_t)model->dataset.samples < PICTURES ? (size_t)model->dataset.samples : PICTURES, dims[3];
    json_t *pixels;
    HT_TRY(pixels_json(s, count, dims, &pixels, err));
    if (pixels == NULL) {
        return HT_OK;
    }
    s->predictions = json_object();
    ht_status status = HT_OK;
    for (size_t i = 0; i < results->study->cell_count && status == HT_OK; ++i) {
        const ht_study_cell *cell = &results->study->cells[i];
        if (cell->model == s->model && ht__study_is_plain(cell) && results->cells[i].done &&
            has_scheme(s, cell->scheme_name)) {
            status = add_predictions(s, i, count, err);
        }
    }
    json_t *names = model->dataset.class_names != NULL ? json_loads(model->dataset.class_names, 0, NULL) : NULL;
    *out = json_pack("{s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "count", (json_int_t)count, "width", (json_int_t)dims[2],
                     "height", (json_int_t)dims[1], "channels", (json_int_t)dims[0], "pixels_base64", pixels, "labels",
                     classes_json(model->labels, count), "class_names", names != NULL ? names : json_array(),
                     "float_prediction", classes_json(model->predictions, count), "predictions", s->predictions);
    return status;
}

/* Quantizes every shown cell again: weights are not stored. */
static ht_status add_cells(shown *s, ht_error *err) {
    const ht_study *study = s->results->study;
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *cell = &study->cells[i];
        if (cell->model != s->model || !ht__study_is_plain(cell) || !s->results->cells[i].done ||
            !has_scheme(s, cell->scheme_name)) {
            continue;
        }
        ht_cell_quantized quantized;
        HT_TRY(study->work->quantize(s->session, cell, &quantized, err));
        add_levels(s, cell, &quantized);
        HT_TRY(ht__check_interrupt(study->ctx, err));
    }
    return HT_OK;
}

static ht_status fill(shown *s, json_t *root, ht_error *err) {
    const ht_study *study = s->results->study;
    ht_cell_quantized exact;
    HT_TRY(study->work->quantize(s->session, NULL, &exact, err));
    start_layers(s, &exact);
    json_object_set_new(root, "model", json_string(study->models[s->model].id));
    json_object_set_new(root, "layers", s->layers);
    ht_status status = add_cells(s, err);
    if (s->filters != NULL) {
        json_object_set_new(root, "filters", s->filters);
    }
    HT_TRY(status);
    json_t *pictures;
    HT_TRY(pictures_json(s, &pictures, err));
    if (pictures != NULL) {
        json_object_set_new(root, "pictures", pictures);
    }
    return HT_OK;
}

ht_status ht__study_interactive_json(const ht_study_results *results, json_t **out, ht_error *err) {
    ht_study *study = results->study;
    shown s = {.results = results, .model = ht__study_shown_model(results)};
    *out = NULL;
    if (s.model == SIZE_MAX) {
        return HT_OK;
    }
    choose_schemes(&s);
    ht_error missing;
    ht_status status =
        study->work->open(study->work->self, study->ctx, study, &study->models[s.model], &s.session, &missing);
    if (status == HT_ERROR_NOT_FOUND) { /* results outlive the data that they were measured on */
        ht__message(study->ctx, "warning", "The report comes without its slider. %s", missing.message);
        return HT_OK;
    }
    if (status != HT_OK) {
        if (err != NULL) {
            *err = missing;
        }
        return status;
    }
    json_t *root = json_object();
    status = root != NULL ? fill(&s, root, err) : ht__fail_memory(err, 64);
    study->work->close(s.session);
    if (status != HT_OK) {
        json_decref(root);
        return status;
    }
    *out = root;
    return HT_OK;
}
