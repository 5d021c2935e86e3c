/* halftone compare: where a quantized model loses, and why. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "halftone/compare.h"
#include "samples.h"
#include "table.h"
#include "verbs.h"

enum { SHOWN = 5 };

typedef struct compare_settings {
    const char *original, *quantized, *data, *preprocess;
    int64_t samples;
} compare_settings;

static const char *data_spec(const compare_settings *s, const ht_model *model, char *text, size_t size) {
    const char *own = ht_model_metadata(model, "halftone.dataset");
    if (s->data != NULL || own == NULL) {
        return s->data;
    }
    snprintf(text, size, "%.*s:test", (int)strcspn(own, ":"), own);
    return text;
}

/* ---- for people ---- */

/* What the number behind a cause says. */
static void print_cause(const ht_compared_layer *layer, char *text, size_t size) {
    switch (layer->cause) {
    case HT_CAUSE_NONE: snprintf(text, size, "-"); return;
    case HT_CAUSE_WIDTH: snprintf(text, size, "width: %.0f-bit weights", layer->evidence); return;
    case HT_CAUSE_GRANULARITY:
        snprintf(text, size, "granularity: one scale, channels differ %.0f times", layer->evidence);
        return;
    case HT_CAUSE_SATURATION:
        snprintf(text, size, "saturation: %.2g %% of the values lie outside the range", 100.0 * layer->evidence);
        return;
    case HT_CAUSE_OUTLIER:
        snprintf(text, size, "outlier channel: %.0f times as large as the median one", layer->evidence);
        return;
    case HT_CAUSE_RANGE: snprintf(text, size, "range: %.0f times six deviations", layer->evidence); return;
    case HT_CAUSE_BIAS: snprintf(text, size, "bias: the mean is %.0f %% of the error", 100.0 * layer->evidence); return;
    }
}

static void add_row(cli_table *table, const ht_compared_layer *layer) {
    char cause[128];
    print_cause(layer, cause, sizeof cause);
    cli_table_cell(table, "%s", layer->name);
    cli_table_cell(table, "%s", layer->op);
    cli_table_cell(table, "%.1f", layer->sqnr_db);
    cli_table_cell(table, "%.5f", layer->cosine);
    cli_table_cell(table, "%.3g", layer->max_error);
    cli_table_cell(table, "%.2g", 100.0 * layer->added);
    cli_table_cell(table, "%s", cause);
}

static const char *const columns[] = {"TENSOR",   "OPERATOR", ">SQNR dB",    ">COSINE",
                                      ">LARGEST", ">ADDED %", "LIKELY CAUSE"};

static int by_added(const void *a, const void *b) {
    const ht_compared_layer *x = *(const ht_compared_layer *const *)a, *y = *(const ht_compared_layer *const *)b;
    return (x->added < y->added) - (x->added > y->added);
}

static ht_status print_worst(const ht_comparison *c, ht_error *err) {
    const ht_compared_layer **list = calloc(c->count + 1, sizeof *list);
    if (list == NULL) {
        return cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the table.");
    }
    for (size_t i = 0; i < c->count; ++i) {
        list[i] = &c->layers[i];
    }
    qsort(list, c->count, sizeof *list, by_added);
    printf("\nlose most (noise that the layer adds, as a share of its signal):\n");
    cli_table table;
    cli_table_begin(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < c->count && i < SHOWN && list[i]->added > 0.0; ++i) {
        add_row(&table, list[i]);
    }
    free(list);
    return cli_table_print(&table, stdout, err);
}

static ht_status print_text(const compare_settings *s, const ht_comparison *c, ht_error *err) {
    printf("%s against %s, %zu samples, %zu tensors\n", s->quantized, s->original, c->samples, c->count);
    if (c->matched_by_structure > 0) {
        printf("%zu tensors have other names; they were matched by their place\n", c->matched_by_structure);
    }
    if (c->unmatched > 0) {
        printf("%zu layers with weights have no partner in %s\n", c->unmatched, s->original);
    }
    printf("\n");
    cli_table table;
    cli_table_begin(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < c->count; ++i) {
        add_row(&table, &c->layers[i]);
    }
    ht_status status = cli_table_print(&table, stdout, err);
    if (c->first_diverging < c->count) {
        const ht_compared_layer *first = &c->layers[c->first_diverging];
        printf("\nfirst below 20 dB: %s (%s), %.1f dB\n", first->name, first->op, first->sqnr_db);
    } else {
        printf("\nno tensor is below 20 dB\n");
    }
    if (status == HT_OK) {
        status = print_worst(c, err);
    }
    if (c->first_diverging < c->count) {
        printf("\nnext: halftone quantize %s --keep-float NAME for the layers that lose most, or --range mse\n",
               s->original);
    }
    return status;
}

/* ---- for programs ---- */

static ht_status print_json(const compare_settings *s, const ht_comparison *c, ht_error *err) {
    json_t *layers = json_array();
    for (size_t i = 0; i < c->count; ++i) {
        const ht_compared_layer *l = &c->layers[i];
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:s, s:f}", "name", l->name, "quantized_name",
                                l->quantized_name, "layer", l->layer, "op", l->op, "cosine", l->cosine, "max_error",
                                l->max_error, "added", l->added, "clipped", l->clipped, "cause",
                                ht_loss_cause_name(l->cause), "evidence", l->evidence);
        json_object_set_new(row, "sqnr_db", isfinite(l->sqnr_db) ? json_real(l->sqnr_db) : json_null());
        json_array_append_new(layers, row);
    }
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "original", s->original, "quantized", s->quantized, "samples",
                  (json_int_t)c->samples, "matched_by_structure", (json_int_t)c->matched_by_structure, "unmatched",
                  (json_int_t)c->unmatched, "layers", layers);
    bool diverges = c->first_diverging < c->count;
    json_object_set_new(body, "first_diverging",
                        diverges ? json_string(c->layers[c->first_diverging].name) : json_null());
    return cli_print_json("halftone-compare", 1, body, err);
}

/* ---- doing it ---- */

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const compare_settings *s = given;
    ht_model *original = NULL, *quantized = NULL;
    ht_dataset *data = NULL;
    ht_comparison result = {0};
    char text[512];
    ht_status status = ht_model_load(session->context, s->original, &original, err);
    if (status == HT_OK) {
        status = ht_model_load(session->context, s->quantized, &quantized, err);
    }
    const char *spec = status == HT_OK ? data_spec(s, original, text, sizeof text) : NULL;
    if (status == HT_OK && spec == NULL) {
        status = cli_fail(err, HT_ERROR_ARGUMENT, "The model does not say what data it was made for; give --data.");
    }
    if (status == HT_OK) {
        const char *own = ht_model_metadata(original, HT_METADATA_PREPROCESS);
        status = cli_open_samples(session, spec, s->preprocess, 0, own != NULL ? original : quantized, &data, err);
    }
    if (status == HT_OK) {
        status = cli_check_samples(session, original, data, err);
    }
    if (status == HT_OK) {
        status = ht_compare(session->context, original, quantized, data, (size_t)s->samples, &result, err);
    }
    if (status == HT_OK) {
        cli_clear_progress(&session->terminal);
        status = session->common.json ? print_json(s, &result, err) : print_text(s, &result, err);
    }
    ht_comparison_clear(session->context, &result);
    ht_dataset_close(data);
    ht_model_destroy(quantized);
    ht_model_destroy(original);
    return status;
}

#define AT(member) offsetof(compare_settings, member)
static const cli_option options[] = {
    {.name = "ORIGINAL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(original),
     .help = "the float model"},
    {.name = "QUANTIZED",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(quantized),
     .help = "its quantized form: Halftone's, ONNX Runtime's or another's; ONNX or TFLite"},
    {.name = "data",
     .kind = CLI_TEXT,
     .offset = AT(data),
     .value = "DATA",
     .otherwise = "the test split of the data the float model was trained on",
     .help = "samples to run both on"},
    CLI_PREPROCESS_OPTION(AT(preprocess)),
    {.name = "samples",
     .kind = CLI_INTEGER,
     .offset = AT(samples),
     .fallback = "64",
     .low = 1,
     .high = 1e9,
     .help = "how many samples from the first on"},
    {0},
};

const cli_verb cmd_compare = {
    .name = "compare",
    .stage = "Evaluate",
    .summary = "show layer by layer where a quantized model loses, and why",
    .description =
        "Runs both models on the same samples and compares every tensor that both have: signal to noise, cosine, "
        "largest "
        "error, and the noise that each layer adds to what its inputs bring. Tensors are matched by name, apart from "
        "the "
        "endings that quantizers add, otherwise by the order of the layers.\n\n"
        "The likely cause is what stands out most: values cut off (saturation), one scale for unlike channels "
        "(granularity), one channel much larger than the others (outlier channel), a range much wider than the values "
        "(range), an error of one sign (bias), few bits (width).",
    .examples = {{"halftone compare model.onnx model.int8.onnx --data cifar-10:test", "64 samples"},
                 {"halftone compare model.onnx by-onnxruntime.onnx --data pictures/ --json", "for a program"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_THREADS | CLI_USES_DATA_DIR,
    .settings_size = sizeof(compare_settings),
    .run = run,
};
