/* halftone compile: a model as a plan that devices map and run. */
#include <stdlib.h>
#include <string.h>

#include "halftone/compile.h"
#include "table.h"
#include "verbs.h"

typedef struct compile_settings {
    const char *model, *output, *target;
    int64_t batch;
    bool steps;
} compile_settings;

typedef struct compile_view {
    bool listed; /* steps go into the table */
    cli_table table;
    json_t *steps;
} compile_view;

static double kibibytes(size_t bytes) { return (double)bytes / 1024.0; }

/* The refusal that says most: that of the last kernel before the one taken, all others being for other processors or
 * shapes. */
static void add_row(cli_table *table, const ht_compile_step *step) {
    cli_table_cell(table, "%s", step->name);
    cli_table_cell(table, "%s", step->kernel);
    cli_table_cell(table, "%.2f", 2e-6 * (double)step->macs);
    cli_table_cell(table, "%.1f", kibibytes(step->packed_bytes));
    if (step->refused_count == 0) {
        cli_table_cell(table, "%s", "");
        return;
    }
    const ht_compile_refusal *last = &step->refused[step->refused_count - 1];
    cli_table_cell(table, "%s: %s", last->kernel, last->reason);
}

static json_t *row_of(const ht_compile_step *step) {
    json_t *refused = json_array();
    for (size_t i = 0; i < step->refused_count; ++i) {
        json_array_append_new(
            refused, json_pack("{s:s, s:s}", "kernel", step->refused[i].kernel, "reason", step->refused[i].reason));
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "name", step->name, "kernel", step->kernel, "macs",
                     (json_int_t)step->macs, "packed_bytes", (json_int_t)step->packed_bytes, "scratch_bytes",
                     (json_int_t)step->scratch_bytes, "refused", refused);
}

static bool see_step(void *user, const ht_compile_step *step) {
    compile_view *view = user;
    if (view->steps != NULL) {
        json_array_append_new(view->steps, row_of(step));
    } else if (view->listed) {
        add_row(&view->table, step);
    }
    return true;
}

static void print_report(const compile_settings *s, const ht_compile_report *r) {
    printf("%s: %zu steps, %.1f million multiplications, %.1f KiB\n", s->output, r->steps, 1e-6 * (double)r->macs,
           kibibytes(r->file_bytes));
    printf("  packed for their kernels  %10.1f KiB\n", kibibytes(r->packed_bytes));
    printf("  other constants           %10.1f KiB\n", kibibytes(r->constant_bytes));
    printf("  of these, one scale per channel instead of one per tensor takes %.1f KiB\n", kibibytes(r->channel_bytes));
    printf("  memory to run: plan       %10.1f KiB\n", kibibytes(r->plan_bytes));
    printf("                 arena      %10.1f KiB (the largest live set is %.1f KiB)\n", kibibytes(r->arena_bytes),
           kibibytes(r->live_bytes));
    printf("  processor: %s\n", strcmp(r->features, "none") == 0 ? "any" : r->features);
}

static ht_status print_json(const compile_settings *s, const ht_compile_report *r, json_t *steps, ht_error *err) {
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "model", s->model,
                             "output", s->output, "target", s->target, "features", r->features, "file_bytes",
                             (json_int_t)r->file_bytes, "packed_bytes", (json_int_t)r->packed_bytes, "constant_bytes",
                             (json_int_t)r->constant_bytes, "channel_bytes", (json_int_t)r->channel_bytes, "plan_bytes",
                             (json_int_t)r->plan_bytes, "arena_bytes", (json_int_t)r->arena_bytes, "live_bytes",
                             (json_int_t)r->live_bytes, "macs", (json_int_t)r->macs, "steps", steps);
    return cli_print_json("halftone-compile", 1, body, err);
}

static ht_status compile(cli_session *session, const compile_settings *s, const ht_model *model, ht_error *err) {
    static const char *const headings[] = {"STEP", "KERNEL", ">MOP", ">PACKED KiB", "INSTEAD OF"};
    const ht_compile_settings settings = {s->target, s->batch, session->common.force};
    compile_view view = {.listed = s->steps && !session->common.json,
                         .steps = session->common.json ? json_array() : NULL};
    ht_compile_report report;
    cli_table_begin(&view.table, headings, sizeof headings / sizeof headings[0]);
    ht_status status = ht_model_compile(model, s->output, &settings, &report, see_step, &view, err);
    if (status == HT_OK && view.steps != NULL) {
        status = print_json(s, &report, view.steps, err);
    }
    if (status == HT_OK && view.listed) {
        status = cli_table_print(&view.table, stdout, err);
    } else {
        cli_table_release(&view.table);
    }
    if (status == HT_OK && view.steps == NULL) {
        print_report(s, &report);
    }
    json_decref(view.steps);
    return status;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const compile_settings *s = given;
    ht_model *model;
    ht_status status = ht_model_load(session->context, s->model, &model, err);
    if (status != HT_OK) {
        return status;
    }
    status = compile(session, s, model, err);
    ht_model_destroy(model);
    return status;
}

#define AT(member) offsetof(compile_settings, member)
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(model),
     .help = "an ONNX or TFLite model"},
    {.name = "output",
     .letter = 'o',
     .required = true,
     .kind = CLI_TEXT,
     .value = "FILE",
     .offset = AT(output),
     .help = "the plan to write, by custom with the ending .ht"},
    {.name = "target",
     .kind = CLI_TEXT,
     .value = "NAME",
     .offset = AT(target),
     .fallback = "native",
     .help =
         "the processor that will run it: native (this one), scalar (any), avx2, avx-vnni, avx512, avx512-vnni, amx"},
    {.name = "batch",
     .kind = CLI_INTEGER,
     .offset = AT(batch),
     .fallback = "1",
     .low = 1,
     .high = 65536,
     .help = "samples of a run, where the model leaves that open"},
    {.name = "steps", .kind = CLI_FLAG, .offset = AT(steps), .help = "list the steps, each with its kernel"},
    {0},
};

const cli_verb cmd_compile = {
    .name = "compile",
    .stage = "Deploy",
    .summary = "make a plan of a model: a file that a device maps and runs at once",
    .description =
        "Fuses, chooses a kernel for every step, plans the memory of all tensors and packs the weights as the kernels "
        "want them, so that none of it is left for the device. What is quantized runs in integers, with the same bits "
        "as in `halftone run`. The plan runs with `halftone run`, with `halftone-run`, a small static program, and "
        "through halftone/run.h. A processor that lacks what the kernels need refuses it; a plan for `scalar` runs "
        "everywhere.",
    .examples = {{"halftone compile model.int8.onnx -o model.ht", "for this processor"},
                 {"halftone compile model.int8.onnx -o model.ht --target avx2 --steps",
                  "for every x86 with AVX2; also which kernel does which step, and what better one refused"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE,
    .settings_size = sizeof(compile_settings),
    .run = run,
};
