/* halftone info: what is in a model. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "halftone/eval.h"
#include "halftone/model.h"
#include "halftone/quantize.h"
#include "info_memory.h"
#include "table.h"
#include "verbs.h"

#define MAX_OPERATORS 128
#define METADATA_WIDTH 60
#define MOST_FINDINGS 8 /* of a kind that are printed */
#define FINDING_KINDS (HT_FINDING_CLIPPED + 1)

typedef struct info_settings {
    const char *model, *fits, *html;
    bool no_layers, memory;
} info_settings;

/* How often each operator occurs. */
typedef struct operator_count {
    char name[48];
    size_t count;
} operator_count;

typedef struct layer_report {
    operator_count operators[MAX_OPERATORS];
    size_t operator_count;
    cli_table table; /* for people */
    json_t *layers;  /* for programs */
} layer_report;

/* ---- texts ---- */

/* "f32[N,3,32,32]" */
static void print_shape(const ht_tensor_info *tensor, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "%s", ht_type_name(tensor->type));
    for (int32_t i = 0; i < tensor->rank && used < size; ++i) {
        const char *before = i == 0 ? "[" : ",";
        used +=
            (size_t)(tensor->dims[i] >= 0 ? snprintf(text + used, size - used, "%s%" PRId64, before, tensor->dims[i])
                                          : snprintf(text + used, size - used, "%s%s", before,
                                                     tensor->symbols[i] != NULL ? tensor->symbols[i] : "?"));
    }
    if (used < size) {
        snprintf(text + used, size - used, tensor->rank > 0 ? "]" : tensor->rank < 0 ? "[?]" : "[]");
    }
}

/* "1.23 M" */
static const char *print_count(int64_t count, const char *unit, char text[32]) {
    static const struct {
        double size;
        const char *prefix;
    } steps[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; ++i) {
        if ((double)count >= steps[i].size) {
            snprintf(text, 32, "%.2f %s%s", (double)count / steps[i].size, steps[i].prefix, unit);
            return text;
        }
    }
    snprintf(text, 32, count < 0 ? "unknown" : "%" PRId64 "%s%s", count, unit[0] != '\0' ? " " : "", unit);
    return text;
}

/* "4/8" for 4-bit weights and 8-bit activations, "4:32/-" for blocks of 32 weights, "-" where a side is float. */
static const char *print_bits(const ht_layer_info *layer, char text[64]) {
    char weights[40] = "-", activations[12] = "-";
    if (layer->weight_bits != 0) {
        int used = snprintf(weights, sizeof weights, "%d", (int)layer->weight_bits);
        if (layer->weight_block != 0) {
            snprintf(weights + used, sizeof weights - (size_t)used, ":%" PRId64, layer->weight_block);
        }
    }
    if (layer->activation_bits != 0) {
        snprintf(activations, sizeof activations, "%d", (int)layer->activation_bits);
    }
    snprintf(text, 64, "%s/%s", weights, activations);
    return layer->weight_bits != 0 || layer->activation_bits != 0 ? text : "";
}

/* ---- gathering ---- */

static void count_operator(layer_report *report, const char *name) {
    for (size_t i = 0; i < report->operator_count; ++i) {
        if (strcmp(report->operators[i].name, name) == 0) {
            ++report->operators[i].count;
            return;
        }
    }
    if (report->operator_count < MAX_OPERATORS) {
        operator_count *fresh = &report->operators[report->operator_count++];
        snprintf(fresh->name, sizeof fresh->name, "%s", name);
        fresh->count = 1;
    }
}

static json_t *shape_json(const ht_tensor_info *tensor) {
    if (tensor->rank < 0) {
        return json_null();
    }
    json_t *dims = json_array();
    for (int32_t i = 0; i < tensor->rank; ++i) {
        const char *symbol = tensor->symbols[i];
        json_array_append_new(dims, tensor->dims[i] >= 0 ? json_integer(tensor->dims[i])
                                    : symbol != NULL     ? json_string(symbol)
                                                         : json_null());
    }
    return dims;
}

static json_t *layer_json(const ht_layer_info *layer) {
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:i, s:I, s:i, s:s?}", "name", layer->name, "op", layer->op,
                     "output", shape_json(&layer->output), "parameters", (json_int_t)layer->parameters, "bytes",
                     (json_int_t)layer->bytes_packed, "macs", (json_int_t)layer->macs, "weight_bits",
                     (int)layer->weight_bits, "weight_block", (json_int_t)layer->weight_block, "activation_bits",
                     (int)layer->activation_bits, "scheme", layer->scheme);
}

static bool add_layer(void *user, const ht_layer_info *layer) {
    layer_report *report = user;
    count_operator(report, layer->op);
    json_array_append_new(report->layers, layer_json(layer));
    char shape[128], parameters[32], macs[32], bits[64];
    print_shape(&layer->output, shape, sizeof shape);
    cli_table_cell(&report->table, "%.40s", layer->name);
    cli_table_cell(&report->table, "%s", layer->op);
    cli_table_cell(&report->table, "%s", shape);
    cli_table_cell(&report->table, "%s", layer->parameters != 0 ? print_count(layer->parameters, "", parameters) : "");
    cli_table_cell(&report->table, "%s", layer->macs != 0 ? print_count(layer->macs, "", macs) : "");
    cli_table_cell(&report->table, "%s", print_bits(layer, bits));
    return true;
}

/* ---- for people ---- */

static void print_ends(const ht_model *model, const char *label,
                       bool (*get)(const ht_model *, size_t, ht_tensor_info *)) {
    ht_tensor_info tensor;
    for (size_t i = 0; get(model, i, &tensor); ++i) {
        char shape[256];
        print_shape(&tensor, shape, sizeof shape);
        printf("  %-12s%s %s\n", i == 0 ? label : "", tensor.name, shape);
    }
}

/* What its numbers say about the pictures that a network was made for. */
static void print_input_range(const ht_model *model) {
    ht_input_range range;
    if (ht_model_input_range(model, &range, NULL) != HT_OK || (!range.coded && range.gain == 0.0)) {
        return;
    }
    if (range.coded) {
        printf("  %-12sinputs from %.4g to %.4g, by their codes\n", "made for", range.low, range.high);
    } else {
        bool raw = 1.0 / range.gain > 10.0;
        printf("  %-12sinputs with a deviation of about %.2g, by the first layer's weights: pictures of %s\n",
               "made for", 1.0 / range.gain, raw ? "0 to 255" : "0 to 1, -1 to 1 or normalized");
    }
}

/* ---- what is odd about the quantization ---- */

static const struct {
    const char *name, *text;
} finding_kinds[FINDING_KINDS] = {
    [HT_FINDING_FLOAT_WEIGHT] = {"float_weight",
                                 "stays in float beside quantized weights: %.3g %% of the numbers in weights"},
    [HT_FINDING_FEW_LEVELS] = {"few_levels", "%.3g %% of its scales are too large: a fifth of the levels is used"},
    [HT_FINDING_UNEVEN_CHANNELS] =
        {"uneven_channels", "one scale for channels that differ: %.3g %% of them keep five bits less than the widest"},
    [HT_FINDING_CLIPPED] = {"clipped", "%.3g %% of its codes lie at the ends of their range"},
};

typedef struct finding_print {
    size_t counts[FINDING_KINDS];
} finding_print;

static bool print_finding(void *user, const ht_finding *finding) {
    finding_print *print = user;
    if (print->counts[finding->kind]++ < MOST_FINDINGS) {
        printf("  %-12s%.60s%s: ", "warning", finding->layer, strlen(finding->layer) > 60 ? "..." : "");
        printf(finding_kinds[finding->kind].text, 100.0 * finding->share);
        printf("\n");
    }
    return true;
}

static ht_status print_findings(const ht_model *model, ht_error *err) {
    finding_print print = {{0}};
    ht_status status = ht_model_findings(model, print_finding, &print, err);
    for (size_t k = 0; k < FINDING_KINDS; ++k) {
        if (print.counts[k] > MOST_FINDINGS) {
            printf("  %-12s%zu layers more: %s\n", "warning", print.counts[k] - MOST_FINDINGS, finding_kinds[k].name);
        }
    }
    return status;
}

static bool add_finding(void *user, const ht_finding *finding) {
    json_array_append_new(user, json_pack("{s:s, s:s, s:s, s:f}", "kind", finding_kinds[finding->kind].name, "layer",
                                          finding->layer, "weight", finding->weight, "share", finding->share));
    return true;
}

static void print_metadata(const ht_model *model) {
    const char *key, *value;
    for (size_t i = 0; ht_model_metadata_at(model, i, &key, &value); ++i) {
        bool is_long = strlen(value) > METADATA_WIDTH;
        printf("  %-12s%s = %.*s%s\n", i == 0 ? "metadata" : "", key, METADATA_WIDTH, value, is_long ? "..." : "");
    }
}

static ht_status print_summary(const info_settings *settings, const ht_model *model, const ht_model_info *info,
                               const layer_report *report, ht_error *err) {
    char parameters[32], floats[32], packed[32], file[32], macs[32];
    char format[40] = "TFLite";
    if (info->format == HT_FORMAT_ONNX) {
        snprintf(format, sizeof format, "operator set %" PRId64, info->opset);
    }
    printf("%s\n", settings->model);
    printf("  %-12s%s%s%s, %s%s%s\n", "made by", info->producer[0] != '\0' ? info->producer : "an unnamed program",
           info->producer_version[0] != '\0' ? " " : "", info->producer_version, format,
           info->name[0] != '\0' ? ", graph " : "", info->name);
    printf("  %-12s%s parameters: %s as f32, %s packed, %s in the file\n", "size",
           print_count(info->parameters, "", parameters), print_count(info->bytes_f32, "B", floats),
           print_count(info->bytes_packed, "B", packed), print_count(info->file_bytes, "B", file));
    printf("  %-12s%s for one sample\n", "work", print_count(info->macs, "MAC", macs));
    print_ends(model, "inputs", ht_model_input);
    print_input_range(model);
    print_ends(model, "outputs", ht_model_output);
    printf("  %-12s", "operators");
    for (size_t i = 0; i < report->operator_count; ++i) {
        printf("%s%s %zu", i == 0 ? "" : ", ", report->operators[i].name, report->operators[i].count);
    }
    printf("\n  %-12s", "quantized");
    if (info->quantized_weights == 0 && info->quantized_activations == 0) {
        printf("nothing\n");
    } else {
        printf("%zu weights, %zu activations\n", info->quantized_weights, info->quantized_activations);
    }
    ht_status status = print_findings(model, err);
    print_metadata(model);
    return status;
}

/* ---- for programs ---- */

static json_t *ends_json(const ht_model *model, bool (*get)(const ht_model *, size_t, ht_tensor_info *)) {
    json_t *ends = json_array();
    ht_tensor_info tensor;
    for (size_t i = 0; get(model, i, &tensor); ++i) {
        json_array_append_new(ends, json_pack("{s:s, s:s, s:o}", "name", tensor.name, "type", ht_type_name(tensor.type),
                                              "shape", shape_json(&tensor)));
    }
    return ends;
}

static json_t *metadata_json(const ht_model *model) {
    json_t *object = json_object();
    const char *key, *value;
    for (size_t i = 0; ht_model_metadata_at(model, i, &key, &value); ++i) {
        json_object_set_new(object, key, json_string(value));
    }
    return object;
}

static json_t *operators_json(const layer_report *report) {
    json_t *object = json_object();
    for (size_t i = 0; i < report->operator_count; ++i) {
        json_object_set_new(object, report->operators[i].name, json_integer((json_int_t)report->operators[i].count));
    }
    return object;
}

static ht_status print_json(const info_settings *settings, const ht_model *model, const ht_model_info *info,
                            layer_report *report, const memory_report *memory, ht_error *err) {
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "model",
                  settings->model, "format", info->format == HT_FORMAT_TFLITE ? "tflite" : "onnx", "name", info->name,
                  "producer", info->producer, "producer_version", info->producer_version, "opset",
                  (json_int_t)info->opset, "nodes", (json_int_t)info->nodes, "parameters", (json_int_t)info->parameters,
                  "bytes_f32", (json_int_t)info->bytes_f32, "bytes_packed", (json_int_t)info->bytes_packed,
                  "bytes_file", (json_int_t)info->file_bytes, "macs", (json_int_t)info->macs, "quantized_weights",
                  (json_int_t)info->quantized_weights, "quantized_activations", (json_int_t)info->quantized_activations,
                  "operators", operators_json(report), "inputs", ends_json(model, ht_model_input), "outputs",
                  ends_json(model, ht_model_output), "metadata", metadata_json(model));
    json_t *findings = json_array();
    ht_status status = ht_model_findings(model, add_finding, findings, err);
    if (status != HT_OK) {
        json_decref(findings);
        json_decref(body);
        return status;
    }
    if (body != NULL) {
        json_object_set(body, "findings", findings);
    }
    json_decref(findings);
    if (body != NULL && !settings->no_layers) {
        json_object_set(body, "layers", report->layers);
    }
    if (body != NULL && settings->memory) {
        json_object_set_new(body, "memory", memory_json(memory));
    }
    return cli_print_json("halftone-info", 1, body, err);
}

static ht_status report_model(cli_session *session, const info_settings *settings, const ht_model *model,
                              layer_report *report, memory_report *memory, ht_error *err) {
    bool measures = settings->memory || settings->fits != NULL;
    ht_model_info info;
    ht_status status = ht_model_describe(model, &info, err);
    if (status == HT_OK) {
        status = ht_model_layers(model, add_layer, report, err);
    }
    if (status == HT_OK && session->common.json) {
        status = measures ? memory_measure(model, memory, err) : HT_OK;
        return status == HT_OK ? print_json(settings, model, &info, report, memory, err) : status;
    }
    if (status != HT_OK) {
        return status;
    }
    status = print_summary(settings, model, &info, report, err);
    if (status == HT_OK && !settings->no_layers) {
        printf("\n");
        status = cli_table_print(&report->table, stdout, err);
    }
    if (status == HT_OK && measures) { /* last: not every model can be planned */
        status = memory_measure(model, memory, err);
    }
    if (status == HT_OK && settings->memory) {
        memory_print(memory);
    }
    return status;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    static const char *const headings[] = {"layer", "operator", "output", ">parameters", ">MACs", "bits w/a"};
    const info_settings *settings = given;
    ht_model *model;
    memory_bounds bounds;
    ht_status status = settings->fits != NULL ? memory_bounds_parse(settings->fits, &bounds, err) : HT_OK;
    if (status == HT_OK) {
        status = ht_model_load(session->context, settings->model, &model, err);
    }
    if (status != HT_OK) {
        return status;
    }
    layer_report report = {.layers = json_array()};
    memory_report memory = {.steps = NULL};
    cli_table_begin(&report.table, headings, sizeof headings / sizeof headings[0]);
    status = settings->html != NULL ? ht_model_draw(model, settings->html, session->common.force, err) : HT_OK;
    if (status == HT_OK) {
        status = report_model(session, settings, model, &report, &memory, err);
    }
    if (status == HT_OK && settings->fits != NULL) {
        status = memory_check(&memory, &bounds, err);
    }
    cli_table_release(&report.table);
    memory_release(&memory);
    json_decref(report.layers);
    ht_model_destroy(model);
    return status;
}

#define AT(member) offsetof(info_settings, member)
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(model),
     .help = "an ONNX or TFLite model"},
    {.name = "no-layers", .kind = CLI_FLAG, .offset = AT(no_layers), .help = "leave out the table of layers"},
    {.name = "memory",
     .kind = CLI_FLAG,
     .offset = AT(memory),
     .help = "what one sample takes, and how full the arena is over time"},
    {.name = "fits",
     .kind = CLI_TEXT,
     .offset = AT(fits),
     .help = "fail (exit code 4) when it takes more than ram=256K,flash=1M; code is not counted"},
    {.name = "html", .kind = CLI_TEXT, .offset = AT(html), .value = "FILE", .help = "draw the graph into a page"},
    {0},
};

const cli_verb cmd_info = {
    .name = "info",
    .stage = "Evaluate",
    .summary = "show what is in a model: operators, sizes, work, what is quantized",
    .description =
        "Prints where the model comes from, its parameters and their size as f32, packed at their widths, and in "
        "the file, the multiply-accumulates for one sample, inputs and outputs, metadata, and a table of its "
        "layers with the widths of weights and activations (w/a; 4:32 where 32 weights of 4 bits share a scale). Of a "
        "quantized model it warns of weights left in float, scales that are too large or too small, and one scale for "
        "channels that differ.",
    .examples = {{"halftone info model.onnx", "a summary and the table of layers"},
                 {"halftone info model.onnx --memory --fits ram=256K,flash=1M", "will a small device hold it?"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE,
    .settings_size = sizeof(info_settings),
    .run = run,
};
