/* A plot as data: lines of points with 95 % intervals, on axes that say what they are. The SVG and the CSV of a figure
 * are two renderings of the same struct. */
#ifndef HT_REPORT_FIGURE_H
#define HT_REPORT_FIGURE_H

#include "base/memory.h"
#include "report/results.h"

typedef enum ht_figure_kind {
    HT_FIGURE_CURVE,  /* accuracy or MSE against bits, one line per scheme */
    HT_FIGURE_CHANGE, /* change of the metric against change of the size */
    HT_FIGURE_LAYERS, /* SQNR by layer of the headline cell, own and accumulated */
    HT_FIGURE_SIZE,   /* ideal size and size in the file against bits */
    HT_FIGURE_KINDS
} ht_figure_kind;

typedef struct ht_figure_point {
    double x, y, low, high; /* low and high NaN: no interval */
    bool hollow;            /* within noise */
} ht_figure_point;

typedef struct ht_figure_line {
    const char *label;
    size_t style; /* colour, dash, marker */
    bool joined;  /* points are joined by a line, their intervals by a band; otherwise each has its whisker */
    ht_figure_point *points;
    size_t point_count;
} ht_figure_line;

typedef enum ht_axis_scale {
    HT_AXIS_LINEAR,
    HT_AXIS_LOG2,
    HT_AXIS_LOG10,
    HT_AXIS_SIGNED_LOG, /* linear within 0.1 of zero, logarithmic beyond: sign(v) log10(1 + |v| / 0.1) */
    HT_AXIS_NAMES
} ht_axis_scale;

typedef struct ht_figure_axis {
    const char *label;
    ht_axis_scale scale;
    const char *const *names; /* HT_AXIS_NAMES: the points' coordinates 0, 1, ... mean these */
    size_t name_count;
} ht_figure_axis;

typedef struct ht_figure {
    const char *name;  /* beginning of the file name: "curve" */
    const char *title; /* names the model */
    ht_figure_axis x, y;
    ht_figure_line *lines;
    size_t line_count;                               /* 0: the results hold nothing to draw here */
    double reference, reference_low, reference_high; /* a horizontal line and its interval; NaN: none */
    const char *reference_label;
} ht_figure;

/* Makes one figure on the results' arena. Errors: HT_ERROR_MEMORY. */
ht_status ht__figure_make(const ht_results *results, ht_figure_kind kind, size_t model, ht_figure *out, ht_error *err);
/* A standalone SVG of 720 x 440 units, readable on white paper and without colours. */
void ht__render_svg(ht_buffer *out, const ht_figure *figure);
/* One row per point, full precision. */
void ht__render_figure_csv(ht_buffer *out, const ht_figure *figure);

#endif
