#include <math.h>
#include <stdio.h>

#include "report/figure.h"
#include "report/format.h"

#define WIDTH 720.0
#define LEFT 72.0
#define RIGHT 700.0
#define TOP 40.0
#define BOTTOM 330.0
#define LEGEND_ROW 18.0
#define LEGEND_COLUMN 314.0
#define MAX_TICKS 24

/* Okabe and Ito's colours, darkened to stand out on white paper; dash and marker differ as well. */
static const char *const colours[] = {"#0072b2", "#c94f00", "#00785c", "#a8467f",
                                      "#8a6100", "#2b8fc4", "#5a4fb0", "#55545c"};
static const char *const dashes[] = {"none", "7 3", "2 3", "9 3 2 3", "4 4", "12 4"};
static const char *const markers[] = {"M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z", "M-3-3h6v6h-6z", "M0-4l4 7h-8z",
                                      "M0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z", "M0 4l4-7h-8z"};
#define PICK(list, index) (list)[(index) % (sizeof(list) / sizeof(list)[0])]

/* ---- scales ---- */

typedef struct scale {
    ht_axis_scale kind;
    double low, high; /* after the transformation */
    double from, to;  /* in the drawing */
} scale;

static double transform(ht_axis_scale kind, double value) {
    switch (kind) {
    case HT_AXIS_LOG2: return log2(value);
    case HT_AXIS_LOG10: return log10(value);
    case HT_AXIS_SIGNED_LOG: return copysign(log10(1.0 + fabs(value) / 0.1), value);
    case HT_AXIS_LINEAR:
    case HT_AXIS_NAMES: break;
    }
    return value;
}

static double place(const scale *axis, double value) {
    return axis->from + (transform(axis->kind, value) - axis->low) / (axis->high - axis->low) * (axis->to - axis->from);
}

static void widen(scale *axis, double value) {
    if (!isfinite(value) || (axis->kind == HT_AXIS_LOG10 && value <= 0.0)) {
        return;
    }
    double at = transform(axis->kind, value);
    axis->low = fmin(axis->low, at);
    axis->high = fmax(axis->high, at);
}

/* Some air at both ends, and never an empty range. */
static void relax(scale *axis, double share) {
    double span = axis->high - axis->low;
    double air = span > 0.0 ? span * share : fmax(fabs(axis->low) * 0.1, 0.5);
    axis->low -= air;
    axis->high += air;
}

static void fit(const ht_figure *figure, scale *x, scale *y) {
    *x = (scale){figure->x.scale, INFINITY, -INFINITY, LEFT, RIGHT};
    *y = (scale){figure->y.scale, INFINITY, -INFINITY, BOTTOM, TOP};
    for (size_t i = 0; i < figure->line_count; ++i) {
        for (size_t j = 0; j < figure->lines[i].point_count; ++j) {
            const ht_figure_point *point = &figure->lines[i].points[j];
            widen(x, point->x);
            widen(y, point->y);
            widen(y, point->low);
            widen(y, point->high);
        }
    }
    widen(y, figure->reference);
    relax(x, figure->x.scale == HT_AXIS_NAMES ? 0.08 : 0.03);
    relax(y, 0.04);
}

/* Round numbers inside a linear range: steps of 1, 2 or 5 times a power of ten. Returns how many. */
static size_t linear_ticks(const scale *axis, double *ticks) {
    double rough = (axis->high - axis->low) / 6.0, power = pow(10.0, floor(log10(rough)));
    double step = power * (rough / power > 5.0 ? 10.0 : rough / power > 2.0 ? 5.0 : rough / power > 1.0 ? 2.0 : 1.0);
    size_t count = 0;
    for (double k = ceil(axis->low / step); k * step <= axis->high && count < MAX_TICKS; k += 1.0) {
        ticks[count++] = k * step;
    }
    return count;
}

/* 1, 2 and 5 times the powers of ten, or the powers alone when the range is wide. */
static size_t decimal_ticks(const scale *axis, double *ticks) {
    static const double steps[] = {1.0, 2.0, 5.0};
    bool wide = axis->high - axis->low > 4.0;
    size_t count = 0;
    for (double power = floor(axis->low); power <= axis->high;
         power += wide ? ceil((axis->high - axis->low) / 8.0) : 1.0) {
        for (size_t i = 0; i < (wide ? 1 : 3); ++i) {
            double value = steps[i] * pow(10.0, power);
            if (log10(value) >= axis->low && log10(value) <= axis->high && count < MAX_TICKS) {
                ticks[count++] = value;
            }
        }
    }
    return count;
}

/* Zero and the powers of ten from 0.1 on, both signs. */
static size_t signed_ticks(const scale *axis, double *ticks) {
    size_t count = 0;
    ticks[count++] = 0.0;
    for (int power = -1; power <= 9 && count + 2 < MAX_TICKS; ++power) {
        double value = pow(10.0, power), at = transform(axis->kind, value);
        if (at <= axis->high) {
            ticks[count++] = value;
        }
        if (-at >= axis->low) {
            ticks[count++] = -value;
        }
    }
    return count;
}

/* The whole coordinates that points really have (widths), or powers of two when points lie anywhere (ratios). */
static size_t binary_ticks(const ht_figure *figure, const scale *axis, double *ticks) {
    size_t count = 0;
    for (int value = 1; value <= 64; ++value) {
        bool used = (value & (value - 1)) == 0;
        for (size_t i = 0; !used && i < figure->line_count; ++i) {
            for (size_t j = 0; j < figure->lines[i].point_count; ++j) {
                used |= figure->lines[i].joined && figure->lines[i].points[j].x == value;
            }
        }
        if (used && log2(value) >= axis->low && log2(value) <= axis->high && count < MAX_TICKS) {
            ticks[count++] = value;
        }
    }
    return count;
}

/* ---- drawing ---- */

static void put_text(ht_buffer *out, double x, double y, const char *attributes, const char *text) {
    ht__buffer_printf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
    ht__put_escaped(out, HT_ESCAPE_XML, text);
    ht__buffer_text(out, "</text>\n");
}

static void put_x_axis(ht_buffer *out, const ht_figure *figure, const scale *x) {
    if (figure->x.scale == HT_AXIS_NAMES) {
        for (size_t i = 0; i < figure->x.name_count; ++i) {
            double at = place(x, (double)i);
            char attributes[96];
            snprintf(attributes, sizeof attributes, "text-anchor=\"end\" transform=\"rotate(-35 %.1f %.1f)\"", at,
                     BOTTOM + 16.0);
            put_text(out, at, BOTTOM + 16.0, attributes, figure->x.names[i]);
        }
        return;
    }
    double ticks[MAX_TICKS];
    size_t count = binary_ticks(figure, x, ticks);
    for (size_t i = 0; i < count; ++i) {
        char text[32];
        snprintf(text, sizeof text, "%g", ticks[i]);
        put_text(out, place(x, ticks[i]), BOTTOM + 18.0, "text-anchor=\"middle\"", text);
    }
    put_text(out, (LEFT + RIGHT) / 2.0, BOTTOM + 38.0, "text-anchor=\"middle\"", figure->x.label);
}

static void put_y_axis(ht_buffer *out, const ht_figure *figure, const scale *y) {
    double ticks[MAX_TICKS];
    size_t count = figure->y.scale == HT_AXIS_LOG10        ? decimal_ticks(y, ticks)
                   : figure->y.scale == HT_AXIS_SIGNED_LOG ? signed_ticks(y, ticks)
                                                           : linear_ticks(y, ticks);
    for (size_t i = 0; i < count; ++i) {
        double at = place(y, ticks[i]);
        char text[32];
        snprintf(text, sizeof text, "%.6g", fabs(ticks[i]) < 1e-12 * (y->high - y->low) ? 0.0 : ticks[i]);
        ht__buffer_printf(out, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#e3e0d8\"/>\n", LEFT, at, RIGHT);
        put_text(out, LEFT - 8.0, at + 4.0, "text-anchor=\"end\"", text);
    }
    char attributes[96];
    snprintf(attributes, sizeof attributes, "text-anchor=\"middle\" transform=\"rotate(-90 18 %.1f)\"",
             (TOP + BOTTOM) / 2.0);
    put_text(out, 18.0, (TOP + BOTTOM) / 2.0, attributes, figure->y.label);
}

static void put_reference(ht_buffer *out, const ht_figure *figure, const scale *y) {
    if (!isfinite(figure->reference)) {
        return;
    }
    double at = place(y, figure->reference);
    if (isfinite(figure->reference_low) && isfinite(figure->reference_high)) {
        double top = fmax(place(y, figure->reference_high), TOP),
               bottom = fmin(place(y, figure->reference_low), BOTTOM);
        ht__buffer_printf(out, "<path d=\"M%.1f %.1fH%.1fV%.1fH%.1fZ\" fill=\"#a8a6a0\" fill-opacity=\"0.2\"/>\n", LEFT,
                          top, RIGHT, bottom, LEFT);
    }
    ht__buffer_printf(out, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#63626b\" stroke-dasharray=\"3 3\"/>\n", LEFT, at,
                      RIGHT);
    put_text(out, RIGHT, at - 5.0, "text-anchor=\"end\" font-size=\"11\"", figure->reference_label);
}

static bool has_interval(const ht_figure_point *point) { return isfinite(point->low) && isfinite(point->high); }

/* A lower end at or below zero cannot be placed on a logarithmic axis: it runs to the edge. */
static double place_low(const scale *y, const ht_figure_point *point) {
    return y->kind == HT_AXIS_LOG10 && point->low <= 0.0 ? BOTTOM : place(y, point->low);
}

static void put_band(ht_buffer *out, const ht_figure_line *line, const scale *x, const scale *y) {
    for (size_t i = 0; i < line->point_count; ++i) {
        if (!has_interval(&line->points[i])) {
            return;
        }
    }
    ht__buffer_printf(out, "<path fill=\"%s\" fill-opacity=\"0.12\" d=\"", PICK(colours, line->style));
    for (size_t i = 0; i < line->point_count; ++i) {
        ht__buffer_printf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', place(x, line->points[i].x),
                          place(y, line->points[i].high));
    }
    for (size_t i = line->point_count; i-- > 0;) {
        ht__buffer_printf(out, "L%.1f %.1f", place(x, line->points[i].x), place_low(y, &line->points[i]));
    }
    ht__buffer_text(out, "Z\"/>\n");
}

static void put_marker(ht_buffer *out, size_t style, double x, double y, bool hollow) {
    ht__buffer_printf(out, "<path transform=\"translate(%.1f %.1f)\" d=\"%s\" stroke=\"%s\" fill=\"%s\"/>\n", x, y,
                      PICK(markers, style), PICK(colours, style), hollow ? "#ffffff" : PICK(colours, style));
}

/* `shift` moves single points aside, so that lines with equal coordinates do not hide one another. */
static void put_line(ht_buffer *out, const ht_figure_line *line, const scale *x, const scale *y, double shift) {
    const char *colour = PICK(colours, line->style);
    if (line->joined) {
        put_band(out, line, x, y);
        ht__buffer_printf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.75\" stroke-dasharray=\"%s\" d=\"",
                          colour, PICK(dashes, line->style));
        for (size_t i = 0; i < line->point_count; ++i) {
            ht__buffer_printf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', place(x, line->points[i].x),
                              place(y, line->points[i].y));
        }
        ht__buffer_text(out, "\"/>\n");
    }
    for (size_t i = 0; i < line->point_count; ++i) {
        const ht_figure_point *point = &line->points[i];
        double at = place(x, point->x) + shift;
        if (!line->joined && has_interval(point)) {
            ht__buffer_printf(out, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" stroke-opacity=\"0.5\"/>\n", at,
                              place(y, point->high), place_low(y, point), colour);
        }
        put_marker(out, line->style, at, place(y, point->y), point->hollow);
    }
}

static double legend_top(const ht_figure *figure) {
    return figure->x.scale == HT_AXIS_NAMES ? BOTTOM + 90.0 : BOTTOM + 64.0;
}

static void put_legend(ht_buffer *out, const ht_figure *figure) {
    for (size_t i = 0; i < figure->line_count; ++i) {
        const ht_figure_line *line = &figure->lines[i];
        double x = LEFT + (double)(i % 2) * LEGEND_COLUMN, y = legend_top(figure) + (double)(i / 2) * LEGEND_ROW;
        if (line->joined) {
            ht__buffer_printf(out, "<path d=\"M%.1f %.1fh32\" stroke=\"%s\" stroke-dasharray=\"%s\"/>\n", x, y - 4.0,
                              PICK(colours, line->style), PICK(dashes, line->style));
        }
        put_marker(out, line->style, x + 16.0, y - 4.0, !line->joined && i == 1 && figure->x.scale == HT_AXIS_NAMES);
        put_text(out, x + 42.0, y, "", line->label);
    }
}

void ht__render_svg(ht_buffer *out, const ht_figure *figure) {
    scale x, y;
    fit(figure, &x, &y);
    double height = legend_top(figure) + ceil((double)figure->line_count / 2.0) * LEGEND_ROW + 4.0;
    ht__buffer_printf(out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                      "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#1c1c21\">\n",
                      WIDTH, height, WIDTH, height);
    ht__buffer_printf(out, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#ffffff\"/>\n", WIDTH, height);
    put_text(out, LEFT, 22.0, "font-size=\"14\" font-weight=\"bold\"", figure->title);
    put_y_axis(out, figure, &y);
    put_x_axis(out, figure, &x);
    put_reference(out, figure, &y);
    for (size_t i = 0; i < figure->line_count; ++i) {
        double middle = ((double)figure->line_count - 1.0) / 2.0;
        bool apart = !figure->lines[i].joined && figure->x.scale == HT_AXIS_LOG2;
        double step = fmin(8.0, 56.0 / (double)figure->line_count);
        put_line(out, &figure->lines[i], &x, &y, apart ? ((double)i - middle) * step : 0.0);
    }
    put_legend(out, figure);
    if (figure->lines != NULL && !figure->lines[0].joined && figure->x.scale != HT_AXIS_NAMES) {
        put_text(out, RIGHT, 22.0, "text-anchor=\"end\" font-size=\"11\" fill=\"#63626b\"",
                 "filled: detectable; hollow: within noise");
    }
    ht__buffer_text(out, "</svg>\n");
}
