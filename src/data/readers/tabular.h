/* What the readers of tables share: the options and the end of the work. */
#ifndef HT_DATA_READERS_TABULAR_H
#define HT_DATA_READERS_TABULAR_H

#include "data/bytes.h"
#include "data/source.h"

typedef struct ht__tabular_options {
    ht__table_plan plan;
    const char **columns; /* names given by the description; NULL: the file's */
    size_t column_count;
    char separator;
    bool header;
} ht__tabular_options;

/* Reads target, drop, words, columns, separator, header. */
ht_status ht__tabular_options_read(const ht__reading *reading, ht__tabular_options *out, ht_error *err);

/* Makes the table from cells (rows from first_row on), checks it against the options, and fills *out, which takes over
 * `bytes`: the table's words point into it. On failure the bytes are freed. */
ht_status ht__tabular_finish(const ht__reading *reading, const ht__tabular_options *options, const char *path,
                             const ht__cells *cells, size_t first_row, const char *const *names, ht__bytes *bytes,
                             ht__source *out, ht_error *err);

#endif
