#include "study/claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct claim_row {
    const char *id;
    ht_claim_function *test;
} claim_row;

static const claim_row claims[] = {
    {"C1", ht__claim_stochastic_best},
    {"C2", ht__claim_normal_worst},
    {"C3", ht__claim_histogram_like_uniform},
    {"C4", ht__claim_complex_sooner},
    {"C5", ht__claim_stochastic_two_bits},
    {"C6", ht__claim_kept_widths},
    {"C7", ht__claim_regression_suffers},
    {"C8", ht__claim_mid_rise_regularizes},
    {"C9", ht__claim_harder_pictures},
    {"C10", ht__claim_data_sets_alike},
    {"C11", ht__claim_errors_add_up},
    {"C12", ht__claim_noisy_loses_less},
    {"C13", ht__claim_initialization},
    {"C14", ht__claim_kde},
    {"C15", ht__claim_dither},
};
enum { CLAIMS = sizeof claims / sizeof *claims };

/* ---- points ---- */

static bool is_plain(const ht_study_cell *cell) {
    return !cell->fold_batch_norm && cell->quantize_biases && cell->quantize_norms && cell->scheme.activation_bits == 0;
}

static void measure_damage(const ht_study_model_result *model, ht_point *point) {
    if (model->dataset.task == HT_TASK_REGRESSION) {
        point->damage = point->growth = log10(point->value / model->value);
        return;
    }
    double chance = 1.0 / (double)model->dataset.classes, samples = (double)model->dataset.samples;
    point->damage = (model->value - point->value) / fmax(1.0 / samples, model->value - chance);
    /* Half an error stands for none, which has no logarithm. */
    point->growth = log10(fmax(0.5 / samples, 1.0 - point->value) / fmax(0.5 / samples, 1.0 - model->value));
}

/* Cells of one series and width stand together. Returns the cell after the last one that was looked at. */
static size_t take_point(const ht_study_results *results, size_t first, ht_claim_data *data) {
    const ht_study *study = results->study;
    const ht_study_cell *cell = &study->cells[first];
    double sum = 0.0;
    size_t end = first, seeds = 0;
    for (; end < study->cell_count && ht__study_same_series(cell, &study->cells[end]) &&
           study->cells[end].scheme.bits == cell->scheme.bits;
         ++end) {
        if (results->cells[end].done && isfinite(results->cells[end].value)) {
            sum += results->cells[end].value;
            ++seeds;
        }
    }
    if (seeds > 0 && is_plain(cell) && results->models[cell->model].done && results->cells[first].done) {
        ht_point *point = &data->points[data->count++];
        *point = (ht_point){.cell = first,
                            .model = cell->model,
                            .scheme = cell->scheme_name,
                            .bits = cell->scheme.bits,
                            .value = sum / (double)seeds};
        measure_damage(&results->models[cell->model], point);
    }
    return end;
}

const ht_point *ht__point_find(const ht_claim_data *data, size_t model, const char *scheme, uint32_t bits) {
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *point = &data->points[i];
        if (point->model == model && point->bits == bits && strcmp(point->scheme, scheme) == 0) {
            return point;
        }
    }
    return NULL;
}

const ht_study_model *ht__point_model(const ht_claim_data *data, const ht_point *point) {
    return &data->results->study->models[point->model];
}

bool ht__point_is_regression(const ht_claim_data *data, const ht_point *point) {
    return ht__study_lower_is_better(data->results, point->model);
}

size_t ht__claim_net(const ht_claim_data *data, const ht_point *point) {
    return ht__study_first_training(data->results->study, point->model);
}

/* ---- tests ---- */

ht_status ht__tally_new(const ht_claim_data *data, ht_tally **out, ht_error *err) {
    *out = ht__calloc(&data->results->study->ctx->allocator, 1, sizeof **out);
    return *out != NULL ? HT_OK : ht__fail_memory(err, sizeof **out);
}

void ht__tally_free(const ht_claim_data *data, ht_tally *tally) {
    ht__free(&data->results->study->ctx->allocator, tally);
}

void ht__tally_add(ht_tally *tally, size_t first, size_t second, double ours, double theirs) {
    size_t voter = 0;
    while (voter < tally->count && (tally->voters[voter].first != first || tally->voters[voter].second != second)) {
        ++voter;
    }
    if (voter == HT_TALLY_VOTERS) {
        ++tally->left_out;
        return;
    }
    if (voter == tally->count) {
        tally->voters[voter].first = first;
        tally->voters[voter].second = second;
        ++tally->count;
    }
    tally->wins += ours < theirs;
    tally->losses += ours > theirs;
    tally->ties += !(ours < theirs) && !(ours > theirs);
    tally->voters[voter].balance += (ours < theirs) - (ours > theirs);
}

ht_votes ht__tally_votes(const ht_tally *tally) {
    ht_votes votes = {0, 0, NAN};
    for (size_t i = 0; i < tally->count; ++i) {
        votes.wins += tally->voters[i].balance > 0;
        votes.losses += tally->voters[i].balance < 0;
    }
    if (votes.wins + votes.losses > 0) {
        votes.p = ht_mcnemar_exact(votes.wins, votes.losses);
    }
    return votes;
}

void ht__claim_from_tally(ht_claim_test *claim, const ht_tally *tally, const char *sentence, const char *cells,
                          const char *voters) {
    if (tally->count == 0) {
        return;
    }
    ht_votes votes = ht__tally_votes(tally);
    claim->p = votes.p;
    claim->direction = votes.wins > votes.losses ? 1 : votes.wins < votes.losses ? -1 : 0;
    size_t used = (size_t)snprintf(
        claim->text, sizeof claim->text,
        "%s in %llu %s, the reverse in %llu, equal in %llu; in most cells of %llu of %zu %s (sign test).", sentence,
        (unsigned long long)tally->wins, cells, (unsigned long long)tally->losses, (unsigned long long)tally->ties,
        (unsigned long long)votes.wins, tally->count, voters);
    if (tally->left_out > 0 && used < sizeof claim->text) {
        snprintf(claim->text + used, sizeof claim->text - used, " %llu cells more were left out.",
                 (unsigned long long)tally->left_out);
    }
}

/* Squared errors of a stored regression result. */
static void squares_of(const ht_store_result *row, const ht_store_dataset *dataset, double *out) {
    const float *values = row->predictions, *targets = dataset->targets;
    size_t width = (size_t)dataset->width;
    for (size_t i = 0; i < (size_t)dataset->samples; ++i) {
        out[i] = 0.0;
        for (size_t k = 0; k < width; ++k) {
            double error = (double)values[i * width + k] - (double)targets[i * width + k];
            out[i] += error * error / (double)width;
        }
    }
}

static bool is_right(const ht_store_result *row, const uint32_t *labels, size_t i) {
    uint32_t class = strcmp(row->encoding, "u8") == 0 ? ((const uint8_t *)row->predictions)[i]
                                                      : ((const uint16_t *)row->predictions)[i];
    return class == labels[i];
}

static double test_classes(const ht_store_result *first, const ht_store_result *second,
                           const ht_study_model_result *model) {
    uint64_t worse = 0, better = 0;
    for (size_t i = 0; i < (size_t)model->dataset.samples; ++i) {
        bool a = is_right(first, model->labels, i), b = is_right(second, model->labels, i);
        worse += a && !b;
        better += !a && b;
    }
    return ht_mcnemar_exact(worse, better);
}

static ht_status test_squares(const ht_context *ctx, const ht_store_result *first, const ht_store_result *second,
                              const ht_store_dataset *dataset, double *p, ht_error *err) {
    size_t samples = (size_t)dataset->samples;
    double *a = ht__calloc(&ctx->allocator, 2 * samples, sizeof *a), *b = a + samples;
    if (a == NULL) {
        return ht__fail_memory(err, 2 * samples * sizeof *a);
    }
    squares_of(first, dataset, a);
    squares_of(second, dataset, b);
    for (size_t i = 0; i < samples; ++i) {
        b[i] -= a[i];
    }
    *p = ht_permutation_test(b, samples);
    ht__free(&ctx->allocator, a);
    return HT_OK;
}

ht_status ht__direct_test(const ht_study_results *results, size_t first, size_t second, ht_direct_test *out,
                          ht_error *err) {
    const ht_study *study = results->study;
    const ht_study_model_result *model = &results->models[study->cells[first].model];
    ht_store_result a, b;
    bool found_a, found_b;
    HT_TRY(ht__store_find_result(study->store, results->cells[first].row.result, &a, &found_a, err));
    ht_status status = ht__store_find_result(study->store, results->cells[second].row.result, &b, &found_b, err);
    out->difference = results->cells[second].value - results->cells[first].value;
    out->p = NAN;
    if (status == HT_OK && found_a && found_b) { /* their sizes were checked when they were collected */
        if (model->dataset.task == HT_TASK_REGRESSION) {
            status = test_squares(study->ctx, &a, &b, &model->dataset, &out->p, err);
        } else {
            out->p = test_classes(&a, &b, model);
        }
    }
    if (found_a) {
        ht__store_clear_result(study->store, &a);
    }
    if (status == HT_OK && found_b) {
        ht__store_clear_result(study->store, &b);
    }
    return status;
}

/* ---- the list ---- */

static const char *verdict_of(const ht_claim_test *claim, double p_holm) {
    if (claim->direction != 0 && p_holm < HT_STUDY_LEVEL) {
        return claim->direction > 0 ? "holds" : "fails";
    }
    return claim->survives ? "holds" : "undecided";
}

static ht_status test_all(const ht_claim_data *data, json_t *array, ht_error *err) {
    ht_claim_test tests[CLAIMS];
    double p[CLAIMS];
    for (size_t i = 0; i < CLAIMS; ++i) {
        tests[i] = (ht_claim_test){.id = claims[i].id, .p = NAN};
        HT_TRY(claims[i].test(data, &tests[i], err));
        p[i] = tests[i].p;
    }
    HT_TRY(ht_holm_adjust(data->results->study->ctx, p, CLAIMS, p, err));
    for (size_t i = 0; i < CLAIMS; ++i) {
        if (tests[i].text[0] != '\0') { /* a claim that this grid does not touch says nothing */
            json_array_append_new(array, json_pack("{s:s,s:s,s:o,s:s}", "id", tests[i].id, "verdict",
                                                   verdict_of(&tests[i], p[i]), "p_holm", ht__json_number(p[i]), "text",
                                                   tests[i].text));
        }
    }
    return HT_OK;
}

ht_status ht__study_claims_json(const ht_study_results *results, json_t **out, ht_error *err) {
    const ht_study *study = results->study;
    ht_claim_data data = {.results = results};
    data.points = ht__calloc(&study->ctx->allocator, study->cell_count + 1, sizeof *data.points);
    *out = json_array();
    if (data.points == NULL || *out == NULL) {
        ht__free(&study->ctx->allocator, data.points);
        json_decref(*out);
        return ht__fail_memory(err, study->cell_count * sizeof *data.points);
    }
    for (size_t i = 0; i < study->cell_count;) {
        i = take_point(results, i, &data);
    }
    ht_status status = test_all(&data, *out, err);
    ht__free(&study->ctx->allocator, data.points);
    if (status != HT_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
