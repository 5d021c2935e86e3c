/* halftone data: what data sets there are, what is in them, what a network sees of them, and how to get them. */
#include "data_report.h"
#include "halftone/data.h"
#include "halftone/eval.h"
#include "halftone/model.h"
#include "samples.h"
#include "table.h"
#include "verbs.h"

static ht_dataset_options options_of(const cli_session *session) {
    return (ht_dataset_options){.data_dir = session->common.data_dir, .seed = (uint64_t)session->common.seed};
}

/* ---- list ---- */

typedef struct listing {
    cli_table table;
    json_t *json;
} listing;

static bool list_entry(void *user, const ht_dataset_entry *entry) {
    listing *list = user;
    const char *state = entry->present ? "here" : entry->fetchable ? "data fetch" : "by hand";
    cli_table_cell(&list->table, "%s", entry->name);
    cli_table_cell(&list->table, "%s", state);
    cli_table_cell(&list->table, "%s", entry->title);
    json_array_append_new(list->json,
                          json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", entry->name, "title", entry->title, "licence",
                                    entry->licence, "present", entry->present, "fetchable", entry->fetchable));
    return true;
}

static ht_status run_list(cli_session *session, const void *given, ht_error *err) {
    (void)given;
    listing list = {.json = json_array()};
    cli_table_begin(&list.table, (const char *const[]){"NAME", "GOT BY", "WHAT"}, 3);
    ht_status status = ht_dataset_list(session->context, session->common.data_dir, list_entry, &list, err);
    if (status == HT_OK && session->common.json) {
        cli_table_release(&list.table);
        return cli_print_json("halftone-data-list", 1, json_pack("{s:o}", "datasets", list.json), err);
    }
    json_decref(list.json);
    if (status != HT_OK) {
        cli_table_release(&list.table);
        return status;
    }
    return cli_table_print(&list.table, stdout, err);
}

static const cli_verb data_list = {
    .name = "data list",
    .stage = "Data",
    .summary = "list the data sets that are described, and whether their files are here",
    .examples = {{"halftone data list", "what there is"}, {"halftone data list --json", "for programs"}},
    .common = CLI_USES_JSON | CLI_USES_DATA_DIR,
    .run = run_list,
};

/* ---- info ---- */

typedef struct info_settings {
    const char *data;
} info_settings;

static const cli_option info_options[] = {
    {.name = "DATA",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = offsetof(info_settings, data),
     .help = "a name, a folder, a .yaml, or csv:FILE,target=COLUMN; without a split, all splits"},
    {0},
};

static ht_status run_info(cli_session *session, const void *given, ht_error *err) {
    const info_settings *settings = given;
    ht_dataset_options options = options_of(session);
    char *text = NULL;
    ht_status status = ht_dataset_inspect(session->context, settings->data, &options, &text, err);
    if (status != HT_OK) {
        return status;
    }
    cli_clear_progress(&session->terminal);
    if (session->common.json) {
        printf("%s\n", text);
    } else {
        json_t *report = json_loads(text, 0, NULL);
        status = report != NULL ? cli_print_data_report(report, err)
                                : cli_fail(err, HT_ERROR_MEMORY, "There is no memory left.");
        json_decref(report);
    }
    ht_text_free(session->context, text);
    return status;
}

static const cli_verb data_info = {
    .name = "data info",
    .stage = "Data",
    .summary = "show shapes, splits, class counts, ranges and missing values",
    .description = "Ranges and means are those of the files, before preprocessing.",
    .examples = {{"halftone data info telescope", "every split of a described data set"},
                 {"halftone data info csv:churn.csv,target=Exited", "a table of one's own"}},
    .options = info_options,
    .common = CLI_USES_JSON | CLI_USES_SEED | CLI_USES_DATA_DIR | CLI_USES_THREADS,
    .settings_size = sizeof(info_settings),
    .run = run_info,
};

/* ---- preview ---- */

typedef struct preview_settings {
    const char *data, *output, *model, *preprocess;
    int64_t first, count;
} preview_settings;

static const cli_option preview_options[] = {
    {.name = "DATA",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = offsetof(preview_settings, data),
     .help = "pictures with a split, such as fashion-mnist:test"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .offset = offsetof(preview_settings, output),
     .value = "FILE",
     .fallback = "preview.png",
     .help = "the PNG file to write"},
    {.name = "model",
     .letter = 'm',
     .kind = CLI_TEXT,
     .offset = offsetof(preview_settings, model),
     .value = "FILE",
     .otherwise = "labels only",
     .help = "write this model's predictions below the labels; wrong ones in red"},
    CLI_PREPROCESS_OPTION(offsetof(preview_settings, preprocess)),
    {.name = "first",
     .kind = CLI_INTEGER,
     .offset = offsetof(preview_settings, first),
     .fallback = "0",
     .low = 0,
     .high = 4294967295.0,
     .help = "the first picture of the split"},
    {.name = "count",
     .letter = 'n',
     .kind = CLI_INTEGER,
     .offset = offsetof(preview_settings, count),
     .fallback = "64",
     .low = 1,
     .high = 10000,
     .help = "how many pictures"},
    {0},
};

static ht_status predict(cli_session *session, const ht_model *model, const ht_dataset *dataset, size_t samples,
                         ht_evaluation *out, ht_error *err) {
    if (model == NULL) {
        return HT_OK;
    }
    ht_evaluation_options options = {.max_samples = samples};
    return ht_evaluate(session->context, model, dataset, &options, out, err);
}

static ht_status make_preview(cli_session *session, const preview_settings *settings, const ht_model *model,
                              const ht_dataset *dataset, ht_error *err) {
    size_t samples = ht_dataset_describe(dataset)->samples, first = (size_t)settings->first;
    size_t count = (size_t)settings->count;
    if (first >= samples) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--first %zu lies behind the last of %zu pictures.", first, samples);
    }
    count = count > samples - first ? samples - first : count;
    ht_evaluation result = {0};
    ht_status status = predict(session, model, dataset, first + count, &result, err);
    if (status == HT_OK) {
        const int32_t *predictions = result.predictions != NULL ? result.predictions + first : NULL;
        status = ht_dataset_preview(session->context, dataset, first, count, predictions, settings->output,
                                    session->common.force, err);
    }
    ht_evaluation_clear(session->context, &result);
    if (status == HT_OK) {
        printf("%s: %zu pictures of %s:%s\n", settings->output, count, ht_dataset_describe(dataset)->name,
               ht_dataset_describe(dataset)->split);
    }
    return status;
}

static ht_status run_preview(cli_session *session, const void *given, ht_error *err) {
    const preview_settings *settings = given;
    ht_model *model = NULL;
    ht_dataset *dataset = NULL;
    ht_status status = HT_OK;
    if (settings->model != NULL) {
        status = ht_model_load(session->context, settings->model, &model, err);
    }
    if (status == HT_OK) {
        status = cli_open_samples(session, settings->data, settings->preprocess, (uint64_t)session->common.seed, model,
                                  &dataset, err);
    }
    if (status == HT_OK && model != NULL) {
        status = cli_check_samples(session, model, dataset, err);
    }
    if (status == HT_OK) {
        status = make_preview(session, settings, model, dataset, err);
    }
    ht_dataset_close(dataset);
    ht_model_destroy(model);
    return status;
}

static const cli_verb data_preview = {
    .name = "data preview",
    .stage = "Data",
    .summary = "write a contact sheet of what a network sees, with labels and predictions",
    .examples = {{"halftone data preview fashion-mnist:test", "64 pictures with their labels, in preview.png"},
                 {"halftone data preview fashion-mnist:test -m model.onnx -n 100 -o sheet.png",
                  "with predictions; wrong ones in red"}},
    .options = preview_options,
    .common = CLI_USES_FORCE | CLI_USES_SEED | CLI_USES_DATA_DIR | CLI_USES_THREADS,
    .settings_size = sizeof(preview_settings),
    .run = run_preview,
};

/* ---- fetch ---- */

typedef struct fetch_settings {
    cli_list names;
} fetch_settings;

static const cli_option fetch_options[] = {
    {.name = "NAME",
     .positional = true,
     .required = true,
     .kind = CLI_REPEATED,
     .offset = offsetof(fetch_settings, names),
     .help = "data sets to fetch, or .yaml files that describe them"},
    {0},
};

static ht_status run_fetch(cli_session *session, const void *given, ht_error *err) {
    const fetch_settings *settings = given;
    for (size_t i = 0; i < settings->names.count; ++i) {
        ht_status status = ht_dataset_fetch(session->context, settings->names.items[i], session->common.data_dir, err);
        if (status != HT_OK) {
            return status;
        }
        cli_clear_progress(&session->terminal);
        printf("%s: here\n", settings->names.items[i]);
    }
    return HT_OK;
}

static const cli_verb data_fetch = {
    .name = "data fetch",
    .stage = "Data",
    .summary = "download data sets, verify and unpack them",
    .description = "Files go to --data-dir, or to the user's cache. A broken download goes on where it stopped; every "
                   "file is compared with its checksum.",
    .examples = {{"halftone data fetch fashion-mnist", "31 MB, into the user's cache"},
                 {"halftone data fetch --data-dir data mnist cifar-10", "into the folder data"}},
    .options = fetch_options,
    .common = CLI_USES_DATA_DIR,
    .settings_size = sizeof(fetch_settings),
    .run = run_fetch,
};

static const cli_verb *const actions[] = {&data_list, &data_info, &data_preview, &data_fetch, NULL};

const cli_verb cmd_data = {
    .name = "data",
    .stage = "Data",
    .summary = "list, inspect, preview and fetch data sets",
    .examples = {{"halftone data list", "what there is"}, {"halftone data info telescope", "what is in one"}},
    .actions = actions,
};
