/* A study's results: read from the store, tested against the float models, told as JSON and CSV. */
#ifndef HT_STUDY_RESULTS_H
#define HT_STUDY_RESULTS_H

#include <jansson.h>

#include "halftone/metrics.h"
#include "study/cell.h"
#include "study/store.h"
#include "study/study.h"

/* The family-wise error rate of a study's tests. */
#define HT_STUDY_LEVEL 0.05

typedef enum ht_study_change { HT_STUDY_UNTESTED, HT_STUDY_NOISE, HT_STUDY_WORSE, HT_STUDY_BETTER } ht_study_change;

/* A float model and what its samples gave. */
typedef struct ht_study_model_result {
    bool done;
    ht_store_model row;
    ht_store_dataset dataset;
    double value, loss; /* accuracy or MSE; NAN where not finite */
    ht_interval interval;
    uint32_t *labels, *predictions; /* classification: [samples] */
    double *squares;                /* regression: [samples] squared errors (mean over the width) */
} ht_study_model_result;

/* A cell, its interval and its test against float. */
typedef struct ht_study_cell_result {
    bool done, failed; /* neither: not run yet */
    ht_store_cell row; /* of a finished or failed cell */
    double value, loss;
    ht_interval interval;
    double delta;            /* value - float's */
    double p, p_holm;        /* NAN: no test */
    ht_paired_counts counts; /* classification; regression: samples whose error grew or shrank */
    double detectable;       /* smallest difference with 80 % power at 5 % */
    ht_study_change change;
} ht_study_cell_result;

typedef struct ht_study_results {
    ht_study *study;
    ht_study_model_result *models; /* [study->model_count] */
    ht_study_cell_result *cells;   /* [study->cell_count] */
} ht_study_results;

/* Reads and tests everything. The caller frees *out with ht__study_results_free, also after a failure.
 * Errors: HT_ERROR_NOT_FOUND (no cell is finished), what the store says, HT_ERROR_MEMORY. */
ht_status ht__study_results_collect(ht_study *study, ht_study_results *out, ht_error *err);
void ht__study_results_free(ht_study_results *results);

/* True when `cell` is one of several that differ in the quantization seed only, and not the first. */
bool ht__study_is_repeat(const ht_study_cell *cell);
/* True when a larger value is worse (MSE). */
bool ht__study_lower_is_better(const ht_study_results *results, size_t model);
/* A cell that the report's slider may show: the usual options, the first seed, activations float. */
bool ht__study_is_plain(const ht_study_cell *cell);
/* The narrowest width from which on every finished width of this cell's series (same model, scheme and options, seed 0)
 * is not detectably worse than float; 0: none. */
uint32_t ht__study_lossless_bits(const ht_study_results *results, size_t cell);
/* The first model that differs from this one in seed and initialization at most. */
size_t ht__study_first_training(const ht_study *study, size_t model);
/* Whether two cells differ in width and quantization seed only. */
bool ht__study_same_series(const ht_study_cell *a, const ht_study_cell *b);

/* Parts of the document; each returns a new reference, or NULL when there is nothing to say. */
json_t *ht__study_verdict_json(const ht_study_results *results);
json_t *ht__study_stochastic_json(const ht_study_results *results);
ht_status ht__study_claims_json(const ht_study_results *results, json_t **out, ht_error *err);
/* Published rows on networks of this study. */
ht_status ht__study_literature_json(const ht_study *study, const char *path, json_t **out, ht_error *err);
/* The published value of a method at a width, from those rows (NULL: none); NAN: there is none. */
double ht__study_published(const json_t *literature, const ht_study_model *model, const char *method, uint32_t bits);
ht_status ht__study_interactive_json(const ht_study_results *results, json_t **out, ht_error *err);
/* The mean over the quantization seeds of the series that cell `series` is in, at a width; NAN: nothing is finished.
 * *mark: " ▼" or " ▲" when the first seed's test found a change, else empty. */
double ht__study_series_value(const ht_study_results *results, size_t series, uint32_t bits, const char **mark);
/* "nearest/uniform, batch norm folded": the scheme and the options that depart from the usual ones. */
void ht__study_put_name(const ht_study_cell *cell, ht_buffer *out);
/* The section of the page on published figures: how many of ours differ, and what closes the gap. */
void ht__study_put_differences(const ht_study_results *results, const json_t *literature, ht_buffer *out);
/* The index of the model that the report opens with. */
size_t ht__study_shown_model(const ht_study_results *results);

/* A copy of the buffer's text for the caller of the library. Errors: HT_ERROR_MEMORY (also what the buffer met). */
ht_status ht__study_hand_over(const ht_context *ctx, const ht_buffer *buffer, char **out, size_t *size, ht_error *err);
/* A real with at most 9 digits; null where it is not finite. */
json_t *ht__json_number(double value);

#endif
