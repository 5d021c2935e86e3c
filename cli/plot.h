/* A line plot in characters, for the terminal. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include <stddef.h>
#include <stdio.h>

/* One curve: `count` points; x ascending; points whose y is not finite are left out. */
typedef struct cli_series {
    const char *name;
    const double *x, *y;
    size_t count;
} cli_series;

typedef struct cli_plot_options {
    const char *title, *x_label; /* may be NULL */
    int columns, rows;           /* of the drawing area; 0: as wide as the terminal allows, 14 rows */
    double low, high;            /* range of y; equal: from the data */
} cli_plot_options;

/* Draws the curves into `out`, each with a letter of its own and, on a terminal, a colour. Where curves meet the first
 * one's letter stands. At most 26 curves are drawn. Prints nothing where there is no finite point. */
void cli_plot(FILE *out, const cli_plot_options *options, const cli_series *series, size_t count);

#endif
