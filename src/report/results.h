/* A halftone-results document as plain structs: checked once, then read without surprises.
 *
 * Numbers that are absent or null are NaN; texts that are absent are "". All memory hangs on the document's arena,
 * texts belong to its JSON tree.
 */
#ifndef HT_REPORT_RESULTS_H
#define HT_REPORT_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/context.h"

typedef enum ht_change { HT_CHANGE_NONE, HT_CHANGE_NOISE, HT_CHANGE_WORSE, HT_CHANGE_BETTER } ht_change;

typedef struct ht_layer_error {
    const char *name;
    double sqnr, sqnr_accumulated; /* dB: of the values; of the output, with all layers before it quantized too */
    double max_error;
} ht_layer_error;

/* One measured point: a model under one scheme at one width. */
typedef struct ht_cell {
    const char *id, *scheme, *scheme_text, *levels, *round, *granularity, *range, *error, *test;
    size_t model;              /* index into ht_results.models */
    size_t series;             /* index into ht_results.series */
    int bits, activation_bits; /* 1..32; activation_bits 0: activations stay float */
    bool fold_batch_norm, keep_biases, keep_norms;
    double quant_seed, seconds;
    bool failed;
    double value, low, high, count, loss; /* accuracy in 0..1 or MSE, its 95 % interval, samples */
    ht_change change;                     /* against float, after Holm's correction */
    double delta, delta_low, delta_high;  /* quantized minus float; 95 % interval, NaN when not derivable */
    double p, p_holm, flipped, worse, better, smallest_detectable;
    double bytes_ideal, bytes_file, ratio_ideal;
    const ht_layer_error *layers;
    size_t layer_count;
} ht_cell;

typedef struct ht_result_model {
    const char *id, *name, *dataset, *sha256, *file;
    bool regression; /* MSE, lower is better; otherwise accuracy */
    double parameters, bytes, macs;
    double value, low, high, count, loss; /* in float */
    size_t first_series, series_count;    /* its rows in ht_results.series */
} ht_result_model;

/* Cells of one model that differ in width only, in ascending width: one line of the curve. */
typedef struct ht_series {
    size_t model;
    const char *scheme, *label; /* the label names what differs from plain weight quantization */
    size_t style;               /* the same for equal labels of all models: colour, dash, marker */
    const ht_cell *const *cells;
    size_t cell_count;
    int lossless_bits; /* narrowest width from which on no wider one is detectably worse; 0: none */
} ht_series;

typedef struct ht_spread {
    const char *scheme;
    size_t model;
    int bits;
    double seeds, mean, low, high;
} ht_spread;

typedef struct ht_literature {
    const char *model, *method, *source;
    int bits;
    double value;
    const ht_cell *ours; /* the cell it can be compared with, or NULL */
} ht_literature;

typedef struct ht_claim {
    const char *id, *verdict, *text;
    double p_holm;
} ht_claim;

typedef struct ht_results {
    ht_arena *arena;
    json_t *root;
    const char *study, *created, *version, *command, *cpu, *hash;
    double seed;
    ht_result_model *models;
    ht_cell *cells;
    ht_series *series;
    ht_spread *spreads;
    ht_literature *literature;
    ht_claim *claims;
    size_t model_count, cell_count, series_count, spread_count, literature_count, claim_count;
    const int *widths; /* every width of a finished cell, ascending */
    size_t width_count, failed_count, style_count;
    size_t verdict_model;        /* the model the report opens with */
    const char *verdict_text;    /* "" when the document brings none, as the next two */
    const char *verdict_command; /* makes the file that the verdict speaks of */
    const char *verdict_scheme;
    int verdict_bits; /* 0: none */
} ht_results;

/* Parses and checks a document. `allocator` must outlive *out. On failure *out needs no freeing.
 * Errors: HT_ERROR_FORMAT, HT_ERROR_LIMIT, HT_ERROR_MEMORY. */
ht_status ht__results_parse(const ht_allocator *allocator, const char *text, size_t size, ht_results *out,
                            ht_error *err);
void ht__results_free(ht_results *results);

/* Groups the cells into series; part of parsing (series.c). */
ht_status ht__results_group(ht_results *results, ht_error *err);
/* The cell of `series` at `bits`, or NULL. */
const ht_cell *ht__series_at(const ht_series *series, int bits);

#endif
