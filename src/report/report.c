#include "halftone/report.h"

#include <locale.h>
#include <string.h>

#include "base/context.h"
#include "base/file.h"
#include "report/figure.h"
#include "report/format.h"
#include "report/outputs.h"
#include "report/results.h"

/* Where the report goes and what every file of it needs. */
typedef struct job {
    const ht_allocator *allocator;
    const ht_results *results;
    const char *json;
    size_t size;
    ht_report_options options;
} job;

/* Writes a rendered buffer and frees it, whatever `status` rendering ended with. */
static ht_status save(const job *work, const char *path, ht_buffer *buffer, ht_status status, ht_error *err) {
    if (status == HT_OK && (buffer->failed || path == NULL)) {
        status = ht__fail_memory(err, buffer->size);
    }
    if (status == HT_OK) {
        status = ht__file_write(work->allocator, path, work->options.overwrite, buffer->data, buffer->size, err);
    }
    ht__buffer_free(buffer);
    return status;
}

static const char *path_in(const job *work, const char *folder, const char *name) {
    return ht__arena_printf(work->results->arena, "%s/%s", folder, name);
}

static bool wants(const job *work, ht_report_format format) { return (work->options.formats & format) != 0; }

static ht_status write_page(const job *work, ht_error *err) {
    ht_buffer page;
    ht__buffer_init(&page, work->allocator);
    ht__render_html(&page, work->results, work->json, work->size, work->options.theme);
    const char *path = work->options.html_path;
    return save(work, path != NULL ? path : path_in(work, work->options.folder, "report.html"), &page, HT_OK, err);
}

static ht_status write_markdown(const job *work, ht_error *err) {
    ht_buffer text;
    ht__buffer_init(&text, work->allocator);
    ht_status status = ht__render_markdown(&text, work->results, err);
    return save(work, path_in(work, work->options.folder, "report.md"), &text, status, err);
}

static ht_status write_csv(const job *work, ht_error *err) {
    ht_buffer rows;
    ht__buffer_init(&rows, work->allocator);
    ht__render_csv(&rows, work->results);
    HT_TRY(save(work, path_in(work, work->options.folder, "results.csv"), &rows, HT_OK, err));
    ht__render_layers_csv(&rows, work->results);
    return save(work, path_in(work, work->options.folder, "layers.csv"), &rows, HT_OK, err);
}

static ht_status write_json(const job *work, ht_error *err) {
    const char *path = path_in(work, work->options.folder, "results.json");
    if (path == NULL) {
        return ht__fail_memory(err, 64);
    }
    return ht__file_write(work->allocator, path, work->options.overwrite, work->json, work->size, err);
}

/* The part of a file name that stands for a model; its number keeps apart ids that differ in odd characters only. */
static const char *file_name(const job *work, const char *before, size_t model, const char *after) {
    const char *id = work->results->models[model].id;
    ht_buffer name;
    ht__buffer_init(&name, work->allocator);
    ht__put_escaped_bytes(&name, HT_ESCAPE_FILE, id, strnlen(id, 100));
    bool odd = name.failed || strcmp(name.data, id) != 0;
    const char *result = name.failed ? NULL
                         : odd
                             ? ht__arena_printf(work->results->arena, "%s%s-%zu%s", before, name.data, model + 1, after)
                             : ht__arena_printf(work->results->arena, "%s%s%s", before, name.data, after);
    ht__buffer_free(&name);
    return result;
}

static ht_status write_figure(const job *work, ht_figure_kind kind, size_t model, ht_error *err) {
    ht_figure figure;
    HT_TRY(ht__figure_make(work->results, kind, model, &figure, err));
    if (figure.line_count == 0) {
        return HT_OK;
    }
    const char *const before = ht__arena_printf(work->results->arena, "%s/%s-", work->options.figures, figure.name);
    ht_buffer text;
    ht__buffer_init(&text, work->allocator);
    if (before == NULL) {
        return ht__fail_memory(err, 64);
    }
    ht__render_svg(&text, &figure);
    HT_TRY(save(work, file_name(work, before, model, ".svg"), &text, HT_OK, err));
    ht__render_figure_csv(&text, &figure);
    return save(work, file_name(work, before, model, ".csv"), &text, HT_OK, err);
}

static ht_status write_figures(const job *work, ht_error *err) {
    HT_TRY(ht__make_folders(work->options.figures, err));
    for (size_t model = 0; model < work->results->model_count; ++model) {
        for (ht_figure_kind kind = 0; kind < HT_FIGURE_KINDS; ++kind) {
            HT_TRY(write_figure(work, kind, model, err));
        }
    }
    return HT_OK;
}

static ht_status write_latex(const job *work, ht_error *err) {
    const char *folder = path_in(work, work->options.folder, "tables");
    if (folder == NULL) {
        return ht__fail_memory(err, 64);
    }
    HT_TRY(ht__make_folders(folder, err));
    ht_buffer text;
    ht__buffer_init(&text, work->allocator);
    ht_status status = ht__render_latex_study(&text, work->results, err);
    HT_TRY(save(work, path_in(work, folder, "study.tex"), &text, status, err));
    const char *before = path_in(work, folder, "model-");
    for (size_t model = 0; model < work->results->model_count && before != NULL; ++model) {
        status = ht__render_latex(&text, work->results, model, err);
        HT_TRY(save(work, file_name(work, before, model, ".tex"), &text, status, err));
    }
    return before != NULL ? HT_OK : ht__fail_memory(err, 64);
}

static ht_status write_all(job *work, ht_error *err) {
    static const struct {
        ht_report_format format;
        ht_status (*write)(const job *, ht_error *);
    } writers[] = {
        {HT_REPORT_HTML, write_page}, {HT_REPORT_MARKDOWN, write_markdown}, {HT_REPORT_CSV, write_csv},
        {HT_REPORT_JSON, write_json}, {HT_REPORT_SVG, write_figures},       {HT_REPORT_LATEX, write_latex},
    };
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; ++i) {
        if (wants(work, writers[i].format)) {
            HT_TRY(writers[i].write(work, err));
        }
    }
    return HT_OK;
}

static ht_status check_options(const ht_report_options *options, ht_error *err) {
    if ((options->formats & ~(unsigned)HT_REPORT_ALL) != 0) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "%#x names a report format that does not exist.", options->formats);
    }
    if ((unsigned)options->theme > HT_REPORT_DARK) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "%d is not a theme of reports.", (int)options->theme);
    }
    return HT_OK;
}

/* Parses, prepares folders and writes; the caller has set the locale. */
static ht_status report(ht_context *ctx, const char *json, size_t size, const ht_report_options *options,
                        ht_error *err) {
    ht_results results;
    HT_TRY(ht__results_parse(&ctx->allocator, json, size, &results, err));
    job work = {&ctx->allocator, &results, json, size, *options};
    if (work.options.folder == NULL) {
        work.options.folder = ".";
    }
    if (work.options.formats == 0) {
        work.options.formats = HT_REPORT_ALL;
    }
    if (work.options.figures == NULL) {
        work.options.figures = path_in(&work, work.options.folder, "figures");
    }
    ht_status status =
        work.options.figures != NULL ? ht__make_folders(work.options.folder, err) : ht__fail_memory(err, 64);
    if (status == HT_OK) {
        status = write_all(&work, err);
    }
    ht__results_free(&results);
    return status;
}

ht_status ht_report_write(ht_context *ctx, const char *results_json, size_t size, const ht_report_options *options,
                          ht_error *err) {
    const ht_report_options chosen = options != NULL ? *options : (ht_report_options){0};
    HT_TRY(check_options(&chosen, err));
    locale_t numbers;
    locale_t before;
    HT_TRY(ht__enter_c_locale(&numbers, &before, err));
    ht_status status = report(ctx, results_json, size, &chosen, err);
    ht__leave_c_locale(numbers, before);
    return status;
}
