#include "study/store.h"

#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

struct ht_store {
    const ht_allocator *allocator;
    sqlite3 *db;
    pthread_mutex_t lock;
    const char *path;
};

#define STORE_VERSION 1

/* docs/store.md explains it; raise STORE_VERSION with any change. */
static const char schema[] =
    "CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE dataset (spec TEXT PRIMARY KEY, task TEXT NOT NULL, samples INTEGER NOT NULL,"
    " classes INTEGER NOT NULL, width INTEGER NOT NULL, class_names TEXT, targets BLOB NOT NULL);"
    "CREATE TABLE model (id TEXT PRIMARY KEY, key TEXT NOT NULL, status TEXT NOT NULL, error TEXT, file TEXT,"
    " sha256 TEXT, dataset TEXT, init TEXT, result TEXT, layers TEXT, parameters INTEGER, bytes_f32 INTEGER,"
    " macs REAL, seconds REAL, finished TEXT DEFAULT CURRENT_TIMESTAMP);"
    "CREATE TABLE result (hash TEXT PRIMARY KEY, value REAL, loss REAL, encoding TEXT NOT NULL,"
    " predictions BLOB NOT NULL);"
    "CREATE TABLE cell (id TEXT PRIMARY KEY, key TEXT NOT NULL, model TEXT NOT NULL, status TEXT NOT NULL, error TEXT,"
    " result TEXT, layers TEXT, bytes_ideal INTEGER, bytes_file INTEGER, seconds REAL, reused INTEGER NOT NULL,"
    " finished TEXT DEFAULT CURRENT_TIMESTAMP);"
    "CREATE INDEX cell_model ON cell (model);"
    "PRAGMA user_version = 1;";

static ht_status fail_sql(const ht_store *store, ht_error *err) {
    int code = sqlite3_errcode(store->db);
    return ht__fail_at(err, code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? HT_ERROR_FORMAT : HT_ERROR_IO,
                       store->path, "The study's store cannot be used: %s.", sqlite3_errmsg(store->db));
}

static ht_status execute(ht_store *store, const char *sql, ht_error *err) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? HT_OK : fail_sql(store, err);
}

static ht_status prepare(ht_store *store, const char *sql, sqlite3_stmt **out, ht_error *err) {
    return sqlite3_prepare_v2(store->db, sql, -1, out, NULL) == SQLITE_OK ? HT_OK : fail_sql(store, err);
}

/* Runs a statement that gives no rows and finishes it. */
static ht_status finish(ht_store *store, sqlite3_stmt *statement, ht_error *err) {
    ht_status status = sqlite3_step(statement) == SQLITE_DONE ? HT_OK : fail_sql(store, err);
    sqlite3_finalize(statement);
    return status;
}

static ht_status set_up(ht_store *store, ht_error *err) {
    sqlite3_busy_timeout(store->db, 30000);
    /* WAL with NORMAL: a killed process loses nothing that was committed; a power cut may lose the last cells. */
    HT_TRY(execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", err));
    sqlite3_stmt *statement;
    HT_TRY(prepare(store, "PRAGMA user_version", &statement, err));
    int step = sqlite3_step(statement), version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    if (step != SQLITE_ROW) {
        return fail_sql(store, err);
    }
    if (version > STORE_VERSION) {
        return ht__fail_at(err, HT_ERROR_FORMAT, store->path,
                           "The study's store has version %d; this program knows versions up to %d.", version,
                           STORE_VERSION);
    }
    if (version == STORE_VERSION) {
        return HT_OK;
    }
    HT_TRY(execute(store, "BEGIN IMMEDIATE", err));
    ht_status status = execute(store, schema, err);
    (void)execute(store, status == HT_OK ? "COMMIT" : "ROLLBACK", NULL);
    return status;
}

ht_status ht__store_open(const ht_allocator *allocator, const char *path, ht_store **out, ht_error *err) {
    ht_store *store = ht__calloc(allocator, 1, sizeof *store);
    char *name = ht__strdup(allocator, path);
    if (store == NULL || name == NULL) {
        ht__free(allocator, store);
        ht__free(allocator, name);
        return ht__fail_memory(err, sizeof *store);
    }
    store->allocator = allocator;
    store->path = name;
    pthread_mutex_init(&store->lock, NULL);
    int code =
        sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    ht_status status = code == SQLITE_OK ? set_up(store, err) : fail_sql(store, err);
    if (status != HT_OK) {
        ht__store_close(store);
        return status;
    }
    *out = store;
    return HT_OK;
}

void ht__store_close(ht_store *store) {
    if (store == NULL) {
        return;
    }
    sqlite3_close(store->db);
    pthread_mutex_destroy(&store->lock);
    ht__free(store->allocator, (void *)store->path);
    ht__free(store->allocator, store);
}

/* ---- binding and reading columns ---- */

static void bind_text(sqlite3_stmt *statement, int at, const char *text) {
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC); /* NULL text binds NULL */
}

static void bind_real(sqlite3_stmt *statement, int at, double value) {
    if (isfinite(value)) {
        sqlite3_bind_double(statement, at, value);
    } else {
        sqlite3_bind_null(statement, at);
    }
}

static double column_real(sqlite3_stmt *statement, int at) {
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? NAN : sqlite3_column_double(statement, at);
}

/* Copies a text column; NULL stays NULL. *failed is set when memory is short. */
static char *column_text(const ht_store *store, sqlite3_stmt *statement, int at, bool *failed) {
    const char *text = (const char *)sqlite3_column_text(statement, at);
    char *copy = ht__strdup(store->allocator, text);
    *failed |= text != NULL && copy == NULL;
    return copy;
}

static void *column_blob(const ht_store *store, sqlite3_stmt *statement, int at, size_t *bytes, bool *failed) {
    const void *blob = sqlite3_column_blob(statement, at);
    *bytes = (size_t)sqlite3_column_bytes(statement, at);
    void *copy = ht__alloc(store->allocator, *bytes);
    if (copy == NULL) {
        *failed = true;
    } else if (*bytes > 0) {
        memcpy(copy, blob, *bytes);
    }
    return copy;
}

/* ---- writing ---- */

static ht_status insert_model(ht_store *store, const ht_store_model *model, ht_error *err) {
    sqlite3_stmt *s;
    HT_TRY(prepare(store,
                   "INSERT OR REPLACE INTO model (id, key, status, error, file, sha256, dataset, init, result, layers,"
                   " parameters, bytes_f32, macs, seconds) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   &s, err));
    const char *const texts[] = {model->id,     model->key,     model->status, model->error,  model->file,
                                 model->sha256, model->dataset, model->init,   model->result, model->layers};
    for (int i = 0; i < 10; ++i) {
        bind_text(s, i + 1, texts[i]);
    }
    sqlite3_bind_int64(s, 11, model->parameters);
    sqlite3_bind_int64(s, 12, model->bytes_f32);
    bind_real(s, 13, model->macs);
    bind_real(s, 14, model->seconds);
    return finish(store, s, err);
}

static ht_status insert_dataset(ht_store *store, const ht_store_dataset *dataset, ht_error *err) {
    sqlite3_stmt *s;
    HT_TRY(prepare(store,
                   "INSERT OR REPLACE INTO dataset (spec, task, samples, classes, width, class_names, targets)"
                   " VALUES (?,?,?,?,?,?,?)",
                   &s, err));
    bind_text(s, 1, dataset->spec);
    bind_text(s, 2, dataset->task == HT_TASK_REGRESSION ? "regression" : "classification");
    sqlite3_bind_int64(s, 3, dataset->samples);
    sqlite3_bind_int64(s, 4, dataset->classes);
    sqlite3_bind_int64(s, 5, dataset->width);
    bind_text(s, 6, dataset->class_names);
    sqlite3_bind_blob64(s, 7, dataset->targets, dataset->target_bytes, SQLITE_STATIC);
    return finish(store, s, err);
}

static ht_status insert_result(ht_store *store, const ht_store_result *result, ht_error *err) {
    sqlite3_stmt *s;
    HT_TRY(prepare(store, "INSERT OR REPLACE INTO result (hash, value, loss, encoding, predictions) VALUES (?,?,?,?,?)",
                   &s, err));
    bind_text(s, 1, result->hash);
    bind_real(s, 2, result->value);
    bind_real(s, 3, result->loss);
    bind_text(s, 4, result->encoding);
    sqlite3_bind_blob64(s, 5, result->predictions, result->prediction_bytes, SQLITE_STATIC);
    return finish(store, s, err);
}

static ht_status insert_cell(ht_store *store, const ht_store_cell *cell, ht_error *err) {
    sqlite3_stmt *s;
    HT_TRY(prepare(store,
                   "INSERT OR REPLACE INTO cell (id, key, model, status, error, result, layers, bytes_ideal,"
                   " bytes_file, seconds, reused) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                   &s, err));
    const char *const texts[] = {cell->id,    cell->key,    cell->model, cell->status,
                                 cell->error, cell->result, cell->layers};
    for (int i = 0; i < 7; ++i) {
        bind_text(s, i + 1, texts[i]);
    }
    sqlite3_bind_int64(s, 8, cell->bytes_ideal);
    sqlite3_bind_int64(s, 9, cell->bytes_file);
    bind_real(s, 10, cell->seconds);
    sqlite3_bind_int(s, 11, cell->reused);
    return finish(store, s, err);
}

ht_status ht__store_put_model(ht_store *store, const ht_store_model *model, ht_error *err) {
    pthread_mutex_lock(&store->lock);
    ht_status status = insert_model(store, model, err);
    pthread_mutex_unlock(&store->lock);
    return status;
}

ht_status ht__store_put_dataset(ht_store *store, const ht_store_dataset *dataset, ht_error *err) {
    pthread_mutex_lock(&store->lock);
    ht_status status = insert_dataset(store, dataset, err);
    pthread_mutex_unlock(&store->lock);
    return status;
}

ht_status ht__store_put_result(ht_store *store, const ht_store_result *result, ht_error *err) {
    pthread_mutex_lock(&store->lock);
    ht_status status = insert_result(store, result, err);
    pthread_mutex_unlock(&store->lock);
    return status;
}

ht_status ht__store_put_cell(ht_store *store, const ht_store_cell *cell, const ht_store_result *result, ht_error *err) {
    pthread_mutex_lock(&store->lock);
    ht_status status = execute(store, "BEGIN IMMEDIATE", err);
    if (status == HT_OK) {
        status = result != NULL ? insert_result(store, result, err) : HT_OK;
        status = status == HT_OK ? insert_cell(store, cell, err) : status;
        status = status == HT_OK ? execute(store, "COMMIT", err) : status;
        if (status != HT_OK) {
            (void)execute(store, "ROLLBACK", NULL);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

/* One statement with one text parameter. */
static ht_status execute_with(ht_store *store, const char *sql, const char *text, ht_error *err) {
    sqlite3_stmt *s;
    HT_TRY(prepare(store, sql, &s, err));
    bind_text(s, 1, text);
    return finish(store, s, err);
}

ht_status ht__store_forget_model(ht_store *store, const char *id, ht_error *err) {
    pthread_mutex_lock(&store->lock);
    ht_status status = execute_with(store, "DELETE FROM cell WHERE model = ?", id, err);
    status = status == HT_OK ? execute_with(store, "DELETE FROM model WHERE id = ?", id, err) : status;
    pthread_mutex_unlock(&store->lock);
    return status;
}

ht_status ht__store_set(ht_store *store, const char *key, const char *value, ht_error *err) {
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *s;
    ht_status status = prepare(store, "INSERT OR REPLACE INTO study (key, value) VALUES (?,?)", &s, err);
    if (status == HT_OK) {
        bind_text(s, 1, key);
        bind_text(s, 2, value);
        status = finish(store, s, err);
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

/* ---- reading ---- */

/* Takes what a row holds. *failed is set when memory is short. */
typedef void read_row(const ht_store *store, sqlite3_stmt *statement, void *out, bool *failed);

static void read_value(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    *(char **)out = column_text(store, s, 0, failed);
}

static void read_real(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    (void)store;
    (void)failed;
    *(double *)out = sqlite3_column_double(s, 0);
}

static void read_nothing(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    (void)store;
    (void)s;
    (void)out;
    (void)failed;
}

static void read_model(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    ht_store_model *row = out;
    char **const texts[] = {&row->id,     &row->key,     &row->status, &row->error,  &row->file,
                            &row->sha256, &row->dataset, &row->init,   &row->result, &row->layers};
    for (int i = 0; i < 10; ++i) {
        *texts[i] = column_text(store, s, i, failed);
    }
    row->parameters = sqlite3_column_int64(s, 10);
    row->bytes_f32 = sqlite3_column_int64(s, 11);
    row->macs = sqlite3_column_double(s, 12);
    row->seconds = sqlite3_column_double(s, 13);
}

static void read_dataset(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    ht_store_dataset *row = out;
    row->spec = column_text(store, s, 0, failed);
    const char *task = (const char *)sqlite3_column_text(s, 1);
    row->task = task != NULL && strcmp(task, "regression") == 0 ? HT_TASK_REGRESSION : HT_TASK_CLASSIFICATION;
    row->samples = sqlite3_column_int64(s, 2);
    row->classes = sqlite3_column_int64(s, 3);
    row->width = sqlite3_column_int64(s, 4);
    row->class_names = column_text(store, s, 5, failed);
    row->targets = column_blob(store, s, 6, &row->target_bytes, failed);
}

static void read_result(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    ht_store_result *row = out;
    row->hash = column_text(store, s, 0, failed);
    row->value = column_real(s, 1);
    row->loss = column_real(s, 2);
    row->encoding = column_text(store, s, 3, failed);
    row->predictions = column_blob(store, s, 4, &row->prediction_bytes, failed);
}

static void read_cell(const ht_store *store, sqlite3_stmt *s, void *out, bool *failed) {
    ht_store_cell *row = out;
    char **const texts[] = {&row->id, &row->key, &row->model, &row->status, &row->error, &row->result, &row->layers};
    for (int i = 0; i < 7; ++i) {
        *texts[i] = column_text(store, s, i, failed);
    }
    row->bytes_ideal = sqlite3_column_int64(s, 7);
    row->bytes_file = sqlite3_column_int64(s, 8);
    row->seconds = sqlite3_column_double(s, 9);
    row->reused = sqlite3_column_int(s, 10) != 0;
}

/* Reads the one row that `sql` finds for `text`. */
static ht_status find_row(ht_store *store, const char *sql, const char *text, read_row *read, void *out, bool *found,
                          ht_error *err) {
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *s;
    ht_status status = prepare(store, sql, &s, err);
    if (status == HT_OK) {
        bind_text(s, 1, text);
        int step = sqlite3_step(s);
        *found = step == SQLITE_ROW;
        bool failed = false;
        if (*found) {
            read(store, s, out, &failed);
        } else if (step != SQLITE_DONE) {
            status = fail_sql(store, err);
        }
        status = failed ? ht__fail_memory(err, 0) : status;
        sqlite3_finalize(s);
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

ht_status ht__store_get(ht_store *store, const char *key, char **out, ht_error *err) {
    bool found;
    *out = NULL;
    return find_row(store, "SELECT value FROM study WHERE key = ?", key, read_value, out, &found, err);
}

ht_status ht__store_find_model(ht_store *store, const char *id, ht_store_model *out, bool *found, ht_error *err) {
    memset(out, 0, sizeof *out);
    return find_row(store,
                    "SELECT id, key, status, error, file, sha256, dataset, init, result, layers, parameters,"
                    " bytes_f32, macs, seconds FROM model WHERE id = ?",
                    id, read_model, out, found, err);
}

ht_status ht__store_find_dataset(ht_store *store, const char *spec, ht_store_dataset *out, bool *found, ht_error *err) {
    memset(out, 0, sizeof *out);
    return find_row(store,
                    "SELECT spec, task, samples, classes, width, class_names, targets FROM dataset WHERE spec = ?",
                    spec, read_dataset, out, found, err);
}

ht_status ht__store_find_result(ht_store *store, const char *hash, ht_store_result *out, bool *found, ht_error *err) {
    memset(out, 0, sizeof *out);
    return find_row(store, "SELECT hash, value, loss, encoding, predictions FROM result WHERE hash = ?", hash,
                    read_result, out, found, err);
}

ht_status ht__store_has_result(ht_store *store, const char *hash, bool *found, ht_error *err) {
    return find_row(store, "SELECT 1 FROM result WHERE hash = ?", hash, read_nothing, NULL, found, err);
}

ht_status ht__store_find_cell(ht_store *store, const char *id, ht_store_cell *out, bool *found, ht_error *err) {
    memset(out, 0, sizeof *out);
    return find_row(store,
                    "SELECT id, key, model, status, error, result, layers, bytes_ideal, bytes_file, seconds, reused"
                    " FROM cell WHERE id = ?",
                    id, read_cell, out, found, err);
}

ht_status ht__store_mean_seconds(ht_store *store, const char *model, double *out, ht_error *err) {
    bool found;
    *out = 0.0;
    return find_row(store, "SELECT avg(seconds) FROM cell WHERE model = ? AND status = 'done' AND reused = 0", model,
                    read_real, out, &found, err);
}

static void free_texts(ht_store *store, char *const *texts, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        ht__free(store->allocator, texts[i]);
    }
}

void ht__store_clear_model(ht_store *store, ht_store_model *row) {
    char *const texts[] = {row->id,     row->key,     row->status, row->error,  row->file,
                           row->sha256, row->dataset, row->init,   row->result, row->layers};
    free_texts(store, texts, sizeof texts / sizeof *texts);
    memset(row, 0, sizeof *row);
}

void ht__store_clear_dataset(ht_store *store, ht_store_dataset *row) {
    ht__free(store->allocator, row->spec);
    ht__free(store->allocator, row->class_names);
    ht__free(store->allocator, row->targets);
    memset(row, 0, sizeof *row);
}

void ht__store_clear_result(ht_store *store, ht_store_result *row) {
    ht__free(store->allocator, row->hash);
    ht__free(store->allocator, row->encoding);
    ht__free(store->allocator, row->predictions);
    memset(row, 0, sizeof *row);
}

void ht__store_clear_cell(ht_store *store, ht_store_cell *row) {
    char *const texts[] = {row->id, row->key, row->model, row->status, row->error, row->result, row->layers};
    free_texts(store, texts, sizeof texts / sizeof *texts);
    memset(row, 0, sizeof *row);
}
