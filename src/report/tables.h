/* The tables of a report, once as data; Markdown, LaTeX and the terminal each lay them out their way. */
#ifndef HT_REPORT_TABLES_H
#define HT_REPORT_TABLES_H

#include "base/memory.h"
#include "report/results.h"

typedef struct ht_table_cell {
    const char *text;
    ht_change change; /* shown as a mark beside the text */
} ht_table_cell;

/* Row 0 is the head. The first `text_columns` columns are words (left), the rest numbers (right). */
typedef struct ht_table {
    const char *title;
    const char *note; /* a sentence below it; "" for none */
    size_t rows, columns, text_columns;
    ht_table_cell *cells; /* rows x columns */
} ht_table;

/* Each makes one table on the results' arena; rows 0 or 1 when there is nothing to show. Errors: HT_ERROR_MEMORY. */
ht_status ht__table_lossless(const ht_results *results, ht_table *out, ht_error *err);
ht_status ht__table_curve(const ht_results *results, size_t model, ht_table *out, ht_error *err);
ht_status ht__table_size(const ht_results *results, size_t model, ht_table *out, ht_error *err);
ht_status ht__table_layers(const ht_results *results, size_t model, ht_table *out, ht_error *err);
ht_status ht__table_spread(const ht_results *results, ht_table *out, ht_error *err);
ht_status ht__table_literature(const ht_results *results, ht_table *out, ht_error *err);
ht_status ht__table_claims(const ht_results *results, ht_table *out, ht_error *err);
ht_status ht__table_failed(const ht_results *results, ht_table *out, ht_error *err);

#endif
