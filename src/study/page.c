/* The whole study as one page of Markdown: compact tables for a repository's docs/studies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/results.h"

typedef struct page {
    const ht_study_results *results;
    ht_buffer *out;
    json_t *literature; /* array; may be empty */
    uint32_t widths[HT_BITS_MAX];
    size_t width_count;
} page;

static bool is_usual(const ht_study_cell *cell) {
    return !cell->fold_batch_norm && cell->quantize_biases && cell->quantize_norms;
}

/* The first cell of each series (one model, scheme and options); cells of a series stand together. */
static bool begins_series(const ht_study *study, size_t cell) {
    return cell == 0 || !ht__study_same_series(&study->cells[cell - 1], &study->cells[cell]);
}

static void find_widths(page *p) {
    for (uint32_t bits = 1; bits <= HT_BITS_MAX; ++bits) {
        for (size_t i = 0; i < p->results->study->cell_count; ++i) {
            if (p->results->cells[i].done && p->results->study->cells[i].scheme.bits == bits) {
                p->widths[p->width_count++] = bits;
                break;
            }
        }
    }
}

/* "92.61" (per cent) or "0.0128"; nothing for what is not a number. */
static void put_value(page *p, size_t model, double value) {
    if (isfinite(value)) {
        bool lower = ht__study_lower_is_better(p->results, model);
        ht__buffer_printf(p->out, lower ? "%.4g" : "%.2f", lower ? value : 100.0 * value);
    }
}

/* From a series' first cell on: cells of a series stand together. */
double ht__study_series_value(const ht_study_results *results, size_t series, uint32_t bits, const char **mark) {
    const ht_study *study = results->study;
    double sum = 0.0;
    size_t seeds = 0;
    *mark = "";
    while (!begins_series(study, series)) {
        --series;
    }
    for (size_t i = series; i < study->cell_count && ht__study_same_series(&study->cells[series], &study->cells[i]);
         ++i) {
        const ht_study_cell_result *cell = &results->cells[i];
        if (study->cells[i].scheme.bits == bits && cell->done) {
            sum += cell->value;
            ++seeds;
            if (study->cells[i].quantization_seed == 0) {
                *mark = cell->change == HT_STUDY_WORSE ? " ▼" : cell->change == HT_STUDY_BETTER ? " ▲" : "";
            }
        }
    }
    return seeds > 0 ? sum / (double)seeds : NAN;
}

static void put_head(page *p, const char *first_column) {
    ht__buffer_printf(p->out, "\n| %s |", first_column);
    for (size_t i = 0; i < p->width_count; ++i) {
        ht__buffer_printf(p->out, " %u |", p->widths[i]);
    }
    ht__buffer_text(p->out, "\n|---|");
    for (size_t i = 0; i < p->width_count; ++i) {
        ht__buffer_text(p->out, "---:|");
    }
    ht__buffer_text(p->out, "\n");
}

void ht__study_put_name(const ht_study_cell *cell, ht_buffer *out) {
    ht__buffer_printf(out, "%s%s%s%s", cell->scheme_name, cell->fold_batch_norm ? ", batch norm folded" : "",
                      cell->quantize_biases ? "" : ", biases float",
                      cell->quantize_norms ? "" : ", norm parameters float");
    if (cell->scheme.activation_bits != 0) {
        ht__buffer_printf(out, ", %u-bit activations", cell->scheme.activation_bits);
    }
}

static void put_series(page *p, size_t series) {
    const ht_study_cell *cell = &p->results->study->cells[series];
    ht__buffer_text(p->out, "| ");
    ht__study_put_name(cell, p->out);
    ht__buffer_text(p->out, " |");
    for (size_t i = 0; i < p->width_count; ++i) {
        const char *mark;
        double value = ht__study_series_value(p->results, series, p->widths[i], &mark);
        double theirs = is_usual(cell) ? ht__study_published(p->literature, &p->results->study->models[cell->model],
                                                             cell->scheme_name, p->widths[i])
                                       : NAN;
        ht__buffer_text(p->out, " ");
        put_value(p, cell->model, value);
        ht__buffer_text(p->out, mark);
        if (isfinite(theirs)) {
            ht__buffer_text(p->out, " (");
            put_value(p, cell->model, theirs);
            ht__buffer_text(p->out, ")");
        }
        ht__buffer_text(p->out, " |");
    }
    ht__buffer_text(p->out, "\n");
}

static void put_networks(page *p) {
    const ht_study *study = p->results->study;
    ht__buffer_text(p->out, "\n## Networks\n\n| network | parameters | in float | 95 % interval | samples |\n"
                            "|---|---:|---:|---:|---:|\n");
    for (size_t m = 0; m < study->model_count; ++m) {
        const ht_study_model_result *model = &p->results->models[m];
        if (!model->done) {
            ht__buffer_printf(p->out, "| %s | not done | | | |\n", study->models[m].id);
            continue;
        }
        ht__buffer_printf(p->out, "| %s | %lld | ", study->models[m].id, (long long)model->row.parameters);
        put_value(p, m, model->value);
        ht__buffer_text(p->out, " | ");
        put_value(p, m, model->interval.low);
        ht__buffer_text(p->out, " to ");
        put_value(p, m, model->interval.high);
        ht__buffer_printf(p->out, " | %lld |\n", (long long)model->dataset.samples);
    }
    ht__buffer_text(p->out, "\nAccuracy in per cent, or mean squared error.\n");
}

static void put_model(page *p, size_t m) {
    const ht_study *study = p->results->study;
    const ht_study_model_result *model = &p->results->models[m];
    ht__buffer_printf(p->out, "\n### %s\n\nIn float: ", study->models[m].id);
    put_value(p, m, model->value);
    ht__buffer_text(p->out, ".\n");
    put_head(p, "scheme, bits");
    for (int round = 0; round < 2; ++round) { /* the usual options, then what departs from them */
        for (size_t i = 0; i < study->cell_count; ++i) {
            const ht_study_cell *cell = &study->cells[i];
            if (cell->model == m && begins_series(study, i) && is_usual(cell) == (round == 0)) {
                put_series(p, i);
            }
        }
    }
}

static void put_failures(page *p) {
    size_t failed = 0;
    const char *first = NULL;
    for (size_t i = 0; i < p->results->study->cell_count; ++i) {
        if (p->results->cells[i].failed) {
            ++failed;
            first = first == NULL ? p->results->cells[i].row.error : first;
        }
    }
    if (failed > 0) {
        ht__buffer_printf(p->out, "\n%zu cells failed; the first one: %s\n", failed,
                          first != NULL ? first : "its model failed");
    }
}

static ht_status put_claims(page *p, ht_error *err) {
    json_t *claims;
    HT_TRY(ht__study_claims_json(p->results, &claims, err));
    ht__buffer_text(p->out, "\n## Claims\n\n| claim | verdict | p (Holm) | what was found |\n|---|---|---:|---|\n");
    for (size_t i = 0; i < json_array_size(claims); ++i) {
        const json_t *claim = json_array_get(claims, i), *p_value = json_object_get(claim, "p_holm");
        ht__buffer_printf(p->out, "| %s | %s | ", json_string_value(json_object_get(claim, "id")),
                          json_string_value(json_object_get(claim, "verdict")));
        if (json_is_number(p_value)) {
            ht__buffer_printf(p->out, json_number_value(p_value) < 1e-4 ? "< 0.0001" : "%.2g",
                              json_number_value(p_value));
        }
        ht__buffer_printf(p->out, " | %s |\n", json_string_value(json_object_get(claim, "text")));
    }
    json_decref(claims);
    return HT_OK;
}

static ht_status write_page(page *p, ht_error *err) {
    const ht_study *study = p->results->study;
    find_widths(p);
    ht__buffer_printf(
        p->out,
        "# %s\n\nMade by `%s` from the study's store with halftone %s (study.yaml %.12s). Every figure "
        "carries a paired test against the float network (exact McNemar, or permutation of squared "
        "errors), Holm-corrected over the study: ▼ detectably worse, ▲ detectably better, no mark: within "
        "noise. Random roundings: the mean over their seeds%s.\n",
        study->spec.name, study->command != NULL ? study->command : "halftone study export", ht_version(),
        study->spec.hash, json_array_size(p->literature) > 0 ? "; in brackets: the published figure" : "");
    put_networks(p);
    put_failures(p);
    HT_TRY(put_claims(p, err));
    if (json_array_size(p->literature) > 0) {
        ht__study_put_differences(p->results, p->literature, p->out);
    }
    ht__buffer_text(p->out, "\n## Results by width\n");
    for (size_t m = 0; m < study->model_count; ++m) { /* of each network the first training: the page stays readable */
        if (p->results->models[m].done && ht__study_first_training(study, m) == m) {
            put_model(p, m);
        }
    }
    return HT_OK;
}

ht_status ht_study_markdown(ht_study *study, const ht_study_results_options *options, char **markdown, size_t *size,
                            ht_error *err) {
    ht_study_results results;
    ht_buffer buffer;
    ht__buffer_init(&buffer, &study->ctx->allocator);
    page p = {.results = &results, .out = &buffer};
    ht_status status;
    HT_TRY_GOTO(ht__study_results_collect(study, &results, err), finished);
    if (options != NULL && options->literature != NULL) {
        HT_TRY_GOTO(ht__study_literature_json(study, options->literature, &p.literature, err), finished);
    }
    HT_TRY_GOTO(write_page(&p, err), finished);
    status = ht__study_hand_over(study->ctx, &buffer, markdown, size, err);
finished:
    json_decref(p.literature);
    ht__buffer_free(&buffer);
    ht__study_results_free(&results);
    return status;
}
