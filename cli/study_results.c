/* halftone study list and show: read the results document, as any program could. */
#include <math.h>
#include <string.h>

#include "study.h"
#include "table.h"

static ht_status load_results(cli_session *session, const study_settings *settings, const char *command, json_t **out,
                              ht_error *err) {
    ht_study *study;
    char *text;
    ht_status status = study_open(session, settings, command, &study, err);
    if (status != HT_OK) {
        return status;
    }
    status = ht_study_results_json(study, NULL, &text, NULL, err);
    if (status == HT_ERROR_NOT_FOUND) {
        cli_advise(session, "halftone study run %s", settings->folder);
    }
    if (status == HT_OK) {
        *out = json_loads(text, 0, NULL);
        ht_study_text_free(session->context, text);
        status = *out != NULL ? HT_OK : cli_fail(err, HT_ERROR_MEMORY, "Memory for the results ran out.");
    }
    ht_study_close(study);
    return status;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}
static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "92.61 %" or "0.0128"; "-" for what is not a number. */
static void format_value(const char *metric, double value, char out[32]) {
    if (isnan(value)) {
        snprintf(out, 32, "-");
    } else if (strcmp(metric, "accuracy") == 0) {
        snprintf(out, 32, "%.2f %%", 100.0 * value);
    } else {
        snprintf(out, 32, "%.4g", value);
    }
}

/* Cells of a model that are in the document, by status. */
static void count_cells(const json_t *root, const char *model, size_t *done, size_t *failed) {
    const json_t *cells = json_object_get(root, "cells");
    *done = *failed = 0;
    for (size_t i = 0; i < json_array_size(cells); ++i) {
        const json_t *cell = json_array_get(cells, i);
        if (strcmp(text_of(cell, "model"), model) == 0) {
            *(strcmp(text_of(cell, "status"), "done") == 0 ? done : failed) += 1;
        }
    }
}

static ht_status print_models(const json_t *root, ht_error *err) {
    static const char *const headings[] = {"model",    ">parameters", ">float", ">interval",
                                           ">samples", ">cells",      ">failed"};
    cli_table table;
    cli_table_begin(&table, headings, 7);
    const json_t *models = json_object_get(root, "models");
    for (size_t i = 0; i < json_array_size(models); ++i) {
        const json_t *model = json_array_get(models, i), *exact = json_object_get(model, "float");
        char value[32], low[32], high[32];
        const char *metric = text_of(exact, "metric");
        size_t done, failed;
        format_value(metric, number_of(exact, "value"), value);
        format_value(metric, number_of(exact, "low"), low);
        format_value(metric, number_of(exact, "high"), high);
        count_cells(root, text_of(model, "id"), &done, &failed);
        cli_table_cell(&table, "%s", text_of(model, "id"));
        cli_table_cell(&table, "%.0f", number_of(model, "parameters"));
        cli_table_cell(&table, "%s", value);
        cli_table_cell(&table, "%s to %s", low, high);
        cli_table_cell(&table, "%.0f", number_of(exact, "n"));
        cli_table_cell(&table, "%zu", done);
        cli_table_cell(&table, "%zu", failed);
    }
    return cli_table_print(&table, stdout, err);
}

static ht_status run_list(cli_session *session, const void *given, ht_error *err) {
    json_t *root;
    ht_status status = load_results(session, given, "list", &root, err);
    if (status != HT_OK) {
        return status;
    }
    if (session->common.json) {
        json_t *models = json_incref(json_object_get(root, "models"));
        status = cli_print_json("halftone-study-list", 1, json_pack("{s:o}", "models", models), err);
    } else {
        status = print_models(root, err);
    }
    json_decref(root);
    return status;
}

static void print_cell(cli_table *table, const json_t *cell) {
    const json_t *change = json_object_get(cell, "vs_float"), *size = json_object_get(cell, "size");
    bool done = strcmp(text_of(cell, "status"), "done") == 0;
    char value[32];
    format_value(text_of(cell, "metric"), number_of(cell, "value"), value);
    cli_table_cell(table, "%s", text_of(cell, "id"));
    if (!done) {
        cli_table_cell(table, "failed");
        cli_table_cell(table, "%s", "");
        cli_table_cell(table, "%s", "");
        cli_table_cell(table, "%s", text_of(cell, "error"));
        return;
    }
    cli_table_cell(table, "%s", value);
    cli_table_cell(table, "%.3g", number_of(change, "p_holm"));
    cli_table_cell(table, "%.1f", number_of(size, "ratio_ideal"));
    cli_table_cell(table, "%s", text_of(change, "verdict"));
}

static ht_status print_cells(const json_t *root, const char *model, ht_error *err) {
    static const char *const headings[] = {"cell", ">result", ">p (Holm)", ">times smaller", "against float"};
    cli_table table;
    cli_table_begin(&table, headings, 5);
    const json_t *cells = json_object_get(root, "cells");
    for (size_t i = 0; i < json_array_size(cells); ++i) {
        const json_t *cell = json_array_get(cells, i);
        if (model == NULL || strncmp(text_of(cell, "id"), model, strlen(model)) == 0) {
            print_cell(&table, cell);
        }
    }
    return cli_table_print(&table, stdout, err);
}

static ht_status run_show(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    json_t *root;
    ht_status status = load_results(session, settings, "show", &root, err);
    if (status != HT_OK) {
        return status;
    }
    if (session->common.json) {
        json_t *cells = json_incref(json_object_get(root, "cells"));
        status = cli_print_json("halftone-study-show", 1, json_pack("{s:o}", "cells", cells), err);
    } else {
        const char *sentence = text_of(json_object_get(root, "verdict"), "text");
        printf("%s\n\n", sentence);
        status = print_cells(root, settings->model, err);
    }
    json_decref(root);
    return status;
}

static const cli_option list_options[] = {FOLDER_OPTION, {0}};
static const cli_option show_options[] = {
    FOLDER_OPTION,
    {.name = "cells",
     .kind = CLI_TEXT,
     .offset = AT(model),
     .value = "PREFIX",
     .otherwise = "all",
     .help = "only cells whose name begins so, such as a model's"},
    {0},
};

const cli_verb study_list = {
    .name = "study list",
    .stage = "Study",
    .summary = "list a study's models and their float results",
    .examples = {{"halftone study list mlp", "a row per model"}, {"halftone study list mlp --json", "for programs"}},
    .options = list_options,
    .common = CLI_USES_JSON,
    .settings_size = sizeof(study_settings),
    .run = run_list,
};

const cli_verb study_show = {
    .name = "study show",
    .stage = "Study",
    .summary = "show a study's cells: result, test against float, size",
    .examples = {{"halftone study show mlp", "every cell"},
                 {"halftone study show mlp --cells telescope_mlp-simple_s0/mid-rise", "one model under one scheme"}},
    .options = show_options,
    .common = CLI_USES_JSON,
    .settings_size = sizeof(study_settings),
    .run = run_show,
};
