#include <math.h>
#include <string.h>

#include "report/format.h"
#include "report/outputs.h"
#include "report/page.h"
#include "report/summary.h"

/* ---- what the page needs beyond the document: grouping, intervals and sentences, computed once for all outputs ----
 */

static json_t *real_or_null(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *text_of(ht_buffer *scratch, void (*put)(ht_buffer *, const ht_results *, size_t),
                       const ht_results *results, size_t model) {
    scratch->size = 0;
    put(scratch, results, model);
    return json_stringn(scratch->size > 0 ? scratch->data : "", scratch->size);
}

static json_t *derive_models(const ht_results *results, ht_buffer *scratch) {
    json_t *list = json_array();
    for (size_t i = 0; i < results->model_count; ++i) {
        const ht_cell *cell = ht__headline(results, i);
        json_t *model = json_pack("{s:o, s:o}", "verdict", text_of(scratch, ht__put_verdict, results, i), "command",
                                  text_of(scratch, ht__put_command, results, i));
        if (cell != NULL) {
            json_object_set_new(model, "headline_series", json_integer((json_int_t)cell->series));
            json_object_set_new(model, "headline_bits", json_integer(cell->bits));
        }
        json_array_append_new(list, model);
    }
    return list;
}

static json_t *derive_series(const ht_results *results) {
    json_t *list = json_array();
    for (size_t i = 0; i < results->series_count; ++i) {
        const ht_series *series = &results->series[i];
        json_t *cells = json_array();
        for (size_t j = 0; j < series->cell_count; ++j) {
            json_array_append_new(cells, json_integer(series->cells[j] - results->cells));
        }
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:s, s:I, s:i, s:o}", "model", (json_int_t)series->model, "scheme",
                                        series->scheme, "label", series->label, "style", (json_int_t)series->style,
                                        "lossless", series->lossless_bits, "cells", cells));
    }
    return list;
}

static json_t *derive(const ht_results *results, const ht_allocator *allocator) {
    ht_buffer scratch;
    ht__buffer_init(&scratch, allocator);
    json_t *intervals = json_array(), *literature = json_array();
    for (size_t i = 0; i < results->cell_count; ++i) {
        const ht_cell *cell = &results->cells[i];
        json_array_append_new(intervals,
                              json_pack("[o, o]", real_or_null(cell->delta_low), real_or_null(cell->delta_high)));
    }
    for (size_t i = 0; i < results->literature_count; ++i) {
        const ht_cell *ours = results->literature[i].ours;
        json_array_append_new(literature, ours != NULL ? json_integer(ours - results->cells) : json_null());
    }
    json_t *derived = json_pack("{s:I, s:o, s:o, s:o, s:o}", "verdict_model", (json_int_t)results->verdict_model,
                                "models", derive_models(results, &scratch), "series", derive_series(results),
                                "delta_intervals", intervals, "literature", literature);
    bool failed = scratch.failed;
    ht__buffer_free(&scratch);
    if (failed) {
        json_decref(derived);
        return NULL;
    }
    return derived;
}

/* ---- filling the template ---- */

typedef struct page_parts {
    const ht_results *results;
    const char *json;
    size_t size;
    ht_report_theme theme;
} page_parts;

static int append_dump(const char *bytes, size_t size, void *out) {
    ht__put_escaped_bytes(out, HT_ESCAPE_SCRIPT, bytes, size);
    return 0;
}

static void put_derived(ht_buffer *out, const page_parts *parts) {
    json_t *derived = derive(parts->results, out->allocator);
    if (derived == NULL || json_dump_callback(derived, append_dump, out, JSON_COMPACT) != 0) {
        out->failed = true;
    }
    json_decref(derived);
}

static void put_results(ht_buffer *out, const page_parts *parts) {
    ht__put_escaped_bytes(out, HT_ESCAPE_SCRIPT, parts->json, parts->size);
}

static void put_study(ht_buffer *out, const page_parts *parts) {
    ht__put_escaped(out, HT_ESCAPE_XML, parts->results->study);
}

static void put_title(ht_buffer *out, const page_parts *parts) {
    bool named = parts->results->study[0] != '\0';
    ht__put_escaped(out, HT_ESCAPE_XML, named ? parts->results->study : "Quantization study");
    ht__buffer_text(out, " - Halftone");
}

static void put_theme(ht_buffer *out, const page_parts *parts) {
    static const char *const names[] = {"auto", "light", "dark"};
    ht__buffer_text(out, names[parts->theme]);
}

static void put_about(ht_buffer *out, const page_parts *parts) {
    ht__put_escaped(out, HT_ESCAPE_XML, parts->results->models[parts->results->verdict_model].id);
}

static void put_sentence(ht_buffer *out, const page_parts *parts,
                         void (*put)(ht_buffer *, const ht_results *, size_t)) {
    ht_buffer text;
    ht__buffer_init(&text, out->allocator);
    put(&text, parts->results, parts->results->verdict_model);
    ht__put_escaped_bytes(out, HT_ESCAPE_XML, text.data, text.size);
    out->failed |= text.failed;
    ht__buffer_free(&text);
}

static void put_verdict(ht_buffer *out, const page_parts *parts) { put_sentence(out, parts, ht__put_verdict); }
static void put_command(ht_buffer *out, const page_parts *parts) { put_sentence(out, parts, ht__put_command); }

static void put_style(ht_buffer *out, const page_parts *parts) {
    (void)parts;
    ht__buffer_append(out, ht__page_style_css, ht__page_style_css_size);
}

static void put_chart(ht_buffer *out, const page_parts *parts) {
    (void)parts;
    ht__buffer_append(out, ht__chart_js, ht__chart_js_size);
}

static void put_script(ht_buffer *out, const page_parts *parts) {
    (void)parts;
    ht__buffer_append(out, ht__page_format_js, ht__page_format_js_size);
    ht__buffer_append(out, ht__page_charts_js, ht__page_charts_js_size);
    ht__buffer_append(out, ht__page_change_js, ht__page_change_js_size);
    ht__buffer_append(out, ht__page_inside_js, ht__page_inside_js_size);
    ht__buffer_append(out, ht__page_tables_js, ht__page_tables_js_size);
    ht__buffer_append(out, ht__page_page_js, ht__page_page_js_size);
}

static void put_part(ht_buffer *out, const char *name, size_t length, const page_parts *parts) {
    static const struct {
        const char *name;
        void (*put)(ht_buffer *, const page_parts *);
    } fillers[] = {
        {"theme", put_theme},     {"title", put_title},     {"study", put_study},     {"about", put_about},
        {"verdict", put_verdict}, {"command", put_command}, {"style", put_style},     {"chart", put_chart},
        {"script", put_script},   {"results", put_results}, {"derived", put_derived},
    };
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; ++i) {
        if (strlen(fillers[i].name) == length && memcmp(fillers[i].name, name, length) == 0) {
            fillers[i].put(out, parts);
            return;
        }
    }
}

/* One pass over the template: braces inside what is filled in mean nothing. */
void ht__render_html(ht_buffer *out, const ht_results *results, const char *json, size_t size, ht_report_theme theme) {
    const page_parts parts = {results, json, size, theme};
    const char *at = ht__page_page_html;
    for (const char *open; (open = strstr(at, "{{")) != NULL;) {
        const char *close = strstr(open, "}}");
        if (close == NULL) {
            break;
        }
        ht__buffer_append(out, at, (size_t)(open - at));
        put_part(out, open + 2, (size_t)(close - open - 2), &parts);
        at = close + 2;
    }
    ht__buffer_text(out, at);
}
