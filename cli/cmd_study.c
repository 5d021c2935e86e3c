/* halftone study: grids of models, schemes and widths, run, stored and told with their uncertainty. */
#include <math.h>
#include <string.h>

#include "study.h"

ht_status study_open(cli_session *session, const study_settings *settings, const char *command, ht_study **out,
                     ht_error *err) {
    char line[512];
    snprintf(line, sizeof line, "halftone study %s %s", command, settings->folder);
    ht_study_options options = {.data_dir = session->common.data_dir, .command = line};
    ht_status status = ht_study_open(session->context, settings->folder, &options, out, err);
    if (status == HT_ERROR_NOT_FOUND) {
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
        if (!session->common.quiet && !settings->report) {
            fprintf(stderr, "next: halftone study report %s\n", settings->folder);
        }
    }
    if (status == HT_OK && settings->report) {
        putchar('\n');
        status = study_write_report(session, study, settings, true, err);
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
    ht_status status = study_open(session, settings, "run", &study, err);
    if (status == HT_OK) {
        status = settings->dry_run ? dry_run(session, study, err) : run_study(session, study, settings, err);
        ht_study_close(study);
    }
    return status;
}

/* ---- tables ---- */

static const cli_option init_options[] = {
    {.name = "WHAT",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(what),
     .help = "mlp, dense, capstone, or a model file"},
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
    {.name = "report",
     .kind = CLI_FLAG,
     .offset = AT(report),
     .help = "then show and write the report, over an old one"},
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
