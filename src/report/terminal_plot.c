#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/format.h"
#include "report/terminal.h"

#define ROWS 14
#define MARGIN 9 /* columns for the labels of the y axis */

/* Characters of the plot. Each holds 2 x 4 braille dots, the line that drew there last, and a letter over the dots. */
typedef struct canvas {
    size_t columns;
    unsigned char *dots, *line, *letter; /* columns x ROWS each */
    double x_low, x_high, y_low, y_high; /* after the transformation of the axes */
} canvas;

/* Dot (column 0..1, row 0..3) of a braille character: bit of U+2800 + bits. */
static const unsigned char braille[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

static double transform(ht_axis_scale kind, double value) {
    return kind == HT_AXIS_LOG2 ? log2(value) : kind == HT_AXIS_LOG10 ? log10(value) : value;
}

static void fit(canvas *plot, const ht_figure *figure) {
    plot->x_low = plot->y_low = INFINITY;
    plot->x_high = plot->y_high = -INFINITY;
    for (size_t i = 0; i < figure->line_count; ++i) {
        for (size_t j = 0; j < figure->lines[i].point_count; ++j) {
            double x = transform(figure->x.scale, figure->lines[i].points[j].x);
            double y = transform(figure->y.scale, figure->lines[i].points[j].y);
            plot->x_low = fmin(plot->x_low, x);
            plot->x_high = fmax(plot->x_high, x);
            plot->y_low = fmin(plot->y_low, y);
            plot->y_high = fmax(plot->y_high, y);
        }
    }
    if (plot->x_low == plot->x_high) {
        plot->x_low -= 1.0;
        plot->x_high += 1.0;
    }
    if (plot->y_low == plot->y_high) {
        plot->y_low -= 0.5;
        plot->y_high += 0.5;
    }
}

/* The dot of a point: columns count from the left, rows from the top. */
static void place(const canvas *plot, const ht_figure *figure, const ht_figure_point *point, double *column,
                  double *row) {
    double x = transform(figure->x.scale, point->x), y = transform(figure->y.scale, point->y);
    *column = (x - plot->x_low) / (plot->x_high - plot->x_low) * (double)(plot->columns * 2 - 1);
    *row = (plot->y_high - y) / (plot->y_high - plot->y_low) * (ROWS * 4 - 1);
}

static size_t character_at(const canvas *plot, double column, double row) {
    return (size_t)lround(row) / 4 * plot->columns + (size_t)lround(column) / 2;
}

static void draw_line(canvas *plot, const ht_figure *figure, size_t index) {
    const ht_figure_line *line = &figure->lines[index];
    double column = 0.0, row = 0.0;
    for (size_t j = 0; j < line->point_count; ++j) {
        double next_column, next_row;
        place(plot, figure, &line->points[j], &next_column, &next_row);
        size_t steps = j == 0 ? 0 : (size_t)ceil(fmax(fabs(next_column - column), fabs(next_row - row)));
        for (size_t step = 1; step < steps; ++step) {
            double share = (double)step / (double)steps;
            double x = column + share * (next_column - column), y = row + share * (next_row - row);
            size_t at = character_at(plot, x, y);
            plot->dots[at] |= braille[(size_t)lround(x) % 2][(size_t)lround(y) % 4];
            plot->line[at] = (unsigned char)(index % 250);
        }
        size_t at = character_at(plot, next_column, next_row);
        plot->letter[at] = (unsigned char)('a' + index % 26);
        plot->line[at] = (unsigned char)(index % 250);
        column = next_column;
        row = next_row;
    }
}

static void put_character(ht_buffer *out, const ht_terminal *terminal, const canvas *plot, size_t at) {
    if (plot->letter[at] == 0 && plot->dots[at] == 0) {
        ht__buffer_text(out, " ");
        return;
    }
    ht__terminal_ink(out, terminal, plot->line[at]);
    if (plot->letter[at] != 0) {
        ht__buffer_printf(out, "%c", plot->letter[at]);
    } else if (terminal->ascii) {
        ht__buffer_text(out, ".");
    } else { /* UTF-8 of U+2800 + dots */
        ht__buffer_printf(out, "\xe2%c%c", 0xa0 | plot->dots[at] >> 6, 0x80 | (plot->dots[at] & 0x3f));
    }
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
}

static void put_canvas(ht_buffer *out, const ht_terminal *terminal, const canvas *plot, const ht_figure *figure) {
    for (size_t row = 0; row < ROWS; ++row) {
        char label[32] = "";
        if (row % 4 == 0 || row == ROWS - 1) {
            double y = plot->y_high - (plot->y_high - plot->y_low) * (double)row / (ROWS - 1);
            snprintf(label, sizeof label, "%.4g", figure->y.scale == HT_AXIS_LOG10 ? pow(10.0, y) : y);
        }
        ht__terminal_cell(out, terminal, label, MARGIN - 1, true);
        ht__terminal_text(out, terminal, terminal->ascii ? " |" : label[0] != '\0' ? " ┤" : " │");
        for (size_t column = 0; column < plot->columns; ++column) {
            put_character(out, terminal, plot, row * plot->columns + column);
        }
        ht__buffer_text(out, "\n");
    }
}

/* The widths under the axis, left out where they would run into each other. */
static void put_x_axis(ht_buffer *out, const ht_terminal *terminal, const canvas *plot, const ht_figure *figure) {
    ht__terminal_cell(out, terminal, "", MARGIN, false);
    ht__buffer_text(out, terminal->ascii ? "+" : "└");
    for (size_t column = 0; column < plot->columns; ++column) {
        ht__buffer_text(out, terminal->ascii ? "-" : "─");
    }
    ht__buffer_text(out, "\n");
    ht__terminal_cell(out, terminal, "", MARGIN + 1, false);
    size_t used = 0;
    for (int bits = 1; bits <= 32; ++bits) {
        bool present = false;
        for (size_t i = 0; i < figure->line_count; ++i) {
            for (size_t j = 0; j < figure->lines[i].point_count; ++j) {
                present |= figure->lines[i].points[j].x == bits;
            }
        }
        size_t digits = bits < 10 ? 1 : 2;
        double at = (log2(bits) - plot->x_low) / (plot->x_high - plot->x_low) * (double)(plot->columns - 1);
        if (!present || at + 0.5 < (double)used) {
            continue;
        }
        size_t column = (size_t)lround(at);
        column = column + digits > plot->columns ? plot->columns - digits : column;
        for (; used < column; ++used) {
            ht__buffer_text(out, " ");
        }
        ht__buffer_printf(out, "%d ", bits);
        used += digits + 1;
    }
    ht__buffer_text(out, "\n");
}

static void put_legend(ht_buffer *out, const ht_terminal *terminal, const ht_figure *figure) {
    size_t used = 0;
    for (size_t i = 0; i < figure->line_count; ++i) {
        size_t columns = 0;
        for (const char *at = figure->lines[i].label; *at != '\0'; ++at) {
            columns += ((unsigned char)*at & 0xc0) != 0x80;
        }
        columns = columns > terminal->width - 6 ? terminal->width - 6 : columns;
        if (used > 0 && used + columns + 5 > terminal->width) {
            ht__buffer_text(out, "\n");
            used = 0;
        }
        ht__buffer_text(out, "  ");
        ht__terminal_ink(out, terminal, i);
        ht__buffer_printf(out, "%c ", (int)('a' + i % 26));
        ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
        ht__terminal_cell(out, terminal, figure->lines[i].label, columns > 0 ? columns : 1, false);
        used += columns + 4;
    }
    ht__buffer_text(out, "\n");
}

ht_status ht__terminal_plot(ht_buffer *out, const ht_terminal *terminal, const ht_figure *figure, ht_error *err) {
    if (figure->line_count == 0) {
        return HT_OK;
    }
    canvas plot = {.columns = terminal->width - MARGIN - 2};
    size_t characters = plot.columns * ROWS;
    plot.dots = ht__calloc(out->allocator, 3, characters);
    if (plot.dots == NULL) {
        return ht__fail_memory(err, 3 * characters);
    }
    plot.line = plot.dots + characters;
    plot.letter = plot.line + characters;
    fit(&plot, figure);
    for (size_t i = figure->line_count; i-- > 0;) { /* the first line ends on top */
        draw_line(&plot, figure, i);
    }
    ht__terminal_style(out, terminal, HT_TERMINAL_BOLD);
    ht__terminal_text(out, terminal, figure->y.label);
    ht__buffer_text(out, figure->y.scale == HT_AXIS_LOG10 ? " (log) against bits\n" : " against bits\n");
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
    put_canvas(out, terminal, &plot, figure);
    put_x_axis(out, terminal, &plot, figure);
    put_legend(out, terminal, figure);
    ht__free(out->allocator, plot.dots);
    return HT_OK;
}
