#include "report/summary.h"

#include <math.h>
#include <string.h>

#include "report/format.h"

static bool is_better(const ht_result_model *model, const ht_cell *a, const ht_cell *b) {
    return model->regression ? a->value < b->value : a->value > b->value;
}

/* The cell that the document's verdict names, or NULL. */
static const ht_cell *verdict_cell(const ht_results *results, size_t model) {
    if (model != results->verdict_model || results->verdict_bits == 0) {
        return NULL;
    }
    for (size_t i = 0; i < results->models[model].series_count; ++i) {
        const ht_series *series = &results->series[results->models[model].first_series + i];
        if (strcmp(series->scheme, results->verdict_scheme) == 0) {
            return ht__series_at(series, results->verdict_bits);
        }
    }
    return NULL;
}

static const ht_cell *narrowest_lossless(const ht_results *results, const ht_result_model *model) {
    const ht_cell *best = NULL;
    for (size_t i = 0; i < model->series_count; ++i) {
        const ht_series *series = &results->series[model->first_series + i];
        const ht_cell *cell = series->lossless_bits != 0 ? ht__series_at(series, series->lossless_bits) : NULL;
        if (cell != NULL &&
            (best == NULL || cell->bits < best->bits || (cell->bits == best->bits && is_better(model, cell, best)))) {
            best = cell;
        }
    }
    return best;
}

static const ht_cell *best_at_widest(const ht_results *results, const ht_result_model *model) {
    const ht_cell *best = NULL;
    for (size_t i = 0; i < model->series_count; ++i) {
        const ht_series *series = &results->series[model->first_series + i];
        const ht_cell *cell = series->cells[series->cell_count - 1];
        if (best == NULL || cell->bits > best->bits || (cell->bits == best->bits && is_better(model, cell, best))) {
            best = cell;
        }
    }
    return best;
}

const ht_cell *ht__headline(const ht_results *results, size_t model) {
    const ht_cell *cell = verdict_cell(results, model);
    if (cell == NULL) {
        cell = narrowest_lossless(results, &results->models[model]);
    }
    return cell != NULL ? cell : best_at_widest(results, &results->models[model]);
}

static void put_outcome(ht_buffer *buffer, const ht_result_model *model, const ht_cell *cell) {
    const char *unit = model->regression ? "" : " points";
    if (cell->change == HT_CHANGE_NOISE) {
        ht__buffer_text(buffer, "no difference detectable");
    } else if (cell->change == HT_CHANGE_NONE) {
        ht__buffer_text(buffer, "not compared with float");
    } else {
        ht__buffer_printf(buffer, "detectably %s (%s%s)", ht__change_name(cell->change),
                          ht__label_change(cell->delta, model->regression).text, unit);
    }
    if (!isnan(cell->count)) {
        ht__buffer_printf(buffer, " with %s %s", ht__label_count(cell->count).text,
                          cell->count == 1.0 ? "sample" : "samples");
    }
    if (!isnan(cell->smallest_detectable)) {
        /* A size, not a change: its label without the sign. */
        ht__buffer_printf(buffer, ", smallest detectable %s%s",
                          ht__label_change(fabs(cell->smallest_detectable), model->regression).text + 1, unit);
    }
    if (!isnan(cell->flipped)) {
        ht__buffer_printf(buffer, "; %s %s flipped", ht__label_count(cell->flipped).text,
                          cell->flipped == 1.0 ? "prediction" : "predictions");
    }
}

void ht__put_verdict(ht_buffer *buffer, const ht_results *results, size_t index) {
    const ht_result_model *model = &results->models[index];
    if (index == results->verdict_model && results->verdict_text[0] != '\0') {
        ht__buffer_text(buffer, results->verdict_text);
        return;
    }
    const ht_cell *cell = ht__headline(results, index);
    if (cell == NULL) {
        ht__buffer_text(buffer, "No finished cell for this model.");
        return;
    }
    if (!isnan(cell->ratio_ideal)) {
        ht__buffer_printf(buffer, "%.1f× smaller; ", cell->ratio_ideal);
    }
    ht__buffer_printf(buffer, "%s%s → %s: ", model->regression ? "MSE " : "",
                      ht__label_value(model->value, model->regression).text,
                      ht__label_value(cell->value, model->regression).text);
    put_outcome(buffer, model, cell);
    int lossless = results->series[cell->series].lossless_bits;
    if (lossless != 0) {
        ht__buffer_printf(buffer, "; smallest lossless width %d (%s).", lossless, results->series[cell->series].label);
    } else {
        ht__buffer_printf(buffer, "; no width tested is lossless.");
    }
}

/* Appends a word of a shell command, in single quotes when it needs them. */
static void put_word(ht_buffer *buffer, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/=,:+";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        ht__buffer_text(buffer, word);
        return;
    }
    ht__buffer_text(buffer, "'");
    for (; *word != '\0'; ++word) {
        if (*word == '\'') {
            ht__buffer_text(buffer, "'\\''");
        } else {
            ht__buffer_append(buffer, word, 1);
        }
    }
    ht__buffer_text(buffer, "'");
}

void ht__put_command(ht_buffer *buffer, const ht_results *results, size_t index) {
    const ht_result_model *model = &results->models[index];
    if (index == results->verdict_model && results->verdict_command[0] != '\0') {
        ht__buffer_text(buffer, results->verdict_command);
        return;
    }
    const ht_cell *cell = ht__headline(results, index);
    if (cell == NULL || model->file[0] == '\0' || cell->scheme[0] == '\0') {
        return;
    }
    ht__buffer_text(buffer, "halftone quantize ");
    put_word(buffer, model->file);
    ht__buffer_text(buffer, " --scheme ");
    put_word(buffer, cell->scheme);
    ht__buffer_printf(buffer, " --bits %d", cell->bits);
    if (cell->activation_bits != 0) {
        ht__buffer_printf(buffer, " --activation-bits %d", cell->activation_bits);
    }
    ht__buffer_text(buffer, cell->fold_batch_norm ? " --fold-batch-norm" : "");
    ht__buffer_text(buffer, cell->keep_biases ? " --keep-biases" : "");
    ht__buffer_text(buffer, cell->keep_norms ? " --keep-norms -o " : " -o ");
    ht_buffer name;
    ht__buffer_init(&name, buffer->allocator);
    const char *base = strrchr(model->file, '/');
    base = base != NULL ? base + 1 : model->file;
    const char *dot = strrchr(base, '.');
    size_t stem = dot != NULL ? (size_t)(dot - base) : strlen(base);
    ht__buffer_append(&name, base, stem);
    ht__buffer_printf(&name, "-%dbit.onnx", cell->bits);
    buffer->failed |= name.failed;
    put_word(buffer, name.data != NULL ? name.data : "");
    ht__buffer_free(&name);
}
