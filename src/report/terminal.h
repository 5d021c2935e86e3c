/* Text for terminals: what the table and the curve share. */
#ifndef HT_REPORT_TERMINAL_H
#define HT_REPORT_TERMINAL_H

#include "base/memory.h"
#include "report/figure.h"
#include "report/tables.h"

typedef struct ht_terminal {
    unsigned width; /* columns, >= 40 */
    bool color, ascii;
} ht_terminal;

typedef enum ht_terminal_style {
    HT_TERMINAL_PLAIN,
    HT_TERMINAL_BOLD,
    HT_TERMINAL_DIM,
    HT_TERMINAL_BAD,
    HT_TERMINAL_GOOD
} ht_terminal_style;

/* Appends text of unknown origin: escape sequences removed, everything but ASCII replaced when the terminal asks. */
void ht__terminal_text(ht_buffer *out, const ht_terminal *terminal, const char *text);
/* Text cut or filled with spaces to exactly `columns`; `right` puts the spaces before it. */
void ht__terminal_cell(ht_buffer *out, const ht_terminal *terminal, const char *text, size_t columns, bool right);
/* The same, broken at spaces so that no line is longer than the terminal, with a line end after it. */
void ht__terminal_wrapped(ht_buffer *out, const ht_terminal *terminal, const char *text);
/* Switches style; nothing without colour. */
void ht__terminal_style(ht_buffer *out, const ht_terminal *terminal, ht_terminal_style style);
/* A colour for the line of this index, until the next style. */
void ht__terminal_ink(ht_buffer *out, const ht_terminal *terminal, size_t index);

/* A table, cut into blocks of columns that fit; its first column is repeated. */
void ht__terminal_table(ht_buffer *out, const ht_terminal *terminal, const ht_table *table);
/* A plot of joined lines in braille dots (or letters and points in ASCII) with its legend. Errors: HT_ERROR_MEMORY. */
ht_status ht__terminal_plot(ht_buffer *out, const ht_terminal *terminal, const ht_figure *figure, ht_error *err);

#endif
