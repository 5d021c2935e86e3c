/* Tables with aligned columns, for results on standard output. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "halftone/status.h"

#define CLI_TABLE_COLUMNS 16

/* Made by cli_table_begin, released by cli_table_print or cli_table_release. */
typedef struct cli_table {
    size_t columns;
    bool right[CLI_TABLE_COLUMNS]; /* aligned to the right */
    char **cells;                  /* row by row, headings first */
    size_t count, capacity;
    bool failed; /* memory ran out */
} cli_table;

/* Starts a table. `headings` has `columns` (at most CLI_TABLE_COLUMNS) texts; one that begins with '>' (not printed)
 * aligns its column to the right, as numbers want it. */
void cli_table_begin(cli_table *table, const char *const *headings, size_t columns);
/* The next cell, row by row from left to right. */
void cli_table_cell(cli_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints the table, each row behind two spaces, and releases it. Errors: HT_ERROR_MEMORY. */
ht_status cli_table_print(cli_table *table, FILE *out, ht_error *err);
void cli_table_release(cli_table *table);

#endif
