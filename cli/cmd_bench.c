/* halftone bench: how long models take, side by side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "halftone/bench.h"
#include "table.h"
#include "verbs.h"

typedef struct bench_settings {
    cli_list models;
    double seconds;
    int64_t batch;
    bool simulate, bf16, profile;
} bench_settings;

/* "faster", "slower", or neither when the ratio's interval contains 1. */
static const char *verdict(const ht_bench_result *result) {
    return result->ratio.high < 1.0 ? "faster" : result->ratio.low > 1.0 ? "slower" : "no difference";
}

/* Three digits with the unit that suits: "12.4 us". */
static void add_time(cli_table *table, double seconds) {
    if (seconds < 1e-3) {
        cli_table_cell(table, "%.3g us", seconds * 1e6);
    } else if (seconds < 1.0) {
        cli_table_cell(table, "%.4g ms", seconds * 1e3);
    } else {
        cli_table_cell(table, "%.3g s", seconds);
    }
}

static ht_status print_results(const bench_settings *s, const ht_bench_result *results, const ht_peaks *peaks,
                               ht_error *err) {
    static const char *const headings[] = {"MODEL", ">MEDIAN", ">LOW", ">HIGH", ">FASTEST", ">GOP/S", ">RATIO", ""};
    cli_table table;
    cli_table_begin(&table, headings, sizeof headings / sizeof headings[0]);
    for (size_t i = 0; i < s->models.count; ++i) {
        const ht_bench_result *r = &results[i];
        cli_table_cell(&table, "%s", s->models.items[i]);
        add_time(&table, r->seconds.median);
        add_time(&table, r->seconds.low);
        add_time(&table, r->seconds.high);
        add_time(&table, r->least);
        cli_table_cell(&table, "%.1f", 2e-9 * (double)r->macs / r->seconds.median);
        cli_table_cell(&table, "%.3f", r->ratio.median);
        cli_table_cell(&table, "%s", i == 0 ? "" : verdict(r));
    }
    ht_status status = cli_table_print(&table, stdout, err);
    printf("\nLow and high: 95 %% interval of the median. Ratio: to the first model, round by round, %llu rounds.\n"
           "Measured peak of this machine: f32 %.0f, int8 %.0f Gop/s.\n",
           (unsigned long long)results[0].rounds, peaks->f32 * 1e-9, peaks->int8 * 1e-9);
    return status;
}

static ht_status print_json(const cli_session *session, const bench_settings *s, const ht_bench_result *results,
                            const ht_peaks *peaks, json_t *steps, ht_error *err) {
    json_t *rows = json_array();
    for (size_t i = 0; i < s->models.count; ++i) {
        const ht_bench_result *r = &results[i];
        json_array_append_new(
            rows, json_pack("{s:s, s:f, s:f, s:f, s:f, s:I, s:I, s:f, s:f, s:f, s:s, s:I, s:I}", "model",
                            s->models.items[i], "median_us", r->seconds.median * 1e6, "low_us", r->seconds.low * 1e6,
                            "high_us", r->seconds.high * 1e6, "least_us", r->least * 1e6, "runs", (json_int_t)r->runs,
                            "macs", (json_int_t)r->macs, "ratio", r->ratio.median, "ratio_low", r->ratio.low,
                            "ratio_high", r->ratio.high, "verdict", i == 0 ? "first" : verdict(r), "constant_bytes",
                            (json_int_t)r->constant_bytes, "memory_bytes", (json_int_t)r->memory_bytes));
    }
    json_t *body =
        json_pack("{s:I, s:I, s:f, s:f, s:o}", "threads", (json_int_t)ht_context_threads(session->context), "rounds",
                  (json_int_t)results[0].rounds, "peak_f32", peaks->f32, "peak_int8", peaks->int8, "models", rows);
    if (body != NULL && steps != NULL) {
        json_object_set(body, "steps", steps);
    }
    return cli_print_json("halftone-bench", 1, body, err);
}

/* ---- profile ---- */

typedef struct profile_report {
    cli_table table;
    json_t *steps;
    double total, peak;
} profile_report;

static bool add_step(void *user, const ht_bench_step *step) {
    profile_report *p = user;
    double rate = 2e-9 * (double)step->macs / step->seconds;
    p->total += step->seconds;
    cli_table_cell(&p->table, "%s", step->name);
    add_time(&p->table, step->seconds);
    if (step->macs > 0) {
        cli_table_cell(&p->table, "%.1f", rate);
        cli_table_cell(&p->table, "%.1f", 100e9 * rate / p->peak);
    } else {
        cli_table_cell(&p->table, "%s", "");
        cli_table_cell(&p->table, "%s", "");
    }
    cli_table_cell(&p->table, "%.1f", (double)step->bytes / 1024.0);
    cli_table_cell(&p->table, "%s", step->kernel);
    json_array_append_new(p->steps, json_pack("{s:s, s:s, s:f, s:I, s:I}", "name", step->name, "kernel", step->kernel,
                                              "median_us", step->seconds * 1e6, "macs", (json_int_t)step->macs, "bytes",
                                              (json_int_t)step->bytes));
    return true;
}

static ht_status profile_entry(cli_session *session, const ht_bench_entry *entry, const ht_bench_options *options,
                               const ht_peaks *peaks, json_t *steps, ht_error *err) {
    static const char *const headings[] = {"STEP", ">MEDIAN", ">GOP/S", ">PEAK %", ">KiB", "KERNEL"};
    bool integers = true; /* plans that are none are rare, and say so by their share of the peak */
    ht_model_info info;
    if (entry->model != NULL) {
        ht_status described = ht_model_describe(entry->model, &info, err);
        if (described != HT_OK) {
            return described;
        }
        integers = info.quantized_activations > 0 && !options->simulate;
    }
    profile_report report = {.steps = steps, .peak = integers ? peaks->int8 : peaks->f32};
    cli_table_begin(&report.table, headings, sizeof headings / sizeof headings[0]);
    ht_status status = ht_bench_profile(session->context, entry, options, add_step, &report, err);
    if (status == HT_OK && !session->common.json) {
        status = cli_table_print(&report.table, stdout, err);
        printf("all steps: %.1f us. Peak: of %s.\n\n", report.total * 1e6, integers ? "int8" : "f32");
        return status;
    }
    cli_table_release(&report.table);
    return status;
}

/* ---- the verb ---- */

static ht_status measure(cli_session *session, const bench_settings *s, const ht_bench_entry *entries, ht_error *err) {
    ht_bench_options options = {.seconds = s->seconds,
                                .batch = s->batch,
                                .seed = (uint64_t)session->common.seed,
                                .simulate = s->simulate,
                                .allow_bf16 = s->bf16};
    ht_bench_result *results = calloc(s->models.count, sizeof *results);
    json_t *steps = s->profile ? json_array() : NULL;
    ht_peaks peaks = ht_measure_peaks(session->context);
    ht_status status =
        results != NULL ? HT_OK : cli_fail(err, HT_ERROR_MEMORY, "There is no memory for %zu models.", s->models.count);
    for (size_t i = 0; s->profile && i < s->models.count && status == HT_OK; ++i) {
        status = profile_entry(session, &entries[i], &options, &peaks, steps, err);
    }
    if (status == HT_OK) {
        status = ht_bench(session->context, entries, s->models.count, &options, results, err);
        cli_clear_progress(&session->terminal);
    }
    if (status == HT_OK) {
        status = session->common.json ? print_json(session, s, results, &peaks, steps, err)
                                      : print_results(s, results, &peaks, err);
    }
    json_decref(steps);
    free(results);
    return status;
}

/* The models and plans of the command line; `entries` borrow them. */
typedef struct loaded {
    ht_model *model;
    ht_plan *plan;
} loaded;

static ht_status load(cli_session *session, const char *path, loaded *out, ht_bench_entry *entry, ht_error *err) {
    ht_status status = ht_plan_is_file(path) ? ht_plan_open(session->context, path, &out->plan, err)
                                             : ht_model_load(session->context, path, &out->model, err);
    *entry = (ht_bench_entry){out->model, out->plan};
    return status;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const bench_settings *s = given;
    loaded *files = calloc(s->models.count + 1, sizeof *files);
    ht_bench_entry *entries = calloc(s->models.count + 1, sizeof *entries);
    ht_status status =
        files != NULL && entries != NULL ? HT_OK : cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the models.");
    for (size_t i = 0; status == HT_OK && i < s->models.count; ++i) {
        status = load(session, s->models.items[i], &files[i], &entries[i], err);
    }
    if (status == HT_OK) {
        status = measure(session, s, entries, err);
    }
    for (size_t i = 0; files != NULL && i < s->models.count; ++i) {
        ht_model_destroy(files[i].model);
        ht_plan_close(files[i].plan);
    }
    free(entries);
    free(files);
    return status;
}

#define AT(member) offsetof(bench_settings, member)
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_REPEATED,
     .offset = AT(models),
     .help = "models and plans to measure in turn; the first is the one that the others are compared with"},
    {.name = "seconds",
     .kind = CLI_NUMBER,
     .offset = AT(seconds),
     .fallback = "2",
     .low = 0.05,
     .high = 3600,
     .help = "how long to measure each model"},
    {.name = "batch",
     .kind = CLI_INTEGER,
     .offset = AT(batch),
     .fallback = "1",
     .low = 1,
     .high = 65536,
     .help = "samples of a run"},
    {.name = "profile", .kind = CLI_FLAG, .offset = AT(profile), .help = "also the time of each step, with its kernel"},
    {.name = "simulate",
     .kind = CLI_FLAG,
     .offset = AT(simulate),
     .help = "imitate quantized models in float instead of running them in integers"},
    {.name = "bf16", .kind = CLI_FLAG, .offset = AT(bf16), .help = "f32 products from bf16 operands"},
    {0},
};

const cli_verb cmd_bench = {
    .name = "bench",
    .stage = "Evaluate",
    .summary = "measure how long models take, side by side",
    .description =
        "Runs the models in turn, in short rounds, so that whatever else the machine does meets all of them alike; "
        "inputs "
        "are random. The median of the rounds comes with its 95 % interval, and each model's ratio to the first one is "
        "taken "
        "round by round: \"faster\" and \"slower\" are said only when the interval of that ratio excludes 1. Give "
        "--threads: "
        "one thread tells most about kernels.",
    .examples = {{"halftone bench model.onnx model.int8.onnx --threads 1", "is the quantized model faster?"},
                 {"halftone bench model.ht model.int8.onnx --profile",
                  "plans, too; which step takes the time, which kernel does it"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_THREADS | CLI_USES_SEED,
    .settings_size = sizeof(bench_settings),
    .run = run,
};
