/* The sentence that a report opens with: what one chosen width costs and gains. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/results.h"

size_t ht__study_shown_model(const ht_study_results *results) {
    const ht_study *study = results->study;
    size_t first = SIZE_MAX;
    for (size_t m = 0; m < study->model_count; ++m) {
        if (!results->models[m].done) {
            continue;
        }
        first = first == SIZE_MAX ? m : first;
        if (study->spec.report_model != NULL && (strcmp(study->models[m].name, study->spec.report_model) == 0 ||
                                                 strcmp(study->models[m].id, study->spec.report_model) == 0)) {
            return m;
        }
    }
    return first;
}

bool ht__study_is_plain(const ht_study_cell *cell) {
    return !cell->fold_batch_norm && cell->quantize_biases && cell->quantize_norms && cell->quantization_seed == 0 &&
           cell->scheme.activation_bits == 0;
}

/* Of two series that keep the float result at the same width: a plain one, whose inside the slider shows, before one
 * with options, then the one with the smaller loss at that width. */
static bool is_preferred(const ht_study_results *results, size_t cell, size_t other) {
    bool plain = ht__study_is_plain(&results->study->cells[cell]);
    bool other_plain = ht__study_is_plain(&results->study->cells[other]);
    return plain != other_plain ? plain : results->cells[cell].loss < results->cells[other].loss;
}

/* The series that keeps the float result at the fewest bits: deterministic roundings only, since their file is one.
 * Returns a cell of it, or SIZE_MAX. */
static size_t choose_series(const ht_study_results *results, size_t model, uint32_t *lossless) {
    const ht_study *study = results->study;
    size_t chosen = SIZE_MAX;
    *lossless = 0;
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *cell = &study->cells[i];
        if (cell->model != model || !results->cells[i].done || ht_scheme_is_random(&cell->scheme)) {
            continue;
        }
        uint32_t bits = ht__study_lossless_bits(results, i);
        if (bits == 0 || bits != cell->scheme.bits) {
            continue; /* look at each series once, at the cell of that width */
        }
        if (*lossless == 0 || bits < *lossless || (bits == *lossless && is_preferred(results, i, chosen))) {
            chosen = i;
            *lossless = bits;
        }
    }
    return chosen;
}

/* The cell that the sentence speaks of: 8 bits where the series has it and keeps the result, else the narrowest that
 * does. */
static size_t choose_cell(const ht_study_results *results, size_t series, uint32_t lossless) {
    const ht_study *study = results->study;
    for (size_t i = 0; i < study->cell_count; ++i) {
        if (results->cells[i].done && study->cells[i].scheme.bits == 8 && lossless <= 8 &&
            ht__study_same_series(&study->cells[i], &study->cells[series])) {
            return i;
        }
    }
    return series;
}

/* "5,000" */
static void group_thousands(uint64_t value, char out[32]) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value), used = 0;
    for (int i = 0; i < length; ++i) {
        if (i > 0 && (length - i) % 3 == 0) {
            out[used++] = ',';
        }
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

static void say_accuracy(const ht_study_model_result *model, const ht_study_cell_result *cell, double ratio,
                         uint32_t lossless, char *out, size_t size) {
    char samples[32], flipped[32];
    group_thousands((uint64_t)model->dataset.samples, samples);
    group_thousands(cell->counts.flipped, flipped);
    int used = snprintf(out, size, "%.1f\u00d7 smaller; %.1f \u2192 %.1f %%: ", ratio, 100.0 * model->value,
                        100.0 * cell->value);
    used += snprintf(out + used, size - (size_t)used,
                     cell->change == HT_STUDY_NOISE    ? "no difference detectable with %s samples"
                     : cell->change == HT_STUDY_BETTER ? "better than float on %s samples"
                                                       : "worse than float on %s samples",
                     samples);
    snprintf(out + used, size - (size_t)used,
             ", smallest detectable %.2f points; %s predictions flipped; smallest lossless width %u",
             100.0 * cell->detectable, flipped, lossless);
}

static void say_error(const ht_study_model_result *model, const ht_study_cell_result *cell, double ratio,
                      uint32_t lossless, char *out, size_t size) {
    char samples[32];
    group_thousands((uint64_t)model->dataset.samples, samples);
    int used = snprintf(out, size, "%.1f\u00d7 smaller; mean squared error %.4g \u2192 %.4g: ", ratio, model->value,
                        cell->value);
    used += snprintf(out + used, size - (size_t)used,
                     cell->change == HT_STUDY_NOISE    ? "no difference detectable with %s samples"
                     : cell->change == HT_STUDY_BETTER ? "better than float on %s samples"
                                                       : "worse than float on %s samples",
                     samples);
    snprintf(out + used, size - (size_t)used, ", smallest detectable %.2g; smallest lossless width %u",
             cell->detectable, lossless);
}

static json_t *command_json(const ht_study *study, const ht_study_cell *cell) {
    const ht_study_model *model = &study->models[cell->model];
    char activations[16] = "", calibration[256] = "";
    if (cell->scheme.activation_bits != 0) {
        snprintf(activations, sizeof activations, "/%u", cell->scheme.activation_bits);
        snprintf(calibration, sizeof calibration, " --calib %s:calibration", model->dataset);
    }
    return json_sprintf("halftone quantize %s --scheme %s --bits %u%s%s%s%s%s -o %s-%ubit.onnx", model->file_shown,
                        cell->scheme_name, cell->scheme.bits, activations, cell->fold_batch_norm ? " --fold-bn" : "",
                        cell->quantize_biases ? " --biases" : "", cell->quantize_norms ? " --norms" : "", calibration,
                        model->id, cell->scheme.bits);
}

json_t *ht__study_verdict_json(const ht_study_results *results) {
    const ht_study *study = results->study;
    size_t model = ht__study_shown_model(results);
    if (model == SIZE_MAX) {
        return NULL;
    }
    uint32_t lossless;
    size_t series = choose_series(results, model, &lossless);
    if (series == SIZE_MAX) {
        return json_pack("{s:s,s:s}", "model", study->models[model].id, "text",
                         "Every width and scheme tried here is detectably worse than float.");
    }
    size_t chosen = choose_cell(results, series, lossless);
    const ht_study_cell_result *cell = &results->cells[chosen];
    double ratio =
        cell->row.bytes_ideal > 0 ? (double)results->models[model].row.bytes_f32 / (double)cell->row.bytes_ideal : NAN;
    char text[400];
    (ht__study_lower_is_better(results, model) ? say_error : say_accuracy)(&results->models[model], cell, ratio,
                                                                           lossless, text, sizeof text);
    return json_pack("{s:s,s:s,s:i,s:s,s:i,s:o}", "model", study->models[model].id, "text", text,
                     "smallest_lossless_bits", (int)lossless, "scheme", study->cells[chosen].scheme_name, "bits",
                     (int)study->cells[chosen].scheme.bits, "command", command_json(study, &study->cells[chosen]));
}
