#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/results.h"

/* What makes two cells points of one line: everything but the width. The quantization seed decides ties. */
static int compare_kind(const ht_cell *a, const ht_cell *b) {
    int order = strcmp(a->scheme, b->scheme);
    if (order == 0) {
        order = a->activation_bits - b->activation_bits;
    }
    if (order == 0) {
        order = (int)a->fold_batch_norm - (int)b->fold_batch_norm;
    }
    if (order == 0) {
        order = (int)a->keep_biases - (int)b->keep_biases;
    }
    return order != 0 ? order : (int)a->keep_norms - (int)b->keep_norms;
}

static int compare_cells(const void *left, const void *right) {
    const ht_cell *a = *(const ht_cell *const *)left, *b = *(const ht_cell *const *)right;
    if (a->model != b->model) {
        return a->model < b->model ? -1 : 1;
    }
    int order = compare_kind(a, b);
    if (order == 0) {
        order = a->bits - b->bits;
    }
    if (order == 0) {
        order = (a->quant_seed > b->quant_seed) - (a->quant_seed < b->quant_seed);
    }
    return order != 0 ? order : (a > b) - (a < b);
}

static const char *label_of(ht_arena *arena, const ht_cell *cell) {
    const char *scheme = cell->scheme[0] != '\0' ? cell->scheme : "(unnamed)";
    char activations[32] = "";
    if (cell->activation_bits != 0) {
        snprintf(activations, sizeof activations, ", %d-bit activations", cell->activation_bits);
    }
    return ht__arena_printf(arena, "%s%s%s%s%s", scheme, activations, cell->fold_batch_norm ? ", folded" : "",
                            cell->keep_biases ? ", float biases" : "", cell->keep_norms ? ", float norms" : "");
}

static int lossless_bits(const ht_series *series) {
    int bits = 0;
    for (size_t i = series->cell_count; i-- > 0;) {
        ht_change change = series->cells[i]->change;
        if (change != HT_CHANGE_NOISE && change != HT_CHANGE_BETTER) {
            break;
        }
        bits = series->cells[i]->bits;
    }
    return bits;
}

/* Equal labels get equal styles, whichever model they belong to. */
static ht_status give_styles(ht_results *results, ht_error *err) {
    json_t *styles = json_object();
    bool good = styles != NULL;
    for (size_t i = 0; good && i < results->series_count; ++i) {
        ht_series *series = &results->series[i];
        const json_t *known = json_object_get(styles, series->label);
        series->style = known != NULL ? (size_t)json_integer_value(known) : results->style_count++;
        good =
            known != NULL || json_object_set_new(styles, series->label, json_integer((json_int_t)series->style)) == 0;
    }
    json_decref(styles);
    return good ? HT_OK : ht__fail_memory(err, results->series_count * sizeof(json_int_t));
}

static ht_status list_widths(ht_results *results, ht_error *err) {
    bool seen[33] = {false};
    for (size_t i = 0; i < results->series_count; ++i) {
        for (size_t j = 0; j < results->series[i].cell_count; ++j) {
            seen[results->series[i].cells[j]->bits] = true;
        }
    }
    int *widths = ht__arena_alloc(results->arena, sizeof seen / sizeof seen[0] * sizeof *widths);
    if (widths == NULL) {
        return ht__fail_memory(err, sizeof seen);
    }
    for (int bits = 1; bits <= 32; ++bits) {
        if (seen[bits]) {
            widths[results->width_count++] = bits;
        }
    }
    results->widths = widths;
    return HT_OK;
}

/* Cuts the sorted cells into series; of several quantization seeds at one width the first is the point. */
static ht_status cut(ht_results *results, const ht_cell **sorted, size_t count, ht_error *err) {
    results->series = ht__arena_alloc(results->arena, count * sizeof *results->series);
    if (results->series == NULL) {
        return ht__fail_memory(err, count * sizeof *results->series);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; ++i) {
        const ht_cell *cell = sorted[i], *last = kept > 0 ? sorted[kept - 1] : NULL;
        bool fresh = last == NULL || last->model != cell->model || compare_kind(last, cell) != 0;
        if (!fresh && last->bits == cell->bits) {
            results->cells[cell - results->cells].series = results->series_count - 1;
            continue;
        }
        sorted[kept] = cell;
        if (fresh) {
            ht_series *series = &results->series[results->series_count++];
            *series = (ht_series){.model = cell->model, .scheme = cell->scheme, .cells = &sorted[kept]};
            series->label = label_of(results->arena, cell);
            if (series->label == NULL) {
                return ht__fail_memory(err, 64);
            }
            ht_result_model *model = &results->models[cell->model];
            if (model->series_count++ == 0) {
                model->first_series = results->series_count - 1;
            }
        }
        ++kept;
        ++results->series[results->series_count - 1].cell_count;
        results->cells[cell - results->cells].series = results->series_count - 1;
    }
    return HT_OK;
}

ht_status ht__results_group(ht_results *results, ht_error *err) {
    const ht_cell **sorted = ht__arena_alloc(results->arena, results->cell_count * sizeof *sorted);
    if (sorted == NULL) {
        return ht__fail_memory(err, results->cell_count * sizeof *sorted);
    }
    size_t count = 0;
    for (size_t i = 0; i < results->cell_count; ++i) {
        if (!results->cells[i].failed) {
            sorted[count++] = &results->cells[i];
        }
        results->cells[i].series = SIZE_MAX;
    }
    if (count > 0) {
        qsort(sorted, count, sizeof *sorted, compare_cells);
    }
    HT_TRY(cut(results, sorted, count, err));
    for (size_t i = 0; i < results->series_count; ++i) {
        results->series[i].lossless_bits = lossless_bits(&results->series[i]);
    }
    HT_TRY(give_styles(results, err));
    return list_widths(results, err);
}

const ht_cell *ht__series_at(const ht_series *series, int bits) {
    for (size_t i = 0; i < series->cell_count; ++i) {
        if (series->cells[i]->bits == bits) {
            return series->cells[i];
        }
    }
    return NULL;
}
