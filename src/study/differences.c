/* Where our cells lose another amount than the published ones, and which departure from the method closes the gap.
 *
 * What is compared is what quantization cost, not the figures themselves: the networks are trained anew and start from
 * another accuracy. A cell that departs (other quirks, norm parameters left float, batch norm folded, ...) explains a
 * difference when it loses what the published cell lost. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/results.h"

/* Losses closer than this count as equal: points of accuracy, and powers of ten of a mean squared error. */
#define NEAR_POINTS 3.0
#define NEAR_DECADES 0.3

enum { MOST_CAUSES = 12 };

typedef struct cause {
    const ht_study_cell *cell; /* the first one of this departure; NULL: another training of the network */
    size_t explained, tried;
} cause;

typedef struct method {
    const ht_study_results *results;
    const json_t *literature;
    const char *name;
    size_t compared, differing, unexplained;
    cause causes[MOST_CAUSES];
    size_t cause_count;
} method;

/* Points of accuracy lost, or decades of squared error gained. */
static double loss_of(bool regression, double value, double in_float) {
    return regression ? log10(value / in_float) : 100.0 * (in_float - value);
}

static bool is_near(bool regression, double a, double b) {
    return fabs(a - b) <= (regression ? NEAR_DECADES : NEAR_POINTS);
}

/* The method of a scheme's name: "nearest/uniform" of "nearest/uniform,quirks=none". */
static bool is_method(const ht_study_cell *cell, const char *name) {
    size_t length = strlen(name);
    return strncmp(cell->scheme_name, name, length) == 0 &&
           (cell->scheme_name[length] == '\0' || cell->scheme_name[length] == ',');
}

static bool is_departure_alike(const ht_study_cell *a, const ht_study_cell *b) {
    return strcmp(a->scheme_name, b->scheme_name) == 0 && a->fold_batch_norm == b->fold_batch_norm &&
           a->quantize_biases == b->quantize_biases && a->quantize_norms == b->quantize_norms;
}

static cause *cause_of(method *m, const ht_study_cell *cell) {
    for (size_t i = 0; i < m->cause_count; ++i) {
        const ht_study_cell *known = m->causes[i].cell;
        if (known == cell || (known != NULL && cell != NULL && is_departure_alike(known, cell))) {
            return &m->causes[i];
        }
    }
    if (m->cause_count == MOST_CAUSES) {
        return NULL;
    }
    m->causes[m->cause_count] = (cause){.cell = cell};
    return &m->causes[m->cause_count++];
}

static bool count(method *m, const ht_study_cell *departure, bool closes) {
    cause *c = cause_of(m, departure);
    if (c != NULL) {
        ++c->tried;
        c->explained += closes;
    }
    return closes;
}

/* Tries every departure of the same model and width. */
static bool explain_by_departure(method *m, size_t index, double published_loss) {
    const ht_study *study = m->results->study;
    const ht_study_cell *ours = &study->cells[index];
    bool regression = ht__study_lower_is_better(m->results, ours->model), explained = false;
    double in_float = m->results->models[ours->model].value;
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *other = &study->cells[i];
        if (other->model == ours->model && other->scheme.bits == ours->scheme.bits && other->quantization_seed == 0 &&
            !is_departure_alike(other, ours) && is_method(other, m->name) && m->results->cells[i].done) {
            double loss = loss_of(regression, m->results->cells[i].value, in_float);
            explained |= count(m, other, is_near(regression, loss, published_loss));
        }
    }
    return explained;
}

/* Does one of the other trainings of this network, under the same scheme, lose what was published, or do some lose more
 * and others less? */
static bool explain_by_training(method *m, size_t index, double own_loss, double published_loss) {
    const ht_study *study = m->results->study;
    const ht_study_cell *ours = &study->cells[index];
    const ht_study_model *model = &study->models[ours->model];
    bool regression = ht__study_lower_is_better(m->results, ours->model), near = false;
    double least = own_loss, most = own_loss;
    size_t others = 0;
    for (size_t i = 0; i < study->cell_count; ++i) {
        const ht_study_cell *other = &study->cells[i];
        const ht_study_model *training = &study->models[other->model];
        if (other->model != ours->model && strcmp(training->dataset, model->dataset) == 0 &&
            strcmp(training->name, model->name) == 0 && other->scheme.bits == ours->scheme.bits &&
            is_departure_alike(other, ours) && m->results->cells[i].done) {
            double loss = loss_of(regression, m->results->cells[i].value, m->results->models[other->model].value);
            near |= is_near(regression, loss, published_loss);
            least = fmin(least, loss);
            most = fmax(most, loss);
            ++others;
        }
    }
    return others > 0 && count(m, NULL, near || (least < published_loss && published_loss < most));
}

/* `cell` is of the method as published, and the first of its seeds. */
static void compare(method *m, size_t index) {
    const ht_study_results *results = m->results;
    const ht_study_cell *cell = &results->study->cells[index];
    const ht_study_model *model = &results->study->models[cell->model];
    double theirs = ht__study_published(m->literature, model, m->name, cell->scheme.bits);
    double their_float = ht__study_published(m->literature, model, "mid-rise", HT_BITS_MAX);
    if (!isfinite(theirs) || !isfinite(their_float) || !results->cells[index].done) {
        return;
    }
    const char *mark;
    bool regression = ht__study_lower_is_better(results, cell->model);
    double ours = ht__study_series_value(results, index, cell->scheme.bits, &mark);
    double published_loss = loss_of(regression, theirs, their_float);
    ++m->compared;
    double own_loss = loss_of(regression, ours, results->models[cell->model].value);
    if (!is_near(regression, own_loss, published_loss)) {
        bool by_departure = explain_by_departure(m, index, published_loss);
        bool by_training = explain_by_training(m, index, own_loss, published_loss);
        ++m->differing;
        m->unexplained += !by_departure && !by_training;
    }
}

static void put_method(const method *m, ht_buffer *out) {
    ht__buffer_printf(out, "| %s | %zu | %zu | ", m->name, m->compared, m->differing);
    const char *separator = "";
    for (size_t i = 0; i < m->cause_count; ++i) {
        ht__buffer_text(out, separator);
        if (m->causes[i].cell != NULL) {
            ht__study_put_name(m->causes[i].cell, out);
        } else {
            ht__buffer_text(out, "another training");
        }
        ht__buffer_printf(out, ": %zu of %zu", m->causes[i].explained, m->causes[i].tried);
        separator = "; ";
    }
    ht__buffer_printf(out, " | %zu |\n", m->unexplained);
}

static bool seen_before(const ht_study *study, size_t index) {
    for (size_t i = 0; i < index; ++i) {
        if (strcmp(study->cells[i].scheme_name, study->cells[index].scheme_name) == 0) {
            return true;
        }
    }
    return false;
}

void ht__study_put_differences(const ht_study_results *results, const json_t *literature, ht_buffer *out) {
    const ht_study *study = results->study;
    ht__buffer_printf(
        out,
        "\n## Where ours differ from the published\n\nCompared is what quantization cost: points of accuracy, or the "
        "factor by which a squared error grew; the published float figure is mid-rise at %d bits. A cell differs "
        "from %g points or a factor of %.0f on. The fourth column has the cells that depart from the method in one "
        "way: for how many of the differing figures they lose what was published, and how many of them they were run "
        "for.\n\n| method | compared | differ | as published with | left |\n|---|---:|---:|---|---:|\n",
        HT_BITS_MAX, NEAR_POINTS, pow(10.0, NEAR_DECADES));
    for (size_t i = 0; i < study->cell_count; ++i) {
        method m = {.results = results, .literature = literature, .name = study->cells[i].scheme_name};
        for (size_t k = i; k < study->cell_count && !seen_before(study, i); ++k) {
            const ht_study_cell *cell = &study->cells[k];
            if (ht__study_is_plain(cell) && strcmp(cell->scheme_name, m.name) == 0 &&
                ht__study_first_training(study, cell->model) == cell->model) {
                compare(&m, k);
            }
        }
        if (m.compared > 0) {
            put_method(&m, out);
        }
    }
}
