#include "report/terminal.h"

#include <string.h>

#include "base/context.h"
#include "halftone/report.h"
#include "report/figure.h"
#include "report/format.h"
#include "report/results.h"
#include "report/summary.h"

#define MIN_WIDTH 40
#define MAX_WIDTH 1000
#define DEFAULT_WIDTH 80

static void put_verdict(ht_buffer *out, const ht_terminal *terminal, const ht_results *results, size_t model) {
    ht_buffer text;
    ht__buffer_init(&text, out->allocator);
    ht__terminal_style(out, terminal, HT_TERMINAL_BOLD);
    ht__put_verdict(&text, results, model);
    ht__terminal_wrapped(out, terminal, text.data != NULL ? text.data : "");
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
    out->failed |= text.failed;
    ht__buffer_free(&text);
}

/* The command stays on one line, so that it can be copied. */
static void put_command(ht_buffer *out, const ht_terminal *terminal, const ht_results *results, size_t model) {
    ht_buffer text;
    ht__buffer_init(&text, out->allocator);
    ht__put_command(&text, results, model);
    if (text.size > 0) {
        ht__buffer_text(out, "\nThe command that makes that file:\n  ");
        ht__terminal_text(out, terminal, text.data);
        ht__buffer_text(out, "\n");
    }
    out->failed |= text.failed;
    ht__buffer_free(&text);
}

static ht_status put_model(ht_buffer *out, const ht_terminal *terminal, const ht_results *results, size_t model,
                           ht_error *err) {
    ht_table table;
    HT_TRY(ht__table_curve(results, model, &table, err));
    ht_figure figure;
    HT_TRY(ht__figure_make(results, HT_FIGURE_CURVE, model, &figure, err));
    ht__terminal_style(out, terminal, HT_TERMINAL_DIM);
    ht__terminal_text(out, terminal, results->models[model].id);
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
    ht__buffer_text(out, "\n");
    put_verdict(out, terminal, results, model);
    ht__buffer_text(out, "\n");
    ht__terminal_table(out, terminal, &table);
    ht__terminal_style(out, terminal, HT_TERMINAL_DIM);
    ht__terminal_wrapped(out, terminal, "≈ within noise, ▼ detectably worse, ▲ detectably better");
    ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
    ht__buffer_text(out, "\n");
    HT_TRY(ht__terminal_plot(out, terminal, &figure, err));
    put_command(out, terminal, results, model);
    return HT_OK;
}

static void put_others(ht_buffer *out, const ht_terminal *terminal, const ht_results *results, size_t shown) {
    for (size_t i = 0; i < results->model_count; ++i) {
        if (i != shown) {
            ht__buffer_text(out, "\n");
            ht__terminal_style(out, terminal, HT_TERMINAL_DIM);
            ht__terminal_text(out, terminal, results->models[i].id);
            ht__terminal_style(out, terminal, HT_TERMINAL_PLAIN);
            ht__buffer_text(out, "\n");
            put_verdict(out, terminal, results, i);
        }
    }
}

static ht_status render(ht_buffer *out, const ht_results *results, const ht_report_terminal_options *options,
                        ht_error *err) {
    ht_terminal terminal = {options->width != 0 ? options->width : DEFAULT_WIDTH, options->color, options->ascii};
    size_t model = results->verdict_model;
    if (options->model != NULL) {
        for (model = 0; model < results->model_count; ++model) {
            if (strcmp(results->models[model].id, options->model) == 0) {
                break;
            }
        }
        if (model == results->model_count) {
            return ht__fail_at(err, HT_ERROR_NOT_FOUND, options->model, "The results hold no model of this id.");
        }
    }
    HT_TRY(put_model(out, &terminal, results, model, err));
    if (options->model == NULL) {
        put_others(out, &terminal, results, model);
    }
    if (results->failed_count > 0) {
        ht__buffer_printf(out, "\n%zu of %zu cells failed.\n", results->failed_count, results->cell_count);
    }
    return out->failed ? ht__fail_memory(err, out->size) : HT_OK;
}

ht_status ht_report_terminal(ht_context *ctx, const char *results_json, size_t size,
                             const ht_report_terminal_options *options, char **out, ht_error *err) {
    const ht_report_terminal_options chosen = options != NULL ? *options : (ht_report_terminal_options){0};
    if (chosen.width != 0 && (chosen.width < MIN_WIDTH || chosen.width > MAX_WIDTH)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A width of %u columns is outside %d to %d.", chosen.width, MIN_WIDTH,
                        MAX_WIDTH);
    }
    locale_t numbers;
    locale_t before;
    HT_TRY(ht__enter_c_locale(&numbers, &before, err));
    ht_buffer text;
    ht__buffer_init(&text, &ctx->allocator);
    ht_results results;
    ht_status status = ht__results_parse(&ctx->allocator, results_json, size, &results, err);
    if (status == HT_OK) {
        status = render(&text, &results, &chosen, err);
        ht__results_free(&results);
    }
    ht__leave_c_locale(numbers, before);
    if (status != HT_OK) {
        ht__buffer_free(&text);
        return status;
    }
    *out = text.data;
    return HT_OK;
}

void ht_report_text_free(ht_context *ctx, char *text) { ht__free(&ctx->allocator, text); }
