/* A table in memory: named columns of numbers or of words, as read from CSV and KEEL files. */
#ifndef HT_DATA_TABLE_H
#define HT_DATA_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/* Caps on what a file may ask for. */
#define HT__TABLE_MAX_ROWS 100000000u
#define HT__TABLE_MAX_COLUMNS 65536u

typedef struct ht__column {
    const char *name;
    bool is_target;
    bool is_words;     /* values are indices into `words`, which are sorted by strcmp */
    bool is_indicator; /* 0 or 1, made by the step one-hot */
    double *values;    /* [rows]; NaN where missing */
    size_t word_count;
    const char **words;
} ht__column;

/* Everything lives in `arena`. */
typedef struct ht__table {
    ht_arena *arena;
    const char *file;
    size_t rows, column_count;
    ht__column *columns;
    const uint32_t *lines; /* [rows]: where each row starts in the file, counted from 1 */
    bool *dropped;         /* [rows]: rows that a step took out */
} ht__table;

/* NULL when there is none of this name. */
ht__column *ht__table_column(const ht__table *table, const char *name);

/* Cells of a delimited text, cut in place: each is NUL-terminated text without its quotes. */
typedef struct ht__cells {
    size_t rows, columns;
    char **cell;     /* [rows][columns], in the arena */
    uint32_t *lines; /* [rows] */
} ht__cells;

/* Cuts `text` (size bytes and a NUL, modified) into cells: RFC 4180, with any one-byte separator; lines may end in LF
 * or CRLF; blank lines are skipped; spaces around unquoted cells are removed. `first_line` numbers the first line.
 * Errors: HT_ERROR_FORMAT (rows of different length, an open quote, a NUL byte; with the line), HT_ERROR_LIMIT. */
ht_status ht__cells_cut(ht_arena *arena, const char *file, char *text, size_t size, char separator, uint32_t first_line,
                        ht__cells *out, ht_error *err);

/* How columns are to be read. Names must exist in the file. */
typedef struct ht__table_plan {
    const char *const *drop; /* columns that are left out */
    size_t drop_count;
    const char *const *target; /* columns to predict */
    size_t target_count;
    const char *const *words; /* columns of numbers that mean categories */
    size_t word_count;
    bool target_is_class; /* the target column is read as words */
} ht__table_plan;

/* Makes a table from rows first_row.. of `cells` under the given column names. A column is numeric when each cell that
 * is not missing ("", "?", "NA", "NaN", "null", "<null>") is a finite number, else words.
 * Errors: HT_ERROR_FORMAT (no rows, names missing or twice), HT_ERROR_NOT_FOUND (a planned column), HT_ERROR_MEMORY. */
ht_status ht__table_make(ht_arena *arena, const char *file, const ht__cells *cells, size_t first_row,
                         const char *const *names, const ht__table_plan *plan, ht__table *out, ht_error *err);

#endif
