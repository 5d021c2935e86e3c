#include "report/tables.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/format.h"
#include "report/summary.h"

/* ---- building blocks ---- */

static ht_status start(const ht_results *results, ht_table *out, const char *title, const char *note, size_t rows,
                       size_t columns, size_t text_columns, ht_error *err) {
    *out = (ht_table){.title = title, .note = note, .columns = columns, .text_columns = text_columns, .rows = rows};
    out->cells = ht__arena_alloc(results->arena, rows * columns * sizeof *out->cells);
    if (out->cells == NULL || title == NULL || note == NULL) {
        return ht__fail_memory(err, rows * columns * sizeof *out->cells);
    }
    for (size_t i = 0; i < rows * columns; ++i) {
        out->cells[i].text = "";
    }
    return HT_OK;
}

/* Puts a copy of `text`; a failed allocation leaves NULL, which finish() reports. */
static void put(const ht_results *results, ht_table *table, size_t row, size_t column, const char *text) {
    table->cells[row * table->columns + column].text = ht__arena_strdup(results->arena, text);
}

static void put_bits(const ht_results *results, ht_table *table, size_t row, size_t column, int bits) {
    char text[16];
    snprintf(text, sizeof text, "%d", bits);
    put(results, table, row, column, bits != 0 ? text : "-");
}

static void put_head(ht_table *table, const char *const *names) {
    for (size_t i = 0; i < table->columns; ++i) {
        table->cells[i].text = names[i];
    }
}

static ht_status finish(const ht_table *table, ht_error *err) {
    for (size_t i = 0; i < table->rows * table->columns; ++i) {
        if (table->cells[i].text == NULL) {
            return ht__fail_memory(err, 64);
        }
    }
    return HT_OK;
}

/* The number alone, for tables whose unit stands in the title: "92.64". */
static const char *value_alone(ht_label *label, double value, bool regression) {
    *label = ht__label_value(value, regression);
    label->text[strcspn(label->text, " ")] = '\0';
    return label->text;
}

/* ---- the tables ---- */

ht_status ht__table_lossless(const ht_results *results, ht_table *out, ht_error *err) {
    HT_TRY(start(results, out, "Smallest width without a detectable loss (bits)",
                 "A dash: even the widest one tested is detectably worse than float.", results->model_count + 1,
                 results->style_count + 1, 1, err));
    out->cells[0].text = "model";
    for (size_t i = 0; i < results->series_count; ++i) {
        const ht_series *series = &results->series[i];
        out->cells[series->style + 1].text = series->label;
        put_bits(results, out, series->model + 1, series->style + 1, series->lossless_bits);
    }
    for (size_t i = 0; i < results->model_count; ++i) {
        out->cells[(i + 1) * out->columns].text = results->models[i].id;
    }
    return finish(out, err);
}

ht_status ht__table_curve(const ht_results *results, size_t index, ht_table *out, ht_error *err) {
    const ht_result_model *model = &results->models[index];
    char title[128];
    snprintf(title, sizeof title, "%s by width (float: %s)", model->regression ? "MSE" : "Accuracy in %",
             ht__label_value(model->value, model->regression).text);
    HT_TRY(start(results, out, ht__arena_strdup(results->arena, title),
                 model->regression ? "Against float, Holm-corrected paired test on squared errors."
                                   : "Against float, Holm-corrected exact McNemar test.",
                 model->series_count + 1, results->width_count + 1, 1, err));
    out->cells[0].text = "scheme";
    for (size_t i = 0; i < results->width_count; ++i) {
        put_bits(results, out, 0, i + 1, results->widths[i]);
    }
    for (size_t row = 0; row < model->series_count; ++row) {
        const ht_series *series = &results->series[model->first_series + row];
        out->cells[(row + 1) * out->columns].text = series->label;
        for (size_t i = 0; i < results->width_count; ++i) {
            const ht_cell *cell = ht__series_at(series, results->widths[i]);
            if (cell != NULL) {
                ht_label label;
                put(results, out, row + 1, i + 1, value_alone(&label, cell->value, model->regression));
                out->cells[(row + 1) * out->columns + i + 1].change = cell->change;
            }
        }
    }
    return finish(out, err);
}

ht_status ht__table_size(const ht_results *results, size_t index, ht_table *out, ht_error *err) {
    const ht_cell *headline = ht__headline(results, index);
    const ht_series *series = headline != NULL ? &results->series[headline->series] : NULL;
    size_t count = series != NULL && !isnan(headline->bytes_ideal) ? series->cell_count : 0;
    char title[192];
    snprintf(title, sizeof title, "Size with %.80s (float: %s)", series != NULL ? series->label : "",
             ht__label_bytes(results->models[index].bytes).text);
    HT_TRY(start(results, out, ht__arena_strdup(results->arena, title),
                 "Ideal: bits times weights, plus the scales; file: what stands on the disk.", count + 1, 4, 0, err));
    put_head(out, (const char *const[]){"bits", "ideal", "in the file", "times smaller (ideal)"});
    for (size_t i = 0; i < count; ++i) {
        const ht_cell *cell = series->cells[i];
        char ratio[32] = "-";
        if (!isnan(cell->ratio_ideal)) {
            snprintf(ratio, sizeof ratio, "%.2f", cell->ratio_ideal);
        }
        put_bits(results, out, i + 1, 0, cell->bits);
        put(results, out, i + 1, 1, ht__label_bytes(cell->bytes_ideal).text);
        put(results, out, i + 1, 2, ht__label_bytes(cell->bytes_file).text);
        put(results, out, i + 1, 3, ratio);
    }
    return finish(out, err);
}

static void put_decibel(const ht_results *results, ht_table *table, size_t row, size_t column, double value) {
    char text[32] = "-";
    if (!isnan(value)) {
        snprintf(text, sizeof text, "%.1f", value);
    }
    put(results, table, row, column, text);
}

ht_status ht__table_layers(const ht_results *results, size_t index, ht_table *out, ht_error *err) {
    const ht_cell *cell = ht__headline(results, index);
    char title[192];
    snprintf(title, sizeof title, "Error by layer with %.80s at %d bits (SQNR in dB, more is better)",
             cell != NULL ? results->series[cell->series].label : "", cell != NULL ? cell->bits : 0);
    size_t count = cell != NULL ? cell->layer_count : 0;
    HT_TRY(start(results, out, ht__arena_strdup(results->arena, title),
                 "Own: of this layer's weights; accumulated: of its output, with every layer before it quantized too.",
                 count + 1, 4, 1, err));
    put_head(out, (const char *const[]){"layer", "own", "accumulated", "largest error of a weight"});
    for (size_t i = 0; i < count; ++i) {
        const ht_layer_error *layer = &cell->layers[i];
        char error[32] = "-";
        if (!isnan(layer->max_error)) {
            snprintf(error, sizeof error, "%.3g", layer->max_error);
        }
        put(results, out, i + 1, 0, layer->name);
        put_decibel(results, out, i + 1, 1, layer->sqnr);
        put_decibel(results, out, i + 1, 2, layer->sqnr_accumulated);
        put(results, out, i + 1, 3, error);
    }
    return finish(out, err);
}

ht_status ht__table_spread(const ht_results *results, ht_table *out, ht_error *err) {
    HT_TRY(start(results, out, "Stochastic schemes: spread over quantization seeds",
                 "This spread comes from the rounding alone; the sampling error of the test set is apart from it.",
                 results->spread_count + 1, 6, 2, err));
    put_head(out, (const char *const[]){"model", "scheme", "bits", "seeds", "mean", "lowest to highest"});
    for (size_t i = 0; i < results->spread_count; ++i) {
        const ht_spread *spread = &results->spreads[i];
        bool regression = results->models[spread->model].regression;
        char range[160];
        snprintf(range, sizeof range, "%s to %s", ht__label_value(spread->low, regression).text,
                 ht__label_value(spread->high, regression).text);
        put(results, out, i + 1, 0, results->models[spread->model].id);
        put(results, out, i + 1, 1, spread->scheme);
        put_bits(results, out, i + 1, 2, spread->bits);
        put(results, out, i + 1, 3, ht__label_count(spread->seeds).text);
        put(results, out, i + 1, 4, ht__label_value(spread->mean, regression).text);
        put(results, out, i + 1, 5, range);
    }
    return finish(out, err);
}

/* Without a cell of ours the task is unknown: a value above 1 cannot be an accuracy. */
static bool is_regression(const ht_results *results, const ht_literature *entry) {
    return entry->ours != NULL ? results->models[entry->ours->model].regression : entry->value > 1.0;
}

ht_status ht__table_literature(const ht_results *results, ht_table *out, ht_error *err) {
    HT_TRY(start(results, out, "Beside the literature", "Difference: ours minus theirs.", results->literature_count + 1,
                 7, 3, err));
    put_head(out, (const char *const[]){"model", "method", "source", "bits", "theirs", "ours", "difference"});
    for (size_t i = 0; i < results->literature_count; ++i) {
        const ht_literature *entry = &results->literature[i];
        bool regression = is_regression(results, entry);
        double ours = entry->ours != NULL ? entry->ours->value : (double)NAN;
        put(results, out, i + 1, 0, entry->model);
        put(results, out, i + 1, 1, entry->method);
        put(results, out, i + 1, 2, entry->source);
        put_bits(results, out, i + 1, 3, entry->bits);
        put(results, out, i + 1, 4, ht__label_value(entry->value, regression).text);
        put(results, out, i + 1, 5, ht__label_value(ours, regression).text);
        put(results, out, i + 1, 6, ht__label_change(ours - entry->value, regression).text);
    }
    return finish(out, err);
}

ht_status ht__table_claims(const ht_results *results, ht_table *out, ht_error *err) {
    HT_TRY(start(results, out, "Claims", "p is Holm-corrected over the family of claims.", results->claim_count + 1, 4,
                 3, err));
    put_head(out, (const char *const[]){"claim", "verdict", "text", "p"});
    for (size_t i = 0; i < results->claim_count; ++i) {
        const ht_claim *claim = &results->claims[i];
        put(results, out, i + 1, 0, claim->id);
        put(results, out, i + 1, 1, claim->verdict);
        put(results, out, i + 1, 2, claim->text);
        put(results, out, i + 1, 3, ht__label_probability(claim->p_holm).text);
    }
    return finish(out, err);
}

ht_status ht__table_failed(const ht_results *results, ht_table *out, ht_error *err) {
    HT_TRY(start(results, out, "Cells that failed", "", results->failed_count + 1, 4, 3, err));
    put_head(out, (const char *const[]){"model", "scheme", "reason", "bits"});
    size_t row = 1;
    for (size_t i = 0; i < results->cell_count; ++i) {
        const ht_cell *cell = &results->cells[i];
        if (cell->failed) {
            put(results, out, row, 0, results->models[cell->model].id);
            put(results, out, row, 1, cell->scheme);
            put(results, out, row, 2, cell->error[0] != '\0' ? cell->error : "no value was stored");
            put_bits(results, out, row++, 3, cell->bits);
        }
    }
    return finish(out, err);
}
