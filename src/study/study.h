/* A study in memory: what study.yaml says, and the models and cells that it expands to.
 *
 *   specification   study.yaml as read (spec.c)
 *   models, cells   the grid, one entry per network and per quantized network (expand.c)
 *   store           what is finished (store.c)
 *   cell work       how a network is trained, quantized and evaluated (cell.h)
 */
#ifndef HT_STUDY_STUDY_H
#define HT_STUDY_STUDY_H

#include "base/context.h"
#include "halftone/quantize.h"
#include "halftone/study.h"
#include "study/recipe.h"

/* One entry of "models:". */
typedef struct ht_study_entry {
    const char *name;                /* how grids and reports name it */
    const char *arch;                /* trained here; NULL: from a file */
    const char *file;                /* a model file, relative to the study's folder or absolute; NULL: trained */
    const char *const *data;         /* data sets without a split: "telescope" */
    size_t data_count;               /* >= 1 */
    const char *evaluate;            /* split and slice to measure on: "test", "test[0:2000]" */
    const char *calibrate;           /* split and slice that activations are seen on: "calibration" */
    const uint64_t *seeds;           /* of training */
    size_t seed_count;               /* >= 1 */
    const char *const *inits;        /* a NULL entry: as the recipe says */
    size_t init_count;               /* >= 1 */
    const ht_recipe_setting *recipe; /* departures from the architecture's recipe */
    size_t recipe_count;
    int64_t line;
} ht_study_entry;

/* One entry of "grids:": models x schemes x bits (x seeds for random roundings). */
typedef struct ht_study_grid {
    const char *const *models; /* names of entries; count 0: all */
    size_t model_count;
    const char *const *schemes;
    const int64_t *scheme_lines;
    size_t scheme_count;
    const uint32_t *bits;
    size_t bits_count;
    uint32_t activation_bits;    /* 0: activations stay float */
    uint32_t quantization_seeds; /* of a random rounding */
    bool fold_batch_norm, quantize_biases, quantize_norms;
} ht_study_grid;

typedef struct ht_study_spec {
    const char *name;
    uint64_t seed;
    ht_study_entry *entries;
    size_t entry_count;
    ht_study_grid *grids;
    size_t grid_count;
    const char *report_model;          /* name of an entry; NULL: the first */
    const char *const *report_schemes; /* of the report's slider; count 0: chosen */
    size_t report_scheme_count;
    char hash[65]; /* SHA-256 of the file */
} ht_study_spec;

/* A network to be trained or loaded. */
typedef struct ht_study_model {
    const char *id;         /* "telescope_mlp-simple_s0": unique, and a file name */
    const char *name;       /* of the entry */
    const char *arch;       /* NULL: loaded */
    const char *file;       /* path to read from or to train to */
    const char *file_shown; /* the same relative to the study's folder */
    const char *dataset;    /* "telescope" */
    const char *evaluate;   /* "telescope:test" */
    const char *calibrate;  /* "telescope:calibration" */
    const char *init;       /* NULL: as the recipe says */
    uint64_t seed;
    const ht_study_entry *entry;
    const char *key; /* all that the weights depend on, as text: another key means another network */
} ht_study_model;

/* A quantized network to be evaluated. */
typedef struct ht_study_cell {
    const char *id;          /* "telescope_mlp-simple_s0/mid-rise/4": unique */
    size_t model;            /* index */
    ht_scheme scheme;        /* with bits and seed */
    const char *scheme_name; /* as study.yaml names it */
    bool fold_batch_norm, quantize_biases, quantize_norms;
    uint32_t quantization_seed; /* 0 .. */
    const char *key;            /* all that the cell's result depends on besides the model's weights */
} ht_study_cell;

typedef struct ht_store ht_store;
typedef struct ht_cell_work ht_cell_work;

struct ht_study {
    ht_context *ctx;
    ht_arena *arena; /* owns all texts and arrays below */
    const char *folder;
    const char *data_dir; /* may be NULL */
    const char *command;  /* may be NULL */
    ht_study_spec spec;
    ht_study_model *models;
    size_t model_count;
    ht_study_cell *cells; /* in model order */
    size_t cell_count;
    ht_store *store;
    const ht_cell_work *work;
};

/* Reads study.yaml's text into the study's arena. `file` stands in errors. Errors: HT_ERROR_FORMAT with the line. */
ht_status ht__study_parse(ht_arena *arena, const char *file, const void *text, size_t size, ht_study_spec *out,
                          ht_error *err);
/* Fills models and cells from the specification. Errors: HT_ERROR_FORMAT (an unknown scheme, with its line),
 * HT_ERROR_LIMIT (more than 200,000 cells). */
ht_status ht__study_expand(ht_study *study, ht_error *err);
/* ht_study_open with any work, which must outlive the study; closing the study releases it. */
ht_status ht__study_open_with(ht_context *ctx, const char *folder, const ht_study_options *options,
                              const ht_cell_work *work, ht_study **out, ht_error *err);

/* SHA-256 as 64 hexadecimal digits and a NUL. */
void ht__sha256_hex(const void *bytes, size_t size, char out[65]);
ht_status ht__sha256_file(const char *path, char out[65], ht_error *err);
/* The same piece by piece. */
typedef struct ht_digest {
    void *state; /* NULL: memory was short */
} ht_digest;
ht_digest ht__digest_begin(void);
void ht__digest_add(ht_digest *digest, const void *bytes, size_t size);
/* Ends it in any case. Errors: HT_ERROR_MEMORY. */
ht_status ht__digest_end(ht_digest *digest, char out[65], ht_error *err);

#endif
