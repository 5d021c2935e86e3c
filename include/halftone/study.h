/* Studies: a grid of models x schemes x widths x data sets x seeds, run cell by cell, stored, and told with its
 * uncertainty.
 *
 * A study is a folder: study.yaml says what to do, store.sqlite holds what is finished, models/ the trained networks.
 * Running it again goes on where it stopped, also after a kill.
 */
#ifndef HALFTONE_STUDY_H
#define HALFTONE_STUDY_H

#include "halftone/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_study ht_study;

/* The built-in studies, by index; NULL past the last. *summary (may be NULL): one line. */
HT_API const char *ht_study_template_at(size_t index, const char **summary);

/* Writes a commented study.yaml into `folder` (made when missing). `what` is a built-in study ("capstone", "mlp") or a
 * model file; then `data` names the data set that it is measured on (NULL: a comment asks for it).
 * Errors: HT_ERROR_NOT_FOUND (neither), HT_ERROR_EXISTS (there is a study.yaml and `overwrite` is false), HT_ERROR_IO.
 */
HT_API ht_status ht_study_init(ht_context *ctx, const char *what, const char *data, const char *folder, bool overwrite,
                               ht_error *err);

typedef struct ht_study_options {
    const char *data_dir; /* where data sets are looked up first; NULL: the usual places */
    const char *command;  /* stored in the results; NULL: none */
} ht_study_options;

/* Reads folder/study.yaml and opens the store. `options` may be NULL; its texts are copied. Ownership of *out passes to
 * the caller: ht_study_close, before the context is destroyed.
 * Errors: HT_ERROR_IO (no study.yaml), HT_ERROR_FORMAT (study.yaml, with its line; the store), HT_ERROR_LIMIT. */
HT_API ht_status ht_study_open(ht_context *ctx, const char *folder, const ht_study_options *options, ht_study **out,
                               ht_error *err);
/* NULL is allowed. */
HT_API void ht_study_close(ht_study *study);

/* How far a study is. */
typedef struct ht_study_counts {
    size_t models, models_done, models_failed;
    size_t cells, cells_done, cells_failed; /* failed ones include the cells of failed models */
    size_t cells_reused;                    /* of those done: the weights were those of another cell */
} ht_study_counts;
HT_API ht_status ht_study_count(ht_study *study, ht_study_counts *out, ht_error *err);

/* What a run would do now. */
typedef struct ht_study_plan {
    ht_study_counts counts;
    double minutes; /* that remain; a guess from measured cells or from multiply-adds. NAN: it cannot be told */
} ht_study_plan;
/* `missing` (may be NULL) is called once for each model whose data or file is not there, with the reason. */
HT_API ht_status ht_study_plan_run(ht_study *study, void (*missing)(void *user, const char *model, const char *reason),
                                   void *user, ht_study_plan *out, ht_error *err);

/* Does all that is not done: trains models, evaluates cells. What fails is recorded and the rest goes on (look at the
 * counts); failed cells are tried again by the next run. Small networks run one per thread, large ones one after the
 * other with all threads. Errors: HT_ERROR_INTERRUPTED (all finished cells are kept), HT_ERROR_IO, HT_ERROR_MEMORY. */
HT_API ht_status ht_study_run(ht_study *study, ht_study_counts *out, ht_error *err);

typedef struct ht_study_results_options {
    const char *literature; /* CSV file of published results (model,rounding,levels,bits,...); NULL: none */
    bool interactive;       /* with histograms, level sets, filters and test pictures: the report's slider. Loads the
                             * model, which must be there with its data */
} ht_study_results_options;

/* The results as a "halftone-results" JSON document, version 1: every cell with its 95 % interval, its paired test
 * against the float model, p-values corrected over the study, verdicts. `options` may be NULL. Ownership of *json
 * passes to the caller: ht_study_text_free. *size without the final NUL; may be NULL.
 * Errors: HT_ERROR_NOT_FOUND (nothing is finished), HT_ERROR_IO, HT_ERROR_FORMAT (the literature), HT_ERROR_MEMORY. */
HT_API ht_status ht_study_results_json(ht_study *study, const ht_study_results_options *options, char **json,
                                       size_t *size, ht_error *err);
/* One row per cell as CSV: model, scheme, bits, options, result, interval, test, sizes, status. The same ownership. */
HT_API ht_status ht_study_csv(ht_study *study, char **csv, size_t *size, ht_error *err);
/* The study as one page of Markdown: networks, claims, a table per network with the published figures beside ours. Of
 * the options only `literature` counts. The same ownership and errors as ht_study_results_json. */
HT_API ht_status ht_study_markdown(ht_study *study, const ht_study_results_options *options, char **markdown,
                                   size_t *size, ht_error *err);
/* NULL is allowed. */
HT_API void ht_study_text_free(ht_context *ctx, char *text);

#ifdef __cplusplus
}
#endif
#endif
