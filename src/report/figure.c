#include "report/figure.h"

#include <math.h>
#include <string.h>

#include "report/format.h"
#include "report/summary.h"

/* ---- building blocks ---- */

static ht_status start_lines(const ht_results *results, ht_figure *figure, size_t count, ht_error *err) {
    figure->lines = ht__arena_alloc(results->arena, count * sizeof *figure->lines);
    return figure->lines != NULL ? HT_OK : ht__fail_memory(err, count * sizeof *figure->lines);
}

/* Adds a line with room for `count` points; the caller fills them and sets point_count. */
static ht_status add_line(const ht_results *results, ht_figure *figure, const char *label, size_t style, bool joined,
                          size_t count, ht_figure_line **out, ht_error *err) {
    *out = &figure->lines[figure->line_count++];
    **out = (ht_figure_line){.label = label, .style = style, .joined = joined};
    (*out)->points = ht__arena_alloc(results->arena, count * sizeof *(*out)->points);
    return (*out)->points != NULL ? HT_OK : ht__fail_memory(err, count * sizeof *(*out)->points);
}

/* Keeps a point that can be drawn: finite, and positive on a logarithmic axis. */
static void add_point(const ht_figure *figure, ht_figure_line *line, ht_figure_point point) {
    bool drawable = isfinite(point.x) && isfinite(point.y) && (figure->x.scale != HT_AXIS_LOG2 || point.x > 0.0) &&
                    (figure->y.scale != HT_AXIS_LOG10 || point.y > 0.0);
    if (drawable) {
        line->points[line->point_count++] = point;
    }
}

/* A line of which nothing could be drawn is not there. */
static void drop_empty(ht_figure *figure) {
    if (figure->lines[figure->line_count - 1].point_count == 0) {
        --figure->line_count;
    }
}

/* ---- the four figures ---- */

static ht_status make_curve(const ht_results *results, const ht_result_model *model, ht_figure *out, ht_error *err) {
    double factor = model->regression ? 1.0 : 100.0;
    bool logarithmic = model->regression && model->value > 0.0;
    out->name = "curve";
    out->x = (ht_figure_axis){.label = "bits per weight", .scale = HT_AXIS_LOG2};
    out->y.label = model->regression ? "mean squared error" : "accuracy (%)";
    out->y.scale = logarithmic ? HT_AXIS_LOG10 : HT_AXIS_LINEAR;
    out->reference = factor * model->value;
    out->reference_low = factor * model->low;
    out->reference_high = factor * model->high;
    out->reference_label = "float";
    HT_TRY(start_lines(results, out, model->series_count, err));
    for (size_t i = 0; i < model->series_count; ++i) {
        const ht_series *series = &results->series[model->first_series + i];
        ht_figure_line *line;
        HT_TRY(add_line(results, out, series->label, series->style, true, series->cell_count, &line, err));
        for (size_t j = 0; j < series->cell_count; ++j) {
            const ht_cell *cell = series->cells[j];
            add_point(out, line,
                      (ht_figure_point){cell->bits, factor * cell->value, factor * cell->low, factor * cell->high,
                                        cell->change == HT_CHANGE_NOISE});
        }
        drop_empty(out);
    }
    return HT_OK;
}

static ht_status make_change(const ht_results *results, const ht_result_model *model, ht_figure *out, ht_error *err) {
    out->name = "change";
    out->x = (ht_figure_axis){.label = "times smaller than float (ideal size)", .scale = HT_AXIS_LOG2};
    out->y.label = model->regression ? "change of the mean squared error (%)" : "change of accuracy (points)";
    out->y.scale = HT_AXIS_SIGNED_LOG;
    out->reference = 0.0;
    out->reference_label = "no change";
    double factor = model->regression ? 100.0 / model->value : 100.0;
    HT_TRY(start_lines(results, out, model->series_count, err));
    for (size_t i = 0; i < model->series_count; ++i) {
        const ht_series *series = &results->series[model->first_series + i];
        ht_figure_line *line;
        HT_TRY(add_line(results, out, series->label, series->style, false, series->cell_count, &line, err));
        for (size_t j = 0; j < series->cell_count; ++j) {
            const ht_cell *cell = series->cells[j];
            add_point(out, line,
                      (ht_figure_point){cell->ratio_ideal, factor * cell->delta, factor * cell->delta_low,
                                        factor * cell->delta_high, cell->change == HT_CHANGE_NOISE});
        }
        drop_empty(out);
    }
    return HT_OK;
}

static ht_status make_layers(const ht_results *results, const ht_result_model *model, ht_figure *out, ht_error *err) {
    const ht_cell *cell = ht__headline(results, (size_t)(model - results->models));
    out->name = "layers";
    if (cell == NULL || cell->layer_count == 0) {
        return HT_OK;
    }
    const char **names = ht__arena_alloc(results->arena, cell->layer_count * sizeof *names);
    if (names == NULL) {
        return ht__fail_memory(err, cell->layer_count * sizeof *names);
    }
    for (size_t i = 0; i < cell->layer_count; ++i) {
        names[i] = cell->layers[i].name;
    }
    out->x = (ht_figure_axis){.label = "", .scale = HT_AXIS_NAMES, .names = names, .name_count = cell->layer_count};
    out->y.label =
        ht__arena_printf(results->arena, "SQNR (dB), %s at %d bits", results->series[cell->series].label, cell->bits);
    HT_TRY(start_lines(results, out, 2, err));
    for (size_t which = 0; which < 2; ++which) {
        ht_figure_line *line;
        HT_TRY(add_line(results, out, which == 0 ? "own" : "accumulated", which, false, cell->layer_count, &line, err));
        for (size_t i = 0; i < cell->layer_count; ++i) {
            double decibel = which == 0 ? cell->layers[i].sqnr : cell->layers[i].sqnr_accumulated;
            add_point(out, line, (ht_figure_point){(double)i, decibel, NAN, NAN, which == 1});
        }
        drop_empty(out);
    }
    return HT_OK;
}

static ht_status make_size(const ht_results *results, const ht_result_model *model, ht_figure *out, ht_error *err) {
    const ht_cell *headline = ht__headline(results, (size_t)(model - results->models));
    out->name = "size";
    if (headline == NULL) {
        return HT_OK;
    }
    const ht_series *series = &results->series[headline->series];
    out->x = (ht_figure_axis){.label = "bits per weight", .scale = HT_AXIS_LOG2};
    out->y.label = ht__arena_printf(results->arena, "size (kB), %s", series->label);
    out->reference = model->bytes / 1000.0;
    out->reference_label = "float";
    HT_TRY(start_lines(results, out, 2, err));
    for (size_t which = 0; which < 2; ++which) {
        ht_figure_line *line;
        HT_TRY(
            add_line(results, out, which == 0 ? "ideal" : "in the file", which, true, series->cell_count, &line, err));
        for (size_t i = 0; i < series->cell_count; ++i) {
            double bytes = which == 0 ? series->cells[i]->bytes_ideal : series->cells[i]->bytes_file;
            add_point(out, line, (ht_figure_point){series->cells[i]->bits, bytes / 1000.0, NAN, NAN, false});
        }
        drop_empty(out);
    }
    return HT_OK;
}

ht_status ht__figure_make(const ht_results *results, ht_figure_kind kind, size_t index, ht_figure *out, ht_error *err) {
    static ht_status (*const makers[])(const ht_results *, const ht_result_model *, ht_figure *, ht_error *) = {
        [HT_FIGURE_CURVE] = make_curve,
        [HT_FIGURE_CHANGE] = make_change,
        [HT_FIGURE_LAYERS] = make_layers,
        [HT_FIGURE_SIZE] = make_size,
    };
    const ht_result_model *model = &results->models[index];
    *out = (ht_figure){.title = model->id, .reference = NAN, .reference_low = NAN, .reference_high = NAN};
    HT_TRY(makers[kind](results, model, out, err));
    return out->line_count == 0 || out->y.label != NULL ? HT_OK : ht__fail_memory(err, 64);
}

void ht__render_figure_csv(ht_buffer *out, const ht_figure *figure) {
    bool named = figure->x.scale == HT_AXIS_NAMES;
    ht__buffer_text(out, "line,");
    ht__put_escaped(out, HT_ESCAPE_CSV, named ? "layer" : figure->x.label);
    ht__buffer_text(out, ",");
    ht__put_escaped(out, HT_ESCAPE_CSV, figure->y.label);
    ht__buffer_text(out, ",low,high,within_noise\n");
    for (size_t i = 0; i < figure->line_count; ++i) {
        for (size_t j = 0; j < figure->lines[i].point_count; ++j) {
            const ht_figure_point *point = &figure->lines[i].points[j];
            ht__put_escaped(out, HT_ESCAPE_CSV, figure->lines[i].label);
            ht__buffer_text(out, ",");
            if (named) {
                ht__put_escaped(out, HT_ESCAPE_CSV, figure->x.names[(size_t)point->x]);
            } else {
                ht__put_number(out, point->x);
            }
            const double values[] = {point->y, point->low, point->high};
            for (size_t k = 0; k < 3; ++k) {
                ht__buffer_text(out, ",");
                ht__put_number(out, values[k]);
            }
            ht__buffer_text(out, point->hollow && !named ? ",1\n" : ",0\n");
        }
    }
}
