/* halftone study: grids of models, schemes and widths, run, stored and told with their uncertainty. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "halftone/report.h"
#include "halftone/study.h"
#include "table.h"
#include "verbs.h"

typedef struct study_settings {
    const char *what, *folder, *data;                   /* init */
    const char *model;                                  /* show */
    const char *format, *literature, *output, *figures; /* export, report */
    bool dry_run, no_slider;
} study_settings;

static ht_status open_study(cli_session *session, const study_settings *settings, const char *command, ht_study **out,
                            ht_error *err) {
    char line[512];
    snprintf(line, sizeof line, "halftone study %s %s", command, settings->folder);
    ht_study_options options = {.data_dir = session->common.data_dir, .command = line};
    ht_status status = ht_study_open(session->context, settings->folder, &options, out, err);
    if (status == HT_ERROR_IO) {
        cli_advise(session, "halftone study init mlp");
    }
    return status;
}

/* ---- init ---- */

/* "nets/small.onnx" -> "small", "capstone" -> "capstone" */
static void folder_for(const char *what, char *out, size_t size) {
    const char *slash = strrchr(what, '/'), *base = slash != NULL ? slash + 1 : what;
    snprintf(out, size, "%s", base);
    char *dot = strrchr(out, '.');
    if (dot != NULL && dot != out) {
        *dot = '\0';
    }
}

static ht_status run_init(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    char folder[256];
    if (settings->folder != NULL) {
        snprintf(folder, sizeof folder, "%s", settings->folder);
    } else {
        folder_for(settings->what, folder, sizeof folder);
    }
    ht_status status =
        ht_study_init(session->context, settings->what, settings->data, folder, session->common.force, err);
    if (status != HT_OK) {
        if (status == HT_ERROR_EXISTS) {
            cli_advise(session, "give another --folder, or --force to overwrite it");
        }
        return status;
    }
    printf("%s/study.yaml\n", folder);
    if (!session->common.quiet) {
        fprintf(stderr, "next: halftone study run %s --dry-run\n", folder);
    }
    return HT_OK;
}

/* ---- run ---- */

static json_t *counts_json(const ht_study_counts *counts) {
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "models", (json_int_t)counts->models, "models_done",
                     (json_int_t)counts->models_done, "models_failed", (json_int_t)counts->models_failed, "cells",
                     (json_int_t)counts->cells, "cells_done", (json_int_t)counts->cells_done, "cells_failed",
                     (json_int_t)counts->cells_failed, "cells_reused", (json_int_t)counts->cells_reused);
}

static void print_counts(const ht_study_counts *counts) {
    printf("models  %zu of %zu done", counts->models_done, counts->models);
    printf(counts->models_failed > 0 ? ", %zu failed\n" : "\n", counts->models_failed);
    printf("cells   %zu of %zu done", counts->cells_done, counts->cells);
    if (counts->cells_reused > 0) {
        printf(" (%zu with the weights of another)", counts->cells_reused);
    }
    printf(counts->cells_failed > 0 ? ", %zu failed\n" : "\n", counts->cells_failed);
}

typedef struct missing_list {
    cli_session *session;
    json_t *items;
} missing_list;

static void note_missing(void *user, const char *model, const char *reason) {
    missing_list *list = user;
    json_array_append_new(list->items, json_pack("{s:s,s:s}", "model", model, "reason", reason));
    if (!list->session->common.json) {
        printf("missing  %s: %s\n", model, reason);
    }
}

static ht_status dry_run(cli_session *session, ht_study *study, ht_error *err) {
    missing_list list = {session, json_array()};
    ht_study_plan plan;
    ht_status status = ht_study_plan_run(study, note_missing, &list, &plan, err);
    if (status != HT_OK) {
        json_decref(list.items);
        return status;
    }
    if (session->common.json) {
        json_t *body = counts_json(&plan.counts);
        json_object_set_new(body, "minutes", isnan(plan.minutes) ? json_null() : json_real(plan.minutes));
        json_object_set_new(body, "missing", list.items);
        return cli_print_json("halftone-study-plan", 1, body, err);
    }
    json_decref(list.items);
    print_counts(&plan.counts);
    if (isnan(plan.minutes)) {
        printf("time    unknown until the missing data is there\n");
    } else {
        printf("time    about %.*f minutes left\n", plan.minutes < 10.0 ? 1 : 0, plan.minutes);
    }
    return HT_OK;
}

static ht_status run_study(cli_session *session, ht_study *study, const study_settings *settings, ht_error *err) {
    ht_study_counts counts = {0};
    ht_status status = ht_study_run(study, &counts, err);
    cli_clear_progress(&session->terminal);
    if (status == HT_ERROR_INTERRUPTED) {
        cli_advise(session, "halftone study run %s goes on where it stopped", settings->folder);
    }
    if (status != HT_OK) {
        return status;
    }
    if (session->common.json) {
        status = cli_print_json("halftone-study-run", 1, counts_json(&counts), err);
    } else {
        print_counts(&counts);
        if (!session->common.quiet) {
            fprintf(stderr, "next: halftone study report %s\n", settings->folder);
        }
    }
    if (status == HT_OK && counts.models_failed + counts.cells_failed > 0) {
        cli_advise(session, "halftone study show %s says why; running again tries them again", settings->folder);
        return cli_fail(err, HT_ERROR_NUMERIC, "%zu of %zu models and %zu of %zu cells failed; the others are done.",
                        counts.models_failed, counts.models, counts.cells_failed, counts.cells);
    }
    return status;
}

static ht_status run_run(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    ht_study *study;
    ht_status status = open_study(session, settings, "run", &study, err);
    if (status == HT_OK) {
        status = settings->dry_run ? dry_run(session, study, err) : run_study(session, study, settings, err);
        ht_study_close(study);
    }
    return status;
}

/* ---- list and show: read the results document, as any program could ---- */

static ht_status load_results(cli_session *session, const study_settings *settings, const char *command, json_t **out,
                              ht_error *err) {
    ht_study *study;
    char *text;
    ht_status status = open_study(session, settings, command, &study, err);
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

/* ---- export and report ---- */

static ht_status write_text(cli_session *session, const char *path, const char *text, size_t size, ht_error *err) {
    if (path == NULL) {
        fwrite(text, 1, size, stdout);
        return HT_OK;
    }
    FILE *file = fopen(path, session->common.force ? "wb" : "wbx");
    if (file == NULL) {
        cli_advise(session, "--force overwrites a file that exists");
        return cli_fail(err, HT_ERROR_IO, "%s cannot be written, or it exists already.", path);
    }
    bool written = fwrite(text, 1, size, file) == size;
    written = fclose(file) == 0 && written;
    return written ? HT_OK : cli_fail(err, HT_ERROR_IO, "%s could not be written.", path);
}

static ht_status make_text(ht_study *study, const study_settings *settings, char **text, size_t *size, ht_error *err) {
    ht_study_results_options options = {.literature = settings->literature, .interactive = false};
    if (strcmp(settings->format, "csv") == 0) {
        return ht_study_csv(study, text, size, err);
    }
    return ht_study_results_json(study, &options, text, size, err);
}

static ht_status run_export(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    ht_study *study;
    ht_status status = open_study(session, settings, "export", &study, err);
    if (status != HT_OK) {
        return status;
    }
    char *text = NULL;
    size_t size = 0;
    status = make_text(study, settings, &text, &size, err);
    if (status == HT_OK) {
        status = write_text(session, settings->output, text, size, err);
    }
    ht_study_text_free(session->context, text);
    ht_study_close(study);
    return status;
}

static ht_status run_report(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    ht_study *study;
    ht_status status = open_study(session, settings, "report", &study, err);
    if (status != HT_OK) {
        return status;
    }
    ht_study_results_options options = {.literature = settings->literature, .interactive = !settings->no_slider};
    char *text = NULL;
    size_t size = 0;
    status = ht_study_results_json(study, &options, &text, &size, err);
    if (status == HT_OK) {
        ht_report_options report = {
            .folder = settings->folder, .figures = settings->figures, .overwrite = session->common.force};
        status = ht_report_write(session->context, text, size, &report, err);
    }
    ht_study_text_free(session->context, text);
    ht_study_close(study);
    cli_clear_progress(&session->terminal);
    if (status == HT_ERROR_EXISTS) {
        cli_advise(session, "halftone study report %s --force", settings->folder);
    }
    if (status == HT_OK) {
        printf("%s/report.html\n", settings->folder);
    }
    return status;
}

/* ---- tables ---- */

#define AT(member) offsetof(study_settings, member)
#define FOLDER_OPTION                                                                                  \
    {                                                                                                  \
        .name = "FOLDER", .positional = true, .kind = CLI_TEXT, .offset = AT(folder), .fallback = ".", \
        .help = "the study's folder"                                                                   \
    }
#define LITERATURE_OPTION                                                                        \
    {                                                                                            \
        .name = "literature", .kind = CLI_TEXT, .offset = AT(literature), .value = "FILE",       \
        .otherwise = "no published results",                                                     \
        .help = "CSV of published results to stand beside ours (model,rounding,levels,bits,...)" \
    }

static const cli_option init_options[] = {
    {.name = "WHAT",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(what),
     .help = "mlp, capstone, or a model file"},
    {.name = "folder",
     .kind = CLI_TEXT,
     .offset = AT(folder),
     .value = "DIR",
     .otherwise = "named after WHAT",
     .help = "folder to make the study in"},
    {.name = "data",
     .kind = CLI_TEXT,
     .offset = AT(data),
     .value = "DATA",
     .otherwise = "to be filled in",
     .help = "data set of a model file, without a split"},
    {0},
};
static const cli_option run_options[] = {
    FOLDER_OPTION,
    {.name = "dry-run",
     .kind = CLI_FLAG,
     .offset = AT(dry_run),
     .help = "only say how many cells there are, how long they take and what is missing"},
    {0},
};
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
static const char *const formats[] = {"csv", "json", NULL};
static const cli_option export_options[] = {
    FOLDER_OPTION,
    {.name = "format",
     .kind = CLI_CHOICE,
     .offset = AT(format),
     .choices = formats,
     .fallback = "csv",
     .help = "a row per cell, or the whole results document"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .offset = AT(output),
     .value = "FILE",
     .otherwise = "standard output",
     .help = "file to write"},
    LITERATURE_OPTION,
    {0},
};
static const cli_option report_options[] = {
    FOLDER_OPTION,
    {.name = "figures",
     .kind = CLI_TEXT,
     .offset = AT(figures),
     .value = "DIR",
     .otherwise = "FOLDER/figures",
     .help = "folder for each plot as SVG with its CSV"},
    LITERATURE_OPTION,
    {.name = "no-slider",
     .kind = CLI_FLAG,
     .offset = AT(no_slider),
     .help = "leave out histograms, filters and pictures, which need the model and its data"},
    {0},
};

static const cli_verb study_init = {
    .name = "study init",
    .stage = "Study",
    .summary = "write a commented study.yaml to start from",
    .examples = {{"halftone study init mlp", "small dense networks, about a minute"},
                 {"halftone study init model.onnx --data fashion-mnist", "one network of your own"}},
    .options = init_options,
    .common = CLI_USES_FORCE,
    .settings_size = sizeof(study_settings),
    .run = run_init,
};
static const cli_verb study_run = {
    .name = "study run",
    .stage = "Study",
    .summary = "train, quantize and evaluate everything that is not done",
    .description =
        "Each finished cell is stored at once; after an interruption the same command goes on. What fails is "
        "recorded, the rest goes on, and the next run tries it again.",
    .examples = {{"halftone study run mlp", "all cells on all cores"},
                 {"halftone study run mlp --dry-run", "cells, minutes, missing data"}},
    .options = run_options,
    .common = CLI_USES_JSON | CLI_USES_THREADS | CLI_USES_DATA_DIR,
    .settings_size = sizeof(study_settings),
    .run = run_run,
};
static const cli_verb study_list = {
    .name = "study list",
    .stage = "Study",
    .summary = "list a study's models and their float results",
    .examples = {{"halftone study list mlp", "a row per model"}, {"halftone study list mlp --json", "for programs"}},
    .options = list_options,
    .common = CLI_USES_JSON,
    .settings_size = sizeof(study_settings),
    .run = run_list,
};
static const cli_verb study_show = {
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
static const cli_verb study_export = {
    .name = "study export",
    .stage = "Study",
    .summary = "write a study's results as CSV or JSON",
    .examples = {{"halftone study export mlp --format csv -o results.csv", "a row per cell"},
                 {"halftone study export mlp --format json", "everything, for programs"}},
    .options = export_options,
    .common = CLI_USES_FORCE | CLI_USES_DATA_DIR,
    .settings_size = sizeof(study_settings),
    .run = run_export,
};
static const cli_verb study_report = {
    .name = "study report",
    .stage = "Study",
    .summary = "write report.html, report.md, tables and figures",
    .examples = {{"halftone study report mlp", "into the study's folder"},
                 {"halftone study report mlp --force --figures figures", "once more, plots elsewhere"}},
    .options = report_options,
    .common = CLI_USES_FORCE | CLI_USES_THREADS | CLI_USES_DATA_DIR,
    .settings_size = sizeof(study_settings),
    .run = run_report,
};

static const cli_verb *const actions[] = {&study_init,   &study_run,    &study_list, &study_show,
                                          &study_export, &study_report, NULL};

const cli_verb cmd_study = {
    .name = "study",
    .stage = "Study",
    .summary = "grids of models, schemes and widths, with their uncertainty",
    .description = "A study is a folder: study.yaml says what to do, store.sqlite holds what is finished, models/ the "
                   "trained networks. \"halftone study init mlp\" makes one.",
    .examples = {{"halftone study init mlp", "write mlp/study.yaml"}, {"halftone study run mlp", "do it"}},
    .actions = actions,
};
