/* Claims that compare networks, data sets and tasks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/normal.h"
#include "study/claims.h"

static bool is_named(const ht_claim_data *data, const ht_point *point, const char *name) {
    return strcmp(ht__point_model(data, point)->name, name) == 0;
}

/* A point of another model under the same scheme and width, from index `from` on; SIZE_MAX: no more. */
static size_t next_like(const ht_claim_data *data, const ht_point *point, size_t from) {
    for (size_t i = from; i < data->count; ++i) {
        const ht_point *other = &data->points[i];
        if (other->model != point->model && other->bits == point->bits && strcmp(other->scheme, point->scheme) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* The verdict of a tally, which it frees. */
static ht_status tell(const ht_claim_data *data, ht_claim_test *out, ht_tally *tally, const char *sentence,
                      const char *cells, const char *voters) {
    ht__claim_from_tally(out, tally, sentence, cells, voters);
    ht__tally_free(data, tally);
    return HT_OK;
}

/* C4 */
ht_status ht__claim_complex_sooner(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    static const char *const pairs[][2] = {{"mlp-simple", "mlp-complex"}, {"cnn-vanilla", "resnet9"}};
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *simple = &data->points[i];
        for (size_t k = next_like(data, simple, 0); k != SIZE_MAX; k = next_like(data, simple, k + 1)) {
            const ht_point *complex_net = &data->points[k];
            bool same_data =
                strcmp(ht__point_model(data, simple)->dataset, ht__point_model(data, complex_net)->dataset) == 0;
            for (size_t p = 0; p < 2 && same_data; ++p) {
                if (is_named(data, simple, pairs[p][0]) && is_named(data, complex_net, pairs[p][1])) {
                    ht__tally_add(tally, ht__claim_net(data, simple), ht__claim_net(data, complex_net), simple->damage,
                                  complex_net->damage);
                }
            }
        }
    }
    return tell(data, out, tally, "Same data, scheme and width: the complex net loses more than the simple one",
                "pairs of cells", "pairs of networks");
}

/* C7 */
ht_status ht__claim_regression_suffers(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *class_net = &data->points[i];
        for (size_t k = next_like(data, class_net, 0); k != SIZE_MAX; k = next_like(data, class_net, k + 1)) {
            const ht_point *regression = &data->points[k];
            if (!ht__point_is_regression(data, class_net) && ht__point_is_regression(data, regression) &&
                is_named(data, regression, ht__point_model(data, class_net)->name)) {
                ht__tally_add(tally, ht__claim_net(data, class_net), ht__claim_net(data, regression), class_net->growth,
                              regression->growth);
            }
        }
    }
    return tell(data, out, tally,
                "Same net, scheme and width: the error of a regression grows by a larger factor than that of a "
                "classification",
                "pairs of cells", "pairs of networks");
}

/* C9 */
ht_status ht__claim_harder_pictures(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *easy = &data->points[i];
        for (size_t k = next_like(data, easy, 0); k != SIZE_MAX; k = next_like(data, easy, k + 1)) {
            const ht_point *hard = &data->points[k];
            if (strncmp(ht__point_model(data, easy)->dataset, "fashion-mnist", 13) == 0 &&
                strncmp(ht__point_model(data, hard)->dataset, "cifar", 5) == 0 &&
                is_named(data, hard, ht__point_model(data, easy)->name)) {
                ht__tally_add(tally, ht__claim_net(data, easy), ht__claim_net(data, hard), easy->damage, hard->damage);
            }
        }
    }
    return tell(data, out, tally,
                "Same net, scheme and width: CIFAR loses a larger share of its accuracy above chance than "
                "Fashion-MNIST",
                "pairs of cells", "pairs of networks");
}

/* Variance of the accuracy lost by one cell: of a difference of paired proportions. */
static double variance_of(const ht_study_cell_result *cell) {
    double n = (double)cell->counts.n, changed = (double)(cell->counts.worse + cell->counts.better);
    double net = (double)cell->counts.worse - (double)cell->counts.better;
    return (changed - net * net / n) / (n * n);
}

/* C10: two data sets lose detectably different accuracy (z test of two independent paired differences). */
ht_status ht__claim_data_sets_alike(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    size_t pairs = 0, bound = data->count * 8 + 1;
    double *p = ht__calloc(&data->results->study->ctx->allocator, bound, sizeof *p), largest = 0.0;
    if (p == NULL) {
        return ht__fail_memory(err, bound * sizeof *p);
    }
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *a = &data->points[i];
        if (strncmp(ht__point_model(data, a)->name, "mlp", 3) != 0 || ht__point_is_regression(data, a)) {
            continue;
        }
        for (size_t k = next_like(data, a, i + 1); k != SIZE_MAX && pairs < bound; k = next_like(data, a, k + 1)) {
            const ht_point *b = &data->points[k];
            if (ht__point_is_regression(data, b) || !is_named(data, b, ht__point_model(data, a)->name)) {
                continue;
            }
            const ht_study_cell_result *x = &data->results->cells[a->cell], *y = &data->results->cells[b->cell];
            double deviation = sqrt(variance_of(x) + variance_of(y)), difference = fabs(x->delta - y->delta);
            p[pairs++] = deviation > 0.0 ? 2.0 * ht__normal_tail(difference / deviation) : 1.0;
            largest = fmax(largest, difference);
        }
    }
    ht_status status = ht_holm_adjust(data->results->study->ctx, p, pairs, p, err);
    size_t found = 0;
    double least = 1.0;
    for (size_t i = 0; i < pairs && status == HT_OK; ++i) {
        found += p[i] < HT_STUDY_LEVEL;
        least = fmin(least, p[i]);
    }
    if (status == HT_OK && pairs > 0) {
        out->direction = found > 0 ? -1 : 0;
        out->survives = found == 0;
        out->p = least;
        snprintf(
            out->text, sizeof out->text,
            "Dense nets for classification, two data sets, same net, scheme and width: the change of accuracy differs "
            "detectably in %zu of %zu pairs; largest difference %.1f points.",
            found, pairs, 100.0 * largest);
    }
    ht__free(&data->results->study->ctx->allocator, p);
    return status;
}

/* The accumulated SQNR of the first and the last layer of a cell; false when it has fewer than two. */
static bool end_layers(const ht_study_cell_result *cell, double *first, double *last) {
    json_t *layers = cell->row.layers != NULL ? json_loads(cell->row.layers, 0, NULL) : NULL;
    size_t seen = 0;
    for (size_t i = 0; i < json_array_size(layers); ++i) {
        const json_t *value = json_object_get(json_array_get(layers, i), "sqnr_accumulated_db");
        if (json_is_number(value)) {
            *last = json_number_value(value);
            *first = seen == 0 ? *last : *first;
            ++seen;
        }
    }
    json_decref(layers);
    return seen > 1;
}

/* C11 */
ht_status ht__claim_errors_add_up(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        double first = 0.0, last = 0.0;
        if (end_layers(&data->results->cells[data->points[i].cell], &first, &last)) {
            size_t model = data->points[i].model;
            ht__tally_add(tally, model, model, last, first);
        }
    }
    return tell(data, out, tally,
                "The signal behind the last layer is noisier (accumulated SQNR) than behind the first", "cells",
                "networks");
}

/* C12: of two nets that differ in seed or initialization only, the less accurate one loses less. */
ht_status ht__claim_noisy_loses_less(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *a = &data->points[i];
        for (size_t k = next_like(data, a, i + 1); k != SIZE_MAX; k = next_like(data, a, k + 1)) {
            const ht_point *b = &data->points[k];
            double x = data->results->models[a->model].value, y = data->results->models[b->model].value;
            if (strcmp(ht__point_model(data, a)->dataset, ht__point_model(data, b)->dataset) != 0 ||
                !is_named(data, b, ht__point_model(data, a)->name) || x == y) {
                continue;
            }
            bool first_is_noisy = (x < y) != ht__point_is_regression(data, a);
            size_t net = ht__claim_net(data, a);
            ht__tally_add(tally, net, net, first_is_noisy ? a->damage : b->damage,
                          first_is_noisy ? b->damage : a->damage);
        }
    }
    return tell(data, out, tally, "Of two trainings of one net the one that is worse in float loses less",
                "pairs of cells", "networks");
}

static const char *init_of(const ht_claim_data *data, const ht_point *point) {
    const char *init = ht__point_model(data, point)->init;
    return init != NULL ? init : "";
}

/* How much worse a normal prior is than uniform levels at this width. */
static bool cost_of_normal(const ht_claim_data *data, const ht_point *uniform, double *out) {
    const ht_point *normal = ht__point_find(data, uniform->model, "nearest/normal", uniform->bits);
    if (normal == NULL || strcmp(uniform->scheme, "nearest/uniform") != 0) {
        return false;
    }
    *out = normal->damage - uniform->damage;
    return true;
}

/* C13: a normal prior costs less where the weights began as normal than where they began as uniform. */
ht_status ht__claim_initialization(const ht_claim_data *data, ht_claim_test *out, ht_error *err) {
    ht_tally *tally;
    HT_TRY(ht__tally_new(data, &tally, err));
    for (size_t i = 0; i < data->count; ++i) {
        const ht_point *a = &data->points[i];
        double with_normal, with_uniform;
        if (strstr(init_of(data, a), "-normal") == NULL || !cost_of_normal(data, a, &with_normal)) {
            continue;
        }
        for (size_t k = next_like(data, a, 0); k != SIZE_MAX; k = next_like(data, a, k + 1)) {
            const ht_point *b = &data->points[k];
            const ht_study_model *x = ht__point_model(data, a), *y = ht__point_model(data, b);
            if (strstr(init_of(data, b), "-uniform") != NULL && strcmp(x->dataset, y->dataset) == 0 &&
                strcmp(x->name, y->name) == 0 && x->seed == y->seed && cost_of_normal(data, b, &with_uniform)) {
                ht__tally_add(tally, a->model, b->model, with_normal, with_uniform);
            }
        }
    }
    return tell(data, out, tally,
                "A normal prior costs less, compared with uniform levels, after a normal than after a uniform "
                "initialization",
                "pairs of cells", "pairs of networks");
}
