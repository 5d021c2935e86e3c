/* halftone study export and report. */
#include <stdlib.h>
#include <string.h>

#include "halftone/report.h"
#include "study.h"

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
    if (strcmp(settings->format, "markdown") == 0) {
        return ht_study_markdown(study, &options, text, size, err);
    }
    return ht_study_results_json(study, &options, text, size, err);
}

static ht_status run_export(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    ht_study *study;
    ht_status status = study_open(session, settings, "export", &study, err);
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

/* Verdict, table and curve as text. */
static ht_status print_report(cli_session *session, const char *results, size_t size, ht_error *err) {
    ht_report_terminal_options options = {.width = (unsigned)cli_terminal_width(stdout),
                                          .color = cli_style_code(stdout, CLI_BOLD)[0] != '\0',
                                          .ascii = !cli_terminal_is_utf8()};
    char *text;
    ht_status status = ht_report_terminal(session->context, results, size, &options, &text, err);
    if (status == HT_OK) {
        fputs(text, stdout);
        ht_report_text_free(session->context, text);
    }
    return status;
}

ht_status study_write_report(cli_session *session, ht_study *study, const study_settings *settings, bool overwrite,
                             ht_error *err) {
    ht_study_results_options options = {.literature = settings->literature, .interactive = !settings->no_slider};
    char *text = NULL;
    size_t size = 0;
    ht_status status = ht_study_results_json(study, &options, &text, &size, err);
    if (status == HT_OK) {
        ht_report_options report = {.folder = settings->folder, .figures = settings->figures, .overwrite = overwrite};
        status = ht_report_write(session->context, text, size, &report, err);
    }
    cli_clear_progress(&session->terminal);
    if (status == HT_ERROR_EXISTS) {
        cli_advise(session, "halftone study report %s --force", settings->folder);
    }
    if (status == HT_OK) {
        status = print_report(session, text, size, err);
    }
    if (status == HT_OK) {
        printf("\nreport: %s/report.html\n", settings->folder);
    }
    ht_study_text_free(session->context, text);
    return status;
}

static ht_status run_report(cli_session *session, const void *given, ht_error *err) {
    const study_settings *settings = given;
    ht_study *study;
    ht_status status = study_open(session, settings, "report", &study, err);
    if (status == HT_OK) {
        status = study_write_report(session, study, settings, session->common.force, err);
        ht_study_close(study);
    }
    return status;
}

#define LITERATURE_OPTION                                                                        \
    {                                                                                            \
        .name = "literature", .kind = CLI_TEXT, .offset = AT(literature), .value = "FILE",       \
        .otherwise = "no published results",                                                     \
        .help = "CSV of published results to stand beside ours (model,rounding,levels,bits,...)" \
    }
static const char *const formats[] = {"csv", "json", "markdown", NULL};
static const cli_option export_options[] = {
    FOLDER_OPTION,
    {.name = "format",
     .kind = CLI_CHOICE,
     .offset = AT(format),
     .choices = formats,
     .fallback = "csv",
     .help = "a row per cell, the whole results document, or a page for people"},
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

const cli_verb study_export = {
    .name = "study export",
    .stage = "Study",
    .summary = "write a study's results as CSV, JSON or Markdown",
    .examples = {{"halftone study export mlp --format csv -o results.csv", "a row per cell"},
                 {"halftone study export mlp --format json", "everything, for programs"}},
    .options = export_options,
    .common = CLI_USES_FORCE | CLI_USES_DATA_DIR,
    .settings_size = sizeof(study_settings),
    .run = run_export,
};

const cli_verb study_report = {
    .name = "study report",
    .stage = "Study",
    .summary = "show verdict, table and curve; write report.html and its like",
    .examples = {{"halftone study report mlp", "into the study's folder"},
                 {"halftone study report mlp --force --figures figures", "once more, plots elsewhere"}},
    .options = report_options,
    .common = CLI_USES_FORCE | CLI_USES_THREADS | CLI_USES_DATA_DIR,
    .settings_size = sizeof(study_settings),
    .run = run_report,
};
