/* halftone quantize: a model, a scheme; out comes a smaller model and what that cost. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quantize.h"
#include "samples.h"

static void release(quantizing *q) {
    ht_context *context = q->session->context;
    ht_evaluation_clear(context, &q->before);
    ht_evaluation_clear(context, &q->after);
    ht_quantize_report_clear(context, &q->report);
    ht_dataset_close(q->data);
    ht_dataset_close(q->calibration);
    ht_model_destroy(q->written);
    ht_model_destroy(q->result);
    ht_model_destroy(q->model);
    ht_recipe_destroy(context, q->loaded);
}

/* ---- doing it ---- */

static ht_status open_data(quantizing *q, const char *spec, ht_dataset **out, ht_error *err) {
    ht_status status = cli_open_samples(q->session, spec, q->plan.preprocess, 0, q->model, out, err);
    return status == HT_OK ? cli_check_samples(q->session, q->model, *out, err) : status;
}

/* What the samples went through is part of the quantized model: eval and run repeat it. */
static ht_status store_preprocess(quantizing *q, ht_error *err) {
    const ht_dataset *used =
        q->calibration != NULL && !ht_dataset_describe(q->calibration)->is_ready ? q->calibration : q->data;
    if (used != NULL && !ht_dataset_describe(used)->is_ready) {
        return ht_model_metadata_set(q->result, HT_METADATA_PREPROCESS, ht_dataset_preprocess_json(used), err);
    }
    if (q->plan.preprocess == NULL) {
        return HT_OK;
    }
    char *json;
    ht_status status = ht_preprocess_read(q->session->context, q->plan.preprocess, &json, err);
    if (status == HT_OK) {
        status = ht_model_metadata_set(q->result, HT_METADATA_PREPROCESS, json, err);
        ht_text_free(q->session->context, json);
    }
    return status;
}

/* Does some layer's rounding look at the layer's inputs? */
static bool rounds_adaptively(const ht_quantize_options *options) {
    bool adaptive = strcmp(options->scheme.round, "adaptive") == 0;
    for (size_t i = 0; i < options->rule_count; ++i) {
        const ht_scheme *scheme = options->rules[i].scheme;
        adaptive = adaptive || (scheme != NULL && strcmp(scheme->round, "adaptive") == 0);
    }
    return adaptive;
}

/* The samples that activations are seen on: those asked for, else those that the model's own data sets aside. Never
 * made-up ones. */
static ht_status open_calibration(quantizing *q, ht_error *err) {
    const char *own = ht_model_metadata(q->model, "halftone.dataset");
    bool adaptive = rounds_adaptively(&q->plan.options);
    if (q->plan.options.scheme.activation_bits == 0 && !adaptive) {
        return HT_OK;
    }
    if (q->plan.calibration == NULL && own == NULL) {
        cli_advise(q->session,
                   "A folder of pictures or npy:FILE will do: some hundred samples that look like real ones.");
        return cli_fail(err, HT_ERROR_ARGUMENT,
                        "%s needs samples to see activations on, and the model does not say what data it was made for; "
                        "give --calib.",
                        adaptive ? "The rounding adaptive" : "Quantizing activations");
    }
    if (q->plan.calibration == NULL) {
        snprintf(q->calibration_spec, sizeof q->calibration_spec, "%.*s:calibration", (int)strcspn(own, ":"), own);
        q->plan.calibration = q->calibration_spec;
    }
    ht_status status = open_data(q, q->plan.calibration, &q->calibration, err);
    q->plan.options.calibration = q->calibration;
    return status;
}

static ht_status evaluate(quantizing *q, const ht_model *model, ht_evaluation *out, ht_error *err) {
    ht_evaluation_options options = {.max_samples = (size_t)q->settings->samples};
    return ht_evaluate(q->session->context, model, q->data, &options, out, err);
}

/* What ONNX files of ONNX models give back is what was written. TFLite files hold signed codes, run by their format's
 * rule, and their size is their own. */
static ht_status reread(quantizing *q, ht_error *err) {
    ht_model_info info;
    ht_status status = ht_model_describe(q->model, &info, err);
    if (status != HT_OK || (info.format == HT_FORMAT_ONNX && cli_quantize_format(q) == HT_FORMAT_ONNX)) {
        return status;
    }
    status = ht_model_reread(q->result, cli_quantize_format(q), &q->written, err);
    if (status == HT_OK) {
        status = ht_model_describe(q->written, &info, err);
        q->report.file_after = (size_t)info.file_bytes;
    }
    return status;
}

static ht_status evaluate_both(quantizing *q, ht_error *err) {
    if (q->data == NULL) {
        return HT_OK;
    }
    ht_status status = evaluate(q, q->model, &q->before, err);
    if (status == HT_OK) {
        cli_check_accuracy(q->session, &q->before);
    }
    if (status == HT_OK) {
        status = evaluate(q, q->written != NULL ? q->written : q->result, &q->after, err);
    }
    q->evaluated = status == HT_OK;
    return status;
}

double cli_quantize_drop(const quantizing *q) {
    return q->before.task == HT_TASK_CLASSIFICATION ? 100.0 * (q->before.accuracy - q->after.accuracy)
                                                    : 100.0 * (q->after.mse / q->before.mse - 1.0);
}

static ht_status check_gates(const quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    double most = s->max_size != NULL ? cli_quantize_size(s->max_size) : INFINITY;
    if ((double)q->report.file_after > most) {
        return cli_fail(err, HT_ERROR_GATE,
                        "The quantized file has %zu bytes, more than the %.0f allowed; nothing was written.",
                        q->report.file_after, most);
    }
    if (s->strict && q->report.real_count > 0) {
        const ht_quantize_real *first = &q->report.real[0];
        return cli_fail(err, HT_ERROR_GATE,
                        "%zu layers compute on real numbers, first %s (%s): %s; nothing was written.",
                        q->report.real_count, first->name, first->op, first->reason);
    }
    if (!isnan(s->max_drop) && cli_quantize_drop(q) > s->max_drop) {
        bool classes = q->before.task == HT_TASK_CLASSIFICATION;
        return cli_fail(err, HT_ERROR_GATE, "%s by %.2f %s, more than the %.2f allowed; nothing was written.",
                        classes ? "Accuracy fell" : "The error rose", cli_quantize_drop(q), classes ? "points" : "%",
                        s->max_drop);
    }
    return HT_OK;
}

/* What sort of network it is. */
static bool count_layer(void *user, const ht_layer_info *layer) {
    static const char *const recurrent[] = {"LSTM", "GRU", "RNN"};
    network_kind *network = user;
    bool product = strcmp(layer->op, "Gemm") == 0 || strcmp(layer->op, "MatMul") == 0;
    network->convolutions += strncmp(layer->op, "Conv", 4) == 0;
    network->products += product && layer->parameters > 0;
    network->attention += (product && layer->parameters == 0) || strcmp(layer->op, "Attention") == 0;
    for (size_t i = 0; i < sizeof recurrent / sizeof recurrent[0]; ++i) {
        network->recurrent += strcmp(layer->op, recurrent[i]) == 0;
    }
    return true;
}

/* Before the work, not after it. */
static ht_status check_outputs(quantizing *q, ht_error *err) {
    char data[sizeof q->output + 8];
    snprintf(data, sizeof data, "%s.data", q->output);
    const char *const paths[] = {q->output, q->recipe, data};
    size_t count = q->settings->external_data ? 3 : 2;
    for (size_t i = 0; i < count && !q->session->common.force; ++i) {
        bool rereads = i == 1 && q->settings->recipe != NULL && strcmp(q->settings->recipe, q->recipe) == 0;
        if (access(paths[i], F_OK) == 0 && !rereads) {
            cli_advise(q->session, "Replace it with --force, or choose another name with -o.");
            return cli_fail(err, HT_ERROR_EXISTS, "The file %s exists.", paths[i]);
        }
    }
    return HT_OK;
}

static ht_status save(quantizing *q, ht_error *err) {
    ht_model_save_options options = {.overwrite = q->session->common.force,
                                     .external_data = q->settings->external_data};
    ht_status status = ht_model_save(q->result, q->output, &options, err);
    if (status == HT_OK && (q->settings->recipe == NULL || strcmp(q->settings->recipe, q->recipe) != 0)) {
        status = ht_recipe_save(q->session->context, &q->plan, &q->report, q->recipe, options.overwrite, err);
    }
    return status;
}

static ht_status work(quantizing *q, ht_error *err) {
    cli_session *session = q->session;
    ht_status status = cli_quantize_read(q, err);
    if (status == HT_OK) {
        status = check_outputs(q, err);
    }
    if (status == HT_OK) {
        status = ht_model_load(session->context, q->settings->model, &q->model, err);
    }
    if (status == HT_OK) {
        status = ht_model_layers(q->model, count_layer, &q->network, err);
    }
    if (status == HT_OK) {
        status = open_calibration(q, err);
    }
    if (status == HT_OK) {
        status = ht_model_quantize(session->context, q->model, &q->plan.options, &q->result, &q->report, err);
    }
    if (status == HT_OK && q->settings->data != NULL) {
        status = open_data(q, q->settings->data, &q->data, err);
    }
    if (status == HT_OK) {
        status = store_preprocess(q, err);
    }
    if (status == HT_OK) {
        status = reread(q, err);
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
        status = session->common.json ? cli_quantize_json(q, err) : cli_quantize_print(q, err);
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
static const char *const kinds[] = {"dynamic", "static", "f16", "bf16", "weight-only", "simulated", NULL};
static const char *const activations[] = {"signed", "unsigned", "symmetric", NULL};
static const char *const requantizations[] = {"float", "fixed", NULL};
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
     .otherwise = "MODEL.int8.onnx, or MODEL.SCHEME-BITS.onnx",
     .help = "the quantized model; its recipe is written beside it"},
    {.name = "external-data",
     .kind = CLI_FLAG,
     .offset = AT(external_data),
     .help = "ONNX: write large tensors into FILE.data beside it (2 GB and more always are)"},
    {.name = "recipe",
     .kind = CLI_TEXT,
     .offset = AT(recipe),
     .value = "FILE",
     .otherwise = "the options",
     .help = "a YAML file that says kind, scheme and rules for layers"},
    {.name = "scheme",
     .letter = 's',
     .kind = CLI_TEXT,
     .offset = AT(scheme),
     .value = "NAME",
     .otherwise = "int8",
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
     .otherwise = "static with --calib, else dynamic; weight-only or simulated where a scheme or widths are given",
     .help =
         "what has codes: weights, and activations as the model runs (dynamic) or by calibration (static); f16, bf16 "
         "and weight-only decode weights to float; simulated rounds in float arithmetic"},
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
     .value = "R[/A]",
     .otherwise = "the scheme's",
     .help =
         "what the levels span: min-max, percentile:99.9, iqr:1.5, moving-average:0.9, mse, kl, aciq; for static that "
         "of activations, and R/A says both"},
    {.name = "activations",
     .kind = CLI_CHOICE,
     .offset = AT(activations),
     .choices = activations,
     .otherwise = "unsigned; symmetric for more than 8 bits",
     .help = "codes of activations, for static: int8 with a zero point, uint8 with one, int8 around zero"},
    {.name = "requant",
     .kind = CLI_CHOICE,
     .offset = AT(requant),
     .choices = requantizations,
     .otherwise = "as the written file's format says: float for ONNX, fixed for TFLite",
     .help = "how sums become codes again when the static model runs here: by a factor in f32, or by integers alone"},
    {.name = "keep-float",
     .kind = CLI_REPEATED,
     .offset = AT(kept),
     .value = "PATTERN",
     .otherwise = "no layer",
     .help = "a layer that stays float: a name, the start of one and *, operator:Conv, layer:first or layer:last"},
    {.name = "layer",
     .kind = CLI_REPEATED,
     .offset = AT(layers),
     .value = "NAME=SCHEME",
     .otherwise = "all layers alike",
     .help = "another scheme for a layer, or float for none; NAME as in --keep-float"},
    {.name = "fold-bn",
     .kind = CLI_FLAG,
     .offset = AT(fold),
     .help = "move batch normalisation into the layer before it first; static and dynamic always do"},
    {.name = "biases", .kind = CLI_FLAG, .offset = AT(biases), .help = "quantize biases, too"},
    {.name = "norms", .kind = CLI_FLAG, .offset = AT(norms), .help = "quantize scale and shift of normalisations, too"},
    {.name = "data",
     .kind = CLI_TEXT,
     .offset = AT(data),
     .value = "DATA",
     .otherwise = "no evaluation",
     .help = "measure accuracy before and after on it, as in fashion-mnist:test"},
    CLI_PREPROCESS_OPTION(AT(preprocess)),
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
     .help = "samples on which the ranges of activations are learned; a folder of pictures or npy:FILE will do"},
    {.name = "calib-samples",
     .kind = CLI_INTEGER,
     .offset = AT(calibration_samples),
     .low = 1,
     .high = 1e9,
     .otherwise = "512",
     .help = "at most so many of them"},
    {.name = "calib-bf16",
     .kind = CLI_FLAG,
     .offset = AT(calibration_bf16),
     .help =
         "run them with bf16 operands where the processor has such products: several times faster; ranges change in "
         "their third digit"},
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
    {.name = "strict-int",
     .kind = CLI_FLAG,
     .offset = AT(strict),
     .help = "fail with status 4 when a layer computes on real numbers"},
    {0},
};

const cli_verb cmd_quantize = {
    .name = "quantize",
    .stage = "Quantize",
    .summary = "make a model smaller and faster by storing and computing in few bits",
    .description =
        "Without options: 8-bit weights with a scale per channel, activations quantized when the model runs. With "
        "--calib their ranges are learned from samples, and the model runs in integers. What is written has standard "
        "operators: every ONNX runtime runs it that has the operator set (17; 21 for weights of 4 bits in the kind "
        "weight-only, 25 for 2).\n\n"
        "A scheme is four choices and a width; docs/choosing-a-scheme.md says how to choose. The report ends with the "
        "sizes, the layers that stay float and why, those with the largest error, and the next command.",
    .examples = {{"halftone quantize model.onnx --calib pictures/ --data cifar-10:test --max-drop 0.5",
                  "static; fails when accuracy falls by more than half a point"},
                 {"halftone quantize model.onnx --kind weight-only --bits 4", "4-bit weights, a scale per 32"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE | CLI_USES_THREADS | CLI_USES_SEED | CLI_USES_DATA_DIR,
    .settings_size = sizeof(quantize_settings),
    .run = run,
};
