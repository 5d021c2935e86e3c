/* The store of a study: one SQLite file, schema in docs/store.md. Everything that is finished is in it at once.
 *
 * One connection, guarded by a lock of its own: any thread may call any function.
 */
#ifndef HT_STUDY_STORE_H
#define HT_STUDY_STORE_H

#include "base/context.h"
#include "halftone/data.h"

typedef struct ht_store ht_store;

/* Opens or makes the file. Errors: HT_ERROR_IO, HT_ERROR_FORMAT (not a store, or of a newer version). */
ht_status ht__store_open(const ht_allocator *allocator, const char *path, ht_store **out, ht_error *err);
/* NULL is allowed. */
void ht__store_close(ht_store *store);

/* A value of the table "study"; *out (NULL when absent) is a copy that the caller frees with the store's allocator. */
ht_status ht__store_get(ht_store *store, const char *key, char **out, ht_error *err);
ht_status ht__store_set(ht_store *store, const char *key, const char *value, ht_error *err);

/* Texts and blobs of a row that was read belong to the caller: ht__store_clear_model and its like. */
typedef struct ht_store_model {
    char *id, *key, *status; /* status "done" or "failed" */
    char *error;             /* NULL unless failed */
    char *file, *sha256;
    char *dataset; /* of the table "dataset" */
    char *init;    /* initialization that was used; NULL: not trained here */
    char *result;  /* hash of the float result; NULL until it is evaluated */
    char *layers;  /* JSON: [{"name", "elements", "shape"}] */
    int64_t parameters, bytes_f32;
    double macs, seconds; /* seconds: training (or loading) and evaluating */
} ht_store_model;

typedef struct ht_store_dataset {
    char *spec;
    ht_task task;
    int64_t samples, classes, width;
    char *class_names; /* JSON array; NULL for regression */
    void *targets;     /* u16[samples], or f32[samples][width] */
    size_t target_bytes;
} ht_store_dataset;

typedef struct ht_store_result {
    char *hash;
    double value, loss; /* NAN where not finite */
    void *predictions;  /* u8[samples] or u16[samples] classes, or f32[samples][width]; by `encoding` */
    size_t prediction_bytes;
    char *encoding; /* "u8", "u16", "f32" */
} ht_store_result;

typedef struct ht_store_cell {
    char *id, *key, *model, *status, *error;
    char *result; /* hash; NULL when failed */
    char *layers; /* JSON: [{"name", "sqnr_db", ...}]; NULL when failed */
    int64_t bytes_ideal, bytes_file;
    double seconds;
    bool reused; /* the outputs were those of another cell with the same weights */
} ht_store_cell;

/* Writing: each is one transaction and replaces a row of the same id. */
ht_status ht__store_put_model(ht_store *store, const ht_store_model *model, ht_error *err);
ht_status ht__store_put_dataset(ht_store *store, const ht_store_dataset *dataset, ht_error *err);
/* `result` may be NULL: the cell failed, or its result is there already. */
ht_status ht__store_put_cell(ht_store *store, const ht_store_cell *cell, const ht_store_result *result, ht_error *err);
ht_status ht__store_put_result(ht_store *store, const ht_store_result *result, ht_error *err);
/* Takes out a model and its cells (the network is another one now). */
ht_status ht__store_forget_model(ht_store *store, const char *id, ht_error *err);

/* Reading by id; *found says whether there is such a row. The caller clears what was found. */
ht_status ht__store_find_model(ht_store *store, const char *id, ht_store_model *out, bool *found, ht_error *err);
ht_status ht__store_find_dataset(ht_store *store, const char *spec, ht_store_dataset *out, bool *found, ht_error *err);
ht_status ht__store_find_result(ht_store *store, const char *hash, ht_store_result *out, bool *found, ht_error *err);
ht_status ht__store_find_cell(ht_store *store, const char *id, ht_store_cell *out, bool *found, ht_error *err);
/* Whether a result of this hash is there, without reading it. */
ht_status ht__store_has_result(ht_store *store, const char *hash, bool *found, ht_error *err);
/* Mean seconds of the finished cells of a model that were not reused; 0: none. */
ht_status ht__store_mean_seconds(ht_store *store, const char *model, double *out, ht_error *err);

void ht__store_clear_model(ht_store *store, ht_store_model *row);
void ht__store_clear_dataset(ht_store *store, ht_store_dataset *row);
void ht__store_clear_result(ht_store *store, ht_store_result *row);
void ht__store_clear_cell(ht_store *store, ht_store_cell *row);

#endif
