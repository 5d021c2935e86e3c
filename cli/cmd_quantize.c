/* halftone quantize: a model, a scheme; out comes a smaller model and what that cost. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "halftone/eval.h"
#include "halftone/model.h"
#include "quantized.h"
#include "verbs.h"

#define MOST_RULES 64

typedef struct quantize_settings {
    const char *model, *output, *scheme, *bits, *kind;
    const char *levels, *round, *granularity, *range, *activations;
    const char *data, *calibration, *max_size;
    int64_t samples, calibration_samples;
    double max_drop;
    bool fold, biases, norms;
    cli_list layers;
} quantize_settings;

/* What a run owns. */
typedef struct quantizing {
    cli_session *session;
    const quantize_settings *settings;
    ht_quantize_options options;
    ht_scheme rule_schemes[MOST_RULES];
    ht_layer_rule rules[MOST_RULES];
    char rule_names[MOST_RULES][128];
    ht_model *model, *result;
    ht_dataset *data, *calibration;
    ht_quantize_report report;
    ht_evaluation before, after;
    char output[512], command[2048];
    bool evaluated;
} quantizing;

static void release(quantizing *q) {
    ht_context *context = q->session->context;
    ht_evaluation_clear(context, &q->before);
    ht_evaluation_clear(context, &q->after);
    ht_quantize_report_clear(context, &q->report);
    ht_dataset_close(q->data);
    ht_dataset_close(q->calibration);
    ht_model_destroy(q->result);
    ht_model_destroy(q->model);
}

/* ---- what is wanted ---- */

static ht_status read_scheme(quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    char text[HT_SCHEME_TEXT];
    const char *const parts[][2] = {{"levels", s->levels},
                                    {"round", s->round},
                                    {"granularity", s->granularity},
                                    {"range", s->range},
                                    {"bits", s->bits}};
    int used = snprintf(text, sizeof text, "%s", s->scheme);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        if (parts[i][1] != NULL && used > 0 && (size_t)used < sizeof text) {
            used += snprintf(text + used, sizeof text - (size_t)used, ",%s=%s", parts[i][0], parts[i][1]);
        }
    }
    if (used < 0 || (size_t)used >= sizeof text) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "The scheme is too long.");
    }
    ht_status status = ht_scheme_parse(text, &q->options.scheme, err);
    if (status == HT_ERROR_NOT_FOUND) {
        cli_advise(q->session, "All schemes: halftone list schemes");
        return HT_ERROR_ARGUMENT;
    }
    q->options.scheme.seed = (uint64_t)q->session->common.seed;
    return status;
}

static const char *const activations[] = {"signed", "unsigned", "symmetric", NULL};

static ht_activation_codes activation_codes(const char *name) {
    return strcmp(name, "unsigned") == 0    ? HT_ACTIVATIONS_UNSIGNED
           : strcmp(name, "symmetric") == 0 ? HT_ACTIVATIONS_SYMMETRIC
                                            : HT_ACTIVATIONS_SIGNED;
}

/* weight-only drops a width for activations; simulated needs one. */
static ht_status read_kind(quantizing *q, ht_error *err) {
    const char *kind = q->settings->kind;
    ht_scheme *scheme = &q->options.scheme;
    if (kind == NULL) {
        return HT_OK;
    }
    if (strcmp(kind, "static") == 0) {
        q->options.kind = HT_KIND_STATIC;
        q->options.activations = activation_codes(q->settings->activations);
    }
    if (strcmp(kind, "simulated") == 0 || strcmp(kind, "static") == 0) {
        scheme->activation_bits = scheme->activation_bits != 0 ? scheme->activation_bits : 8;
        return HT_OK;
    }
    return scheme->activation_bits == 0
               ? HT_OK
               : cli_fail(err, HT_ERROR_ARGUMENT, "Weight-only leaves activations float, but --bits gives them %u.",
                          scheme->activation_bits);
}

/* --layer NAME=SCHEME, --layer NAME=float */
static ht_status read_rules(quantizing *q, ht_error *err) {
    const cli_list *list = &q->settings->layers;
    if (list->count > MOST_RULES) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "There may be %d rules for layers at most.", MOST_RULES);
    }
    for (size_t i = 0; i < list->count; ++i) {
        const char *text = list->items[i], *equals = strchr(text, '=');
        if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof q->rule_names[i]) {
            return cli_fail(err, HT_ERROR_ARGUMENT, "\"%s\" is not of the form LAYER=SCHEME.", text);
        }
        snprintf(q->rule_names[i], sizeof q->rule_names[i], "%.*s", (int)(equals - text), text);
        q->rules[i].pattern = q->rule_names[i];
        if (strcmp(equals + 1, "float") != 0) {
            ht_status status = ht_scheme_parse(equals + 1, &q->rule_schemes[i], err);
            if (status != HT_OK) {
                return status == HT_ERROR_NOT_FOUND ? HT_ERROR_ARGUMENT : status;
            }
            q->rule_schemes[i].seed = q->options.scheme.seed;
            q->rules[i].scheme = &q->rule_schemes[i];
        }
    }
    q->options.rules = q->rules;
    q->options.rule_count = list->count;
    return HT_OK;
}

/* "200k", "1.5M", "123456": bytes; 0 when it is not a size. */
static double read_size(const char *text) {
    char *end;
    double size = strtod(text, &end);
    double unit = *end == 'k' || *end == 'K' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 1.0;
    bool good = end != text && size > 0.0 && (*end == '\0' || (unit > 1.0 && end[1] == '\0'));
    return good ? size * unit : 0.0;
}

/* model.onnx and mid-rise at 4 bits give model.mid-rise-4.onnx. */
static void choose_output(quantizing *q) {
    if (q->settings->output != NULL) {
        snprintf(q->output, sizeof q->output, "%s", q->settings->output);
        return;
    }
    const ht_scheme *scheme = &q->options.scheme;
    char name[40];
    snprintf(name, sizeof name, "%s", scheme->name[0] != '\0' ? scheme->name : scheme->levels);
    for (char *slash = name; (slash = strchr(slash, '/')) != NULL;) {
        *slash = '-';
    }
    size_t length = strlen(q->settings->model);
    bool onnx = length > 5 && strcmp(q->settings->model + length - 5, ".onnx") == 0;
    int stem = (int)(onnx ? length - 5 : length);
    if (scheme->activation_bits != 0) {
        snprintf(q->output, sizeof q->output, "%.*s.%s-%ua%u.onnx", stem, q->settings->model, name, scheme->bits,
                 scheme->activation_bits);
    } else {
        snprintf(q->output, sizeof q->output, "%.*s.%s-%u.onnx", stem, q->settings->model, name, scheme->bits);
    }
}

/* The command as far as it decides about the result. */
static void make_command(quantizing *q) {
    char scheme[HT_SCHEME_TEXT];
    ht_scheme_print(&q->options.scheme, scheme);
    const char *slash = strrchr(q->settings->model, '/');
    snprintf(q->command, sizeof q->command, "halftone quantize %s --scheme %s%s%s%s",
             slash != NULL ? slash + 1 : q->settings->model, scheme, q->settings->fold ? " --fold-bn" : "",
             q->settings->biases ? " --biases" : "", q->settings->norms ? " --norms" : "");
    for (size_t i = 0; i < q->settings->layers.count; ++i) {
        size_t used = strlen(q->command);
        snprintf(q->command + used, sizeof q->command - used, " --layer %s", q->settings->layers.items[i]);
    }
    q->options.command = q->command;
}

static ht_status read_settings(quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    ht_quantize_options_init(&q->options);
    q->options.fold_batch_norm = s->fold;
    q->options.quantize_biases = s->biases;
    q->options.quantize_norms = s->norms;
    q->options.calibration_samples = (size_t)s->calibration_samples;
    ht_status status = read_scheme(q, err);
    if (status == HT_OK) {
        status = read_kind(q, err);
    }
    if (status == HT_OK) {
        status = read_rules(q, err);
    }
    if (status == HT_OK && s->max_size != NULL && read_size(s->max_size) == 0.0) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "\"%s\" is not a size such as 200k or 1.5M.", s->max_size);
    }
    if (status == HT_OK && !isnan(s->max_drop) && s->data == NULL) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--max-drop needs --data to measure the drop on.");
    }
    choose_output(q);
    make_command(q);
    return status;
}

/* ---- doing it ---- */

static ht_status open_data(quantizing *q, const char *spec, ht_dataset **out, ht_error *err) {
    ht_dataset_options options = {.data_dir = q->session->common.data_dir,
                                  .preprocess_json = ht_model_metadata(q->model, HT_METADATA_PREPROCESS)};
    return ht_dataset_open(q->session->context, spec, &options, out, err);
}

static ht_status open_calibration(quantizing *q, ht_error *err) {
    char spec[512];
    const char *own = ht_model_metadata(q->model, "halftone.dataset");
    if (q->options.scheme.activation_bits == 0) {
        return HT_OK;
    }
    if (q->settings->calibration != NULL) {
        snprintf(spec, sizeof spec, "%s", q->settings->calibration);
    } else if (own != NULL) {
        snprintf(spec, sizeof spec, "%.*s:calibration", (int)strcspn(own, ":"), own);
    } else {
        return cli_fail(err, HT_ERROR_ARGUMENT,
                        "Quantizing activations needs samples to see them on, and the model does not say what data it "
                        "was made for; give --calib.");
    }
    ht_status status = open_data(q, spec, &q->calibration, err);
    q->options.calibration = q->calibration;
    return status;
}

static ht_status evaluate(quantizing *q, const ht_model *model, ht_evaluation *out, ht_error *err) {
    ht_evaluation_options options = {.max_samples = (size_t)q->settings->samples};
    return ht_evaluate(q->session->context, model, q->data, &options, out, err);
}

static ht_status evaluate_both(quantizing *q, ht_error *err) {
    if (q->settings->data == NULL) {
        return HT_OK;
    }
    ht_status status = open_data(q, q->settings->data, &q->data, err);
    if (status == HT_OK) {
        status = evaluate(q, q->model, &q->before, err);
    }
    if (status == HT_OK) {
        status = evaluate(q, q->result, &q->after, err);
    }
    q->evaluated = status == HT_OK;
    return status;
}

/* By how much it got worse: points of accuracy, or per cent of the error. */
static double drop_of(const quantizing *q) {
    return q->before.task == HT_TASK_CLASSIFICATION ? 100.0 * (q->before.accuracy - q->after.accuracy)
                                                    : 100.0 * (q->after.mse / q->before.mse - 1.0);
}

static ht_status check_gates(const quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    double most = s->max_size != NULL ? read_size(s->max_size) : INFINITY;
    if ((double)q->report.file_after > most) {
        return cli_fail(err, HT_ERROR_GATE,
                        "The quantized file has %zu bytes, more than the %.0f allowed; nothing was written.",
                        q->report.file_after, most);
    }
    if (!isnan(s->max_drop) && drop_of(q) > s->max_drop) {
        bool classes = q->before.task == HT_TASK_CLASSIFICATION;
        return cli_fail(err, HT_ERROR_GATE, "%s by %.2f %s, more than the %.2f allowed; nothing was written.",
                        classes ? "Accuracy fell" : "The error rose", drop_of(q), classes ? "points" : "%",
                        s->max_drop);
    }
    return HT_OK;
}

static ht_status save(quantizing *q, ht_error *err) {
    ht_model_save_options options = {.overwrite = q->session->common.force};
    ht_status status = ht_model_save(q->result, q->output, &options, err);
    if (status == HT_ERROR_EXISTS) {
        cli_advise(q->session, "Replace it with --force, or choose another name with -o.");
    }
    return status;
}

static ht_status work(quantizing *q, ht_error *err) {
    cli_session *session = q->session;
    ht_status status = read_settings(q, err);
    if (status == HT_OK) {
        status = ht_model_load(session->context, q->settings->model, &q->model, err);
    }
    if (status == HT_OK) {
        status = open_calibration(q, err);
    }
    if (status == HT_OK) {
        status = ht_model_quantize(session->context, q->model, &q->options, &q->result, &q->report, err);
    }
    if (status == HT_OK) {
        status = evaluate_both(q, err);
    }
    if (status == HT_OK) {
        status = check_gates(q, err);
    }
    if (status == HT_OK) {
        status = save(q, err);
    }
    if (status == HT_OK) {
        cli_clear_progress(&session->terminal);
        cli_quantized result = {.model = q->settings->model,
                                .output = q->output,
                                .data = q->settings->data,
                                .scheme = &q->options.scheme,
                                .report = &q->report,
                                .info = q->evaluated ? ht_dataset_describe(q->data) : NULL,
                                .before = &q->before,
                                .after = &q->after,
                                .drop = q->evaluated ? drop_of(q) : 0.0};
        status = session->common.json ? cli_quantized_json(&result, err) : cli_quantized_print(&result, err);
    }
    return status;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    quantizing *q = calloc(1, sizeof *q);
    if (q == NULL) {
        return cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the options.");
    }
    q->session = session;
    q->settings = given;
    ht_status status = work(q, err);
    release(q);
    free(q);
    return status;
}

static const char *level_name(size_t index) {
    const char *name = NULL;
    return ht_choice_at(HT_CHOICE_LEVELS, index, &name, NULL) ? name : NULL;
}
static const char *round_name(size_t index) {
    const char *name = NULL;
    return ht_choice_at(HT_CHOICE_ROUND, index, &name, NULL) ? name : NULL;
}

#define AT(member) offsetof(quantize_settings, member)
static const char *const kinds[] = {"static", "weight-only", "simulated", NULL};
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(model),
     .help = "an ONNX or TFLite model"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .offset = AT(output),
     .value = "FILE",
     .otherwise = "MODEL.SCHEME-BITS.onnx",
     .help = "the quantized model"},
    {.name = "scheme",
     .letter = 's',
     .kind = CLI_TEXT,
     .offset = AT(scheme),
     .value = "NAME",
     .fallback = "int8",
     .help = "a preset, or a text such as levels=k-means,granularity=channel; see halftone list schemes"},
    {.name = "bits",
     .letter = 'b',
     .kind = CLI_TEXT,
     .offset = AT(bits),
     .value = "W[/A]",
     .otherwise = "the scheme's",
     .help = "width of weights, 1 to 16; after a slash that of activations, 2 to 16"},
    {.name = "kind",
     .kind = CLI_CHOICE,
     .offset = AT(kind),
     .choices = kinds,
     .otherwise = "by --bits",
     .help =
         "weight-only, or simulated: activations are quantized in float arithmetic, too (8 bits unless --bits says)"},
    {.name = "levels",
     .kind = CLI_CHOICE,
     .offset = AT(levels),
     .choice = level_name,
     .otherwise = "the scheme's",
     .help = "where the values lie that weights may take"},
    {.name = "round",
     .kind = CLI_CHOICE,
     .offset = AT(round),
     .choice = round_name,
     .otherwise = "the scheme's",
     .help = "which level a weight goes to"},
    {.name = "granularity",
     .kind = CLI_TEXT,
     .offset = AT(granularity),
     .value = "NAME",
     .otherwise = "the scheme's",
     .help = "what shares one set of levels: tensor, channel or block:N"},
    {.name = "range",
     .kind = CLI_TEXT,
     .offset = AT(range),
     .value = "NAME",
     .otherwise = "the scheme's",
     .help = "what the levels span: min-max, percentile:99.9, iqr:1.5, moving-average:0.9, mse, kl, aciq"},
    {.name = "activations",
     .kind = CLI_CHOICE,
     .offset = AT(activations),
     .choices = activations,
     .fallback = "signed",
     .help = "codes of activations, for static: int8 with a zero point, uint8 with one, int8 around zero"},
    {.name = "layer",
     .kind = CLI_REPEATED,
     .offset = AT(layers),
     .value = "NAME=SCHEME",
     .otherwise = "all layers alike",
     .help = "another scheme for a layer, or float for none; NAME may end in *"},
    {.name = "fold-bn",
     .kind = CLI_FLAG,
     .offset = AT(fold),
     .help = "move batch normalisation into the layer before it first"},
    {.name = "biases", .kind = CLI_FLAG, .offset = AT(biases), .help = "quantize biases, too"},
    {.name = "norms", .kind = CLI_FLAG, .offset = AT(norms), .help = "quantize scale and shift of normalisations, too"},
    {.name = "data",
     .kind = CLI_TEXT,
     .offset = AT(data),
     .value = "DATA",
     .otherwise = "no evaluation",
     .help = "measure accuracy before and after on it, as in fashion-mnist:test"},
    {.name = "samples",
     .kind = CLI_INTEGER,
     .offset = AT(samples),
     .fallback = "0",
     .low = 0,
     .high = 1e9,
     .help = "evaluate on so many samples of --data; 0: all"},
    {.name = "calib",
     .kind = CLI_TEXT,
     .offset = AT(calibration),
     .value = "DATA",
     .otherwise = "the calibration split of the data it was trained on",
     .help = "samples on which the ranges of activations are learned"},
    {.name = "calib-samples",
     .kind = CLI_INTEGER,
     .offset = AT(calibration_samples),
     .fallback = "512",
     .low = 1,
     .high = 1e9,
     .help = "at most so many of them"},
    {.name = "max-drop",
     .kind = CLI_NUMBER,
     .offset = AT(max_drop),
     .low = -1e9,
     .high = 1e9,
     .otherwise = "no bound",
     .help =
         "fail with status 4 when accuracy falls by more points (regression: when the error rises by more per cent)"},
    {.name = "max-size",
     .kind = CLI_TEXT,
     .offset = AT(max_size),
     .value = "SIZE",
     .otherwise = "no bound",
     .help = "fail with status 4 when the file is larger: 200k, 1.5M"},
    {0},
};

const cli_verb cmd_quantize = {
    .name = "quantize",
    .stage = "Quantize",
    .summary = "make a model smaller by storing its weights in few bits",
    .description =
        "Writes an ONNX model whose weights are codes with the nodes that decode them: standard operators, so that "
        "every ONNX runtime runs it. Weights only by default; with a width for activations (--bits 8/8) these are "
        "rounded, too, in float arithmetic, with ranges learned from calibration samples.\n\n"
        "A scheme is four choices and a width; docs/choosing-a-scheme.md says how to choose. The report ends with "
        "the sizes, the layers with the largest error, and the command that compares both models.",
    .examples = {{"halftone quantize model.onnx --scheme mid-rise --bits 4 -o q.onnx", "4-bit weights"},
                 {"halftone quantize model.onnx --bits 8/8 --data fashion-mnist:test --max-drop 0.5",
                  "weights and activations; fails when accuracy falls by more than half a point"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE | CLI_USES_THREADS | CLI_USES_SEED | CLI_USES_DATA_DIR,
    .settings_size = sizeof(quantize_settings),
    .run = run,
};
