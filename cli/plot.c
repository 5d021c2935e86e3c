#include "plot.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

#define MAX_SERIES 26
#define LABEL_COLUMNS 9
#define DEFAULT_ROWS 14

typedef struct canvas {
    int columns, rows;
    double x_low, x_high, y_low, y_high;
    signed char *cells; /* series index of a point, series - MAX_SERIES of a line, EMPTY; row 0 is the top */
} canvas;
#define EMPTY 127

/* The range of all finite points; false when there are none. */
static bool find_ranges(canvas *area, const cli_series *series, size_t count) {
    area->x_low = area->y_low = INFINITY;
    area->x_high = area->y_high = -INFINITY;
    for (size_t s = 0; s < count; ++s) {
        for (size_t i = 0; i < series[s].count; ++i) {
            if (isfinite(series[s].x[i]) && isfinite(series[s].y[i])) {
                area->x_low = fmin(area->x_low, series[s].x[i]);
                area->x_high = fmax(area->x_high, series[s].x[i]);
                area->y_low = fmin(area->y_low, series[s].y[i]);
                area->y_high = fmax(area->y_high, series[s].y[i]);
            }
        }
    }
    return area->x_low <= area->x_high;
}

/* Where value lies on an axis of `cells` cells from low to high; the ends are clamped. */
static int place(double value, double low, double high, int cells) {
    double share = high > low ? (value - low) / (high - low) : 0.5;
    return (int)lround(fmin(1, fmax(0, share)) * (cells - 1));
}

/* What is drawn first stays: points before lines, earlier curves before later ones. */
static void put(canvas *area, int column, int row, int what) {
    signed char *cell = &area->cells[(size_t)row * (size_t)area->columns + (size_t)column];
    if (*cell == EMPTY) {
        *cell = (signed char)what;
    }
}

static int column_of(const canvas *area, double x) { return place(x, area->x_low, area->x_high, area->columns); }
static int row_of(const canvas *area, double y) {
    return area->rows - 1 - place(y, area->y_low, area->y_high, area->rows);
}

static void draw_points(canvas *area, const cli_series *curve, int index) {
    for (size_t i = 0; i < curve->count; ++i) {
        if (isfinite(curve->x[i]) && isfinite(curve->y[i])) {
            put(area, column_of(area, curve->x[i]), row_of(area, curve->y[i]), index);
        }
    }
}

static void draw_lines(canvas *area, const cli_series *curve, int index) {
    for (size_t i = 1; i < curve->count; ++i) {
        double x0 = curve->x[i - 1], y0 = curve->y[i - 1], x1 = curve->x[i], y1 = curve->y[i];
        if (!isfinite(y0) || !isfinite(y1) || !isfinite(x0) || !isfinite(x1)) {
            continue;
        }
        int first = column_of(area, x0), last = column_of(area, x1);
        for (int column = first + 1; column < last; ++column) {
            double share = (double)(column - first) / (last - first);
            put(area, column, row_of(area, y0 + share * (y1 - y0)), index - MAX_SERIES);
        }
    }
}

static const char *curve_colour(FILE *out, int index) {
    static const cli_style styles[] = {CLI_CYAN, CLI_YELLOW, CLI_GREEN, CLI_RED, CLI_BOLD};
    return cli_style_code(out, styles[(size_t)index % (sizeof styles / sizeof styles[0])]);
}

static void print_cell(FILE *out, int what) {
    if (what == EMPTY) {
        fputc(' ', out);
        return;
    }
    int index = what < 0 ? what + MAX_SERIES : what;
    fprintf(out, "%s%c%s", curve_colour(out, index), what < 0 ? '.' : 'a' + index, cli_style_code(out, CLI_PLAIN));
}

static void print_rows(FILE *out, const canvas *area) {
    for (int row = 0; row < area->rows; ++row) {
        /* Every fourth row carries its value, so that labels stand apart. */
        bool labelled = row % 4 == 0 || row == area->rows - 1;
        double value = area->y_high - (area->y_high - area->y_low) * row / (area->rows - 1);
        if (labelled) {
            fprintf(out, "%*.4g |", LABEL_COLUMNS - 2, value);
        } else {
            fprintf(out, "%*s |", LABEL_COLUMNS - 2, "");
        }
        for (int column = 0; column < area->columns; ++column) {
            print_cell(out, area->cells[(size_t)row * (size_t)area->columns + (size_t)column]);
        }
        fputc('\n', out);
    }
}

/* Labels under the x positions of the first curve, as far as they do not touch. */
static void print_x_axis(FILE *out, const canvas *area, const cli_series *curve, const char *label) {
    fprintf(out, "%*s+", LABEL_COLUMNS - 1, "");
    for (int column = 0; column < area->columns; ++column) {
        fputc('-', out);
    }
    fprintf(out, "\n%*s", LABEL_COLUMNS, "");
    int printed = 0;
    for (size_t i = 0; i < curve->count; ++i) {
        char text[32];
        int length = snprintf(text, sizeof text, "%g", curve->x[i]);
        int column = column_of(area, curve->x[i]);
        if (column >= printed) {
            fprintf(out, "%*s%s", column - printed, "", text);
            printed = column + length + 1;
            fputc(' ', out);
        }
    }
    fprintf(out, " %s\n", label != NULL ? label : "");
}

static void print_legend(FILE *out, const cli_series *series, size_t count) {
    for (size_t s = 0; s < count; ++s) {
        fprintf(out, "%*s%s%c%s %s\n", LABEL_COLUMNS, "", curve_colour(out, (int)s), 'a' + (int)s,
                cli_style_code(out, CLI_PLAIN), series[s].name);
    }
}

void cli_plot(FILE *out, const cli_plot_options *options, const cli_series *series, size_t count) {
    count = count < MAX_SERIES ? count : MAX_SERIES;
    int room = cli_terminal_width(out) - LABEL_COLUMNS - 1;
    canvas area = {.columns = options->columns > 0 ? options->columns
                              : room < 72          ? room
                                                   : 72,
                   .rows = options->rows > 1 ? options->rows : DEFAULT_ROWS};
    if (!find_ranges(&area, series, count)) {
        return;
    }
    if (options->low < options->high) {
        area.y_low = options->low;
        area.y_high = options->high;
    }
    size_t cell_count = (size_t)area.columns * (size_t)area.rows;
    area.cells = malloc(cell_count);
    if (area.cells == NULL) {
        return; /* a drawing that is missing does no harm */
    }
    memset(area.cells, EMPTY, cell_count);
    for (size_t s = 0; s < count; ++s) {
        draw_points(&area, &series[s], (int)s);
    }
    for (size_t s = 0; s < count; ++s) {
        draw_lines(&area, &series[s], (int)s);
    }
    if (options->title != NULL) {
        fprintf(out, "%s%s%s\n", cli_style_code(out, CLI_BOLD), options->title, cli_style_code(out, CLI_PLAIN));
    }
    print_rows(out, &area);
    print_x_axis(out, &area, &series[0], options->x_label);
    print_legend(out, series, count);
    free(area.cells);
}
