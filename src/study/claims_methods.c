/* Claims that compare methods on the same network. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/claims.h"

/* Most direct tests that one claim makes. */
#define MOST_TESTS 4096

/* Direct tests compare nearest rounding only: between two random draws of one network the draw itself differs. */
static const char *const rivals_of_normal[] = {"nearest/uniform", "nearest/uniform-iqr", "nearest/histogram"};

/* Direct tests between two schemes at every width of every model, until they are corrected together. */
typedef struct test_list {
    double p[MOST_TESTS], difference[MOST_TESTS];
    const ht_point *first[MOST_TESTS];
    size_t count;
} test_list;

/* Adds the tests of `first` against `second`, both scheme names; difference > 0: second is worse. */
static ht_status add_tests(const ht_claim_data *data, const char *first, const char *second, test_list *list,
                           ht_error *err) {
    for (size_t i = 0; i < data->count && list->count < MOST_TESTS; ++i) {
        const ht_point *point = &data->points[i];
        const ht_point *other =
            strcmp(point->scheme, first) == 0 ? ht__point_find(data, point->model, second, point->bits) : NULL;
        if (other == NULL) {
            continue;
        }
        ht_direct_test test;
        HT_TRY(ht__direct_test(data->results, point->cell, other->cell, &test, err));
        list->p[list->count] = test.p;
        list->difference[list->count] = ht__point_is_regression(data, point) ? test.difference : -test.difference;
        list->first[list->count++] = point;
    }
    return HT_OK;
}

static ht_status new_list(const ht_claim_data *data, test_list **out, ht_error *err) {
    *out = ht__calloc(&data->results->study->ctx->allocator, 1, sizeof **out);
    return *out != NULL ? HT_OK : ht__fail_memory(err, sizeof **out);
}

static void free_list(const ht_claim_data *data, test_list *list) {
    ht__free(&data->results->study->ctx->allocator, list);
}

/* Votes of the networks on "stochastic/uniform loses less than `rival`", the cells of one width against each other. */
static ht_status vote_against(const ht_claim_data *data, const char *rival, ht_votes *votes, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *theirs = &data->points[i];
        const ht_point *ours = strcmp(theirs->scheme, rival) == 0
                                   ? ht__point_find(data, theirs->model, "stochastic/uniform", theirs->bits)
                                   : NULL;
        if (ours != NULL) {
            ht__tally_add(tally, ours->model, ours->model, ours->damage, theirs->damage);
        }
    }
    *votes = ht__tally_votes(tally);
    ht__tally_free(data, tally);
    return HT_OK;
}

static bool seen_before(const ht_claim_data *data, size_t index) {
    for (size_t k = 0; k < index; ++k) {
        if (strcmp(data->points[k].scheme, data->points[index].scheme) == 0) {
            return true;
        }
    }
    return false;
}

/* C1: it holds when stochastic/uniform wins most networks against every other scheme, and fails when one scheme wins
 * them (p times the number of rivals). */
ht_status ht__claim_stochastic_best(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    const char *rival = NULL;
    double worst_p = 0.0;
    ht_votes clearest = {0, 0, 1.0};
    size_t rivals = 0;
    bool beats_all = true;
    for (size_t i = 0; i < data->count; ++i) {
        const char *scheme = data->points[i].scheme;
        if (strcmp(scheme, "stochastic/uniform") == 0 || seen_before(data, i)) {
            continue;
        }
        ht_votes votes;
        HT_TRY(vote_against(data, scheme, &votes, err));
        if (isnan(votes.p)) {
            continue;
        }
        ++rivals;
        beats_all = beats_all && votes.wins > votes.losses;
        worst_p = fmax(worst_p, votes.p);
        if (votes.losses > votes.wins && votes.p <= clearest.p) {
            rival = scheme;
            clearest = votes;
        }
    }
    if (rivals == 0) {
        return HT_OK;
    }
    out->direction = rival != NULL ? -1 : beats_all ? 1 : 0;
    out->p = rival != NULL ? fmin(1.0, clearest.p * (double)rivals) : worst_p;
    if (rival != NULL) {
        snprintf(out->text, sizeof out->text,
                 "Against %zu other schemes, each network voting with most of its cells (sign tests): %s beats it most "
                 "clearly, by %llu networks to %llu.",
                 rivals, rival, (unsigned long long)clearest.losses, (unsigned long long)clearest.wins);
    } else {
        snprintf(out->text, sizeof out->text,
                 "Against %zu other schemes, each network voting with most of its cells (sign tests): none beats it.",
                 rivals);
    }
    return HT_OK;
}

/* Counts among Holm-corrected tests: how many find a difference, how many of these say that second is better. */
static ht_status count_found(const ht_claim_data *data, test_list *list, size_t *found, size_t *second_better,
                             double *least_p, size_t *clearest, ht_error *err) {
    HT_TRY(ht_holm_adjust(data->results->study->ctx, list->p, list->count, list->p, err));
    *found = *second_better = 0;
    *least_p = 1.0;
    *clearest = SIZE_MAX;
    for (size_t i = 0; i < list->count; ++i) {
        bool significant = list->p[i] < HT_STUDY_LEVEL, better = list->difference[i] < 0.0;
        *found += significant;
        *second_better += significant && better;
        if (significant && (*clearest == SIZE_MAX || fabs(list->difference[i]) > fabs(list->difference[*clearest]))) {
            *clearest = i;
        }
        *least_p = list->p[i] < *least_p ? list->p[i] : *least_p;
    }
    return HT_OK;
}

/* The smallest corrected p of a test in which the second scheme was better. */
static double least_p_of_better(const test_list *list) {
    double least = 1.0;
    for (size_t i = 0; i < list->count; ++i) {
        least = list->difference[i] < 0.0 && list->p[i] < least ? list->p[i] : least;
    }
    return least;
}

/* Whether every model in the list has a test that found a difference. */
static bool found_everywhere(const test_list *list) {
    for (size_t i = 0; i < list->count; ++i) {
        bool found = false;
        for (size_t k = 0; k < list->count && !found; ++k) {
            found = list->first[k]->model == list->first[i]->model && list->p[k] < HT_STUDY_LEVEL;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* C2: a single cell where a normal prior is detectably better than another level set refutes it. */
ht_status ht__claim_normal_worst(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    test_list *list;
    HT_TRY(new_list(data, &list, err));
    ht_status status = HT_OK;
    for (size_t i = 0; i < 3 && status == HT_OK; ++i) {
        status = add_tests(data, rivals_of_normal[i], "nearest/normal", list, err);
    }
    size_t found, better, clearest;
    double least;
    if (status == HT_OK && list->count > 0) {
        status = count_found(data, list, &found, &better, &least, &clearest, err);
        if (status == HT_OK) {
            out->direction = better > 0 ? -1 : 0;
            out->survives = better == 0 && found_everywhere(list);
            out->p = least_p_of_better(list);
            snprintf(out->text, sizeof out->text,
                     "Paired tests of the normal prior against the other level sets, nearest rounding, %zu in all: "
                     "detectably worse in %zu, detectably better in %zu.",
                     list->count, found - better, better);
        }
    }
    free_list(data, list);
    return status;
}

/* C3: a detectable difference anywhere refutes it. */
ht_status ht__claim_histogram_like_uniform(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    test_list *list;
    HT_TRY(new_list(data, &list, err));
    ht_status status = add_tests(data, "nearest/histogram", "nearest/uniform", list, err);
    size_t found, better, clearest;
    double least;
    if (status == HT_OK && list->count > 0) {
        status = count_found(data, list, &found, &better, &least, &clearest, err);
        if (status == HT_OK) {
            out->direction = found > 0 ? -1 : 0;
            out->survives = found == 0;
            out->p = least;
            snprintf(out->text, sizeof out->text,
                     "%zu paired tests of histogram against uniform levels, nearest rounding: %zu detectable "
                     "differences, in %zu of them "
                     "uniform is better%s%s.",
                     list->count, found, better, clearest != SIZE_MAX ? "; the largest: " : "",
                     clearest != SIZE_MAX ? data->results->study->cells[list->first[clearest]->cell].id : "");
        }
    }
    free_list(data, list);
    return status;
}

/* C5: two bits below the narrowest lossless width of nearest/uniform stochastic rounding is not detectably worse. */
ht_status ht__claim_stochastic_two_bits(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    size_t tested = 0, refuted = 0;
    double least_p = 1.0;
    char widths[200] = "";
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *nearest = &data->points[i];
        if (strcmp(nearest->scheme, "nearest/uniform") != 0 ||
            strcmp(ht__point_model(data, nearest)->name, "resnet9") != 0 ||
            ht__study_lossless_bits(data->results, nearest->cell) != nearest->bits || nearest->bits <= 2) {
            continue;
        }
        const ht_point *point = ht__point_find(data, nearest->model, "stochastic/uniform", nearest->bits - 2);
        if (point == NULL) {
            continue;
        }
        const ht_study_cell_result *cell = &data->results->cells[point->cell];
        ++tested;
        refuted += cell->change == HT_STUDY_WORSE;
        least_p = cell->p_holm < least_p ? cell->p_holm : least_p;
        size_t used = strlen(widths);
        snprintf(widths + used, sizeof widths - used, " %s: nearest keeps it from %u bits, stochastic at %u is %s;",
                 ht__point_model(data, nearest)->dataset, nearest->bits, point->bits,
                 cell->change == HT_STUDY_WORSE ? "detectably worse than float" : "not detectably worse");
    }
    (void)err;
    if (tested > 0) {
        out->direction = refuted > 0 ? -1 : 0;
        out->survives = refuted == 0;
        out->p = least_p;
        snprintf(out->text, sizeof out->text, "ResNet9.%s", widths);
    }
    return HT_OK;
}

/* The width at which C6 says that nothing is lost; 0: the claim does not speak of this network. */
static uint32_t claimed_width(const char *network) {
    return strncmp(network, "mlp", 3) == 0       ? 6
           : strcmp(network, "resnet9") == 0     ? 8
           : strcmp(network, "cnn-vanilla") == 0 ? 12
                                                 : 0;
}

/* C6: nearest/uniform at or above the claimed width is detectably worse than float anywhere. */
ht_status ht__claim_kept_widths(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    (void)err;
    size_t tested = 0, refuted = 0;
    double least_p = 1.0;
    const char *example = "";
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *point = &data->points[i];
        uint32_t width = claimed_width(ht__point_model(data, point)->name);
        if (width == 0 || point->bits < width || strcmp(point->scheme, "nearest/uniform") != 0) {
            continue;
        }
        const ht_study_cell_result *cell = &data->results->cells[point->cell];
        ++tested;
        if (cell->change == HT_STUDY_WORSE) {
            ++refuted;
            example = cell->p_holm <= least_p ? data->results->study->cells[point->cell].id : example;
        }
        least_p = cell->p_holm < least_p ? cell->p_holm : least_p;
    }
    if (tested > 0) {
        out->direction = refuted > 0 ? -1 : 0;
        out->survives = refuted == 0;
        out->p = least_p;
        snprintf(out->text, sizeof out->text,
                 "nearest/uniform at or above 6 bits (dense), 8 (ResNet9), 12 (vanilla CNN): %zu of %zu cells are "
                 "detectably worse than float%s%s.",
                 refuted, tested, refuted > 0 ? ", for example " : "", example);
    }
    return HT_OK;
}

/* C8: on MV with the complex net mid-rise at 4 bits against every wider one. */
ht_status ht__claim_mid_rise_regularizes(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    size_t wider = 0, better = 0;
    double largest_p = 0.0, least_p = 1.0;
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *point = &data->points[i];
        const ht_study_model *model = ht__point_model(data, point);
        const ht_point *four = ht__point_find(data, point->model, "mid-rise", 4);
        if (strcmp(model->name, "mlp-complex") != 0 || strncmp(model->dataset, "mv", 2) != 0 || four == NULL ||
            strcmp(point->scheme, "mid-rise") != 0 || point->bits <= 4) {
            continue;
        }
        ht_direct_test test;
        HT_TRY(ht__direct_test(data->results, four->cell, point->cell, &test, err));
        ++wider;
        better += test.difference > 0.0;
        largest_p = fmax(largest_p, test.p);
        least_p = fmin(least_p, test.p);
    }
    if (wider > 0) {
        out->direction = better == wider ? 1 : -1;
        out->p = better == wider ? largest_p : fmin(1.0, least_p * (double)wider);
        snprintf(out->text, sizeof out->text,
                 "MV, complex net: mid-rise at 4 bits has the smaller error than %zu of %zu "
                 "wider ones (paired permutation tests).",
                 better, wider);
    }
    return HT_OK;
}

/* Wins of cells whose scheme differs from another one's in one choice only. */
static ht_status compare_choice(const ht_claim_data *data, bool of_levels, const char *ours, const char *theirs,
                                const char *sentence, ht_claim_test *out, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    const ht_study *study = data->results->study;
    for (size_t i = 0; i < data->count; ++i) {
        const ht_scheme *a = &study->cells[data->points[i].cell].scheme;
        if (strcmp(of_levels ? a->levels : a->round, ours) != 0) {
            continue;
        }
        for (size_t k = 0; k < data->count; ++k) {
            const ht_scheme *b = &study->cells[data->points[k].cell].scheme;
            if (data->points[k].model == data->points[i].model && a->bits == b->bits &&
                strcmp(of_levels ? b->levels : b->round, theirs) == 0 &&
                strcmp(of_levels ? a->round : a->levels, of_levels ? b->round : b->levels) == 0 &&
                strcmp(a->range, b->range) == 0 && strcmp(a->granularity, b->granularity) == 0 &&
                a->quirks == b->quirks) {
                size_t model = data->points[i].model;
                ht__tally_add(tally, model, model, data->points[i].damage, data->points[k].damage);
            }
        }
    }
    ht__claim_from_tally(out, tally, sentence, "cells", "networks");
    ht__tally_free(data, tally);
    return HT_OK;
}

/* C14 */
ht_status ht__claim_kde(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    return compare_choice(data, true, "kde", "histogram", "All else equal, KDE levels lose less than histogram levels",
                          out, err);
}

/* C15 */
ht_status ht__claim_dither(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    return compare_choice(data, false, "dithered", "nearest",
                          "All else equal, dithered rounding loses less than nearest rounding", out, err);
}
