/* What the options of halftone quantize ask for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

/* A kind of the command line: a kind of the library, and what it presets. */
typedef struct kind_preset {
    const char *name;
    ht_quantize_kind kind;
    const char *scheme;       /* NULL: int8 */
    uint32_t activation_bits; /* unless --bits says; 0: activations stay float */
    bool everything;          /* biases and norm parameters too */
} kind_preset;

static const kind_preset kind_presets[] = {
    {"dynamic", HT_KIND_DYNAMIC, NULL, 0, false},       {"static", HT_KIND_STATIC, NULL, 8, false},
    {"f16", HT_KIND_SIMULATED, "f16", 0, true},         {"bf16", HT_KIND_SIMULATED, "bf16", 0, true},
    {"weight-only", HT_KIND_SIMULATED, NULL, 0, false}, {"simulated", HT_KIND_SIMULATED, NULL, 8, false},
};

static const kind_preset *find_kind(const char *name) {
    for (size_t i = 0; i < sizeof kind_presets / sizeof kind_presets[0]; ++i) {
        if (strcmp(kind_presets[i].name, name) == 0) {
            return &kind_presets[i];
        }
    }
    return NULL;
}

static bool describes_scheme(const quantize_settings *s) {
    return s->scheme != NULL || s->bits != NULL || s->levels != NULL || s->round != NULL || s->granularity != NULL ||
           s->range != NULL;
}

/* Without --kind: with calibration data static; with a scheme what that says, in float arithmetic; else dynamic. */
static const kind_preset *choose_kind(const quantize_settings *s) {
    bool widths = s->bits != NULL && strchr(s->bits, '/') != NULL;
    return find_kind(s->kind != NULL          ? s->kind
                     : s->calibration != NULL ? "static"
                     : !describes_scheme(s)   ? "dynamic"
                     : widths                 ? "simulated"
                                              : "weight-only");
}

/* ---- the scheme ---- */

/* "W/A" gives that of weights in weights[size] and that of activations; without a slash activations is NULL. */
static const char *split_range(const char *range, char *weights, size_t size) {
    const char *slash = strchr(range, '/');
    snprintf(weights, size, "%.*s", (int)(slash != NULL ? slash - range : (ptrdiff_t)strlen(range)), range);
    return slash != NULL ? slash + 1 : NULL;
}

/* The scheme of a kind before the options: few bits of weight-only quantization need a scale per block. */
static const char *base_scheme(const quantize_settings *s, const kind_preset *kind) {
    bool few = s->bits != NULL && atoi(s->bits) > 0 && atoi(s->bits) <= 4;
    bool blocks = s->kind != NULL && strcmp(s->kind, "weight-only") == 0 && few && s->granularity == NULL;
    return s->scheme != NULL ? s->scheme : kind->scheme != NULL ? kind->scheme : blocks ? "int4" : "int8";
}

static ht_status parse(quantizing *q, const char *text, ht_scheme *out, ht_error *err) {
    ht_status status = ht_scheme_parse(text, out, err);
    if (status == HT_ERROR_NOT_FOUND) {
        cli_advise(q->session, "All schemes: halftone list schemes");
        return HT_ERROR_ARGUMENT;
    }
    return status;
}

/* --range R is that of the activations where they have codes, and of everything elsewhere; R/A says both. */
static ht_status read_ranges(quantizing *q, const kind_preset *kind, char *weights, size_t size, ht_error *err) {
    const char *range = q->settings->range, *activations = range != NULL ? split_range(range, weights, size) : NULL;
    if (range != NULL && activations == NULL && kind->kind == HT_KIND_STATIC) {
        activations = range;
        weights[0] = '\0';
    }
    if (activations == NULL) {
        return HT_OK;
    }
    char text[160];
    snprintf(text, sizeof text, "range=%.120s", activations);
    q->plan.options.activation_range = &q->activation_range;
    return parse(q, text, &q->activation_range, err);
}

static ht_status read_scheme(quantizing *q, const kind_preset *kind, ht_error *err) {
    const quantize_settings *s = q->settings;
    ht_scheme *scheme = &q->plan.options.scheme;
    char text[HT_SCHEME_TEXT], range[128] = "";
    ht_status status = read_ranges(q, kind, range, sizeof range, err);
    if (status != HT_OK) {
        return status;
    }
    const char *const parts[][2] = {{"levels", s->levels},
                                    {"round", s->round},
                                    {"granularity", s->granularity},
                                    {"range", range[0] != '\0' ? range : NULL},
                                    {"bits", s->bits}};
    int used = snprintf(text, sizeof text, "%s", base_scheme(s, kind));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        if (parts[i][1] != NULL && used > 0 && (size_t)used < sizeof text) {
            used += snprintf(text + used, sizeof text - (size_t)used, ",%s=%s", parts[i][0], parts[i][1]);
        }
    }
    if (used < 0 || (size_t)used >= sizeof text) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "The scheme is too long.");
    }
    status = parse(q, text, scheme, err);
    scheme->seed = (uint64_t)q->session->common.seed;
    if (scheme->activation_bits == 0) {
        scheme->activation_bits = kind->activation_bits;
    } else if (status == HT_OK && kind->activation_bits == 0) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "The kind %s has no width for activations, but --bits gives them %u.",
                        kind->name, scheme->activation_bits);
    }
    return status;
}

/* Unless told: ONNX Runtime fuses uint8 everywhere on x86, but int8 not where two operators read one tensor; LiteRT has
 * wide activations around zero only. */
static ht_activation_codes activation_codes(const char *name, uint32_t bits) {
    return name == NULL                     ? (bits > 8 ? HT_ACTIVATIONS_SYMMETRIC : HT_ACTIVATIONS_UNSIGNED)
           : strcmp(name, "unsigned") == 0  ? HT_ACTIVATIONS_UNSIGNED
           : strcmp(name, "symmetric") == 0 ? HT_ACTIVATIONS_SYMMETRIC
                                            : HT_ACTIVATIONS_SIGNED;
}

/* ---- rules ---- */

static ht_status add_rule(quantizing *q, const char *text, size_t length, const char *scheme, ht_error *err) {
    size_t i = q->plan.options.rule_count;
    if (i == CLI_MOST_RULES) {
        return cli_fail(err, HT_ERROR_ARGUMENT,
                        "There may be %d rules for layers on the command line; a recipe may have more.",
                        CLI_MOST_RULES);
    }
    if (length == 0 || length >= sizeof q->rule_names[i]) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "\"%s\" does not begin with the name of a layer.", text);
    }
    snprintf(q->rule_names[i], sizeof q->rule_names[i], "%.*s", (int)length, text);
    q->rules[i] = (ht_layer_rule){.pattern = q->rule_names[i]};
    if (strcmp(scheme, "float") != 0) {
        ht_status status = parse(q, scheme, &q->rule_schemes[i], err);
        if (status != HT_OK) {
            return status;
        }
        q->rule_schemes[i].seed = q->plan.options.scheme.seed;
        q->rules[i].scheme = &q->rule_schemes[i];
    }
    ++q->plan.options.rule_count;
    return HT_OK;
}

/* --keep-float NAME, --layer NAME=SCHEME, --layer NAME=float */
static ht_status read_rules(quantizing *q, ht_error *err) {
    ht_status status = HT_OK;
    q->plan.options.rules = q->rules;
    for (size_t i = 0; i < q->settings->kept.count && status == HT_OK; ++i) {
        const char *name = q->settings->kept.items[i];
        status = add_rule(q, name, strlen(name), "float", err);
    }
    for (size_t i = 0; i < q->settings->layers.count && status == HT_OK; ++i) {
        const char *text = q->settings->layers.items[i], *equals = strchr(text, '=');
        if (equals == NULL) {
            return cli_fail(err, HT_ERROR_ARGUMENT, "\"%s\" is not of the form LAYER=SCHEME.", text);
        }
        status = add_rule(q, text, (size_t)(equals - text), equals + 1, err);
    }
    return status;
}

/* ---- names ---- */

double cli_quantize_size(const char *text) {
    char *end;
    double size = strtod(text, &end);
    double unit = *end == 'k' || *end == 'K' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 1.0;
    bool good = end != text && size > 0.0 && (*end == '\0' || (unit > 1.0 && end[1] == '\0'));
    return good ? size * unit : 0.0;
}

const char *cli_quantize_kind(const quantizing *q) {
    const ht_quantize_options *options = &q->plan.options;
    switch (options->kind) {
    case HT_KIND_STATIC: return "static";
    case HT_KIND_DYNAMIC: return "dynamic";
    case HT_KIND_SIMULATED: break;
    }
    return options->scheme.activation_bits != 0 ? "simulated" : "weight-only";
}

/* What stands between the model's name and .onnx: "int8" for models on codes, else scheme and widths. */
static void name_result(const ht_quantize_options *options, char *text, size_t size) {
    const ht_scheme *scheme = &options->scheme;
    char name[40];
    snprintf(name, sizeof name, "%s", scheme->name[0] != '\0' ? scheme->name : scheme->levels);
    for (char *slash = name; (slash = strchr(slash, '/')) != NULL;) {
        *slash = '-';
    }
    bool integers = options->kind != HT_KIND_SIMULATED;
    if (integers && (scheme->activation_bits == 0 || scheme->activation_bits == 8)) {
        snprintf(text, size, "int%u", scheme->bits);
    } else if (integers) {
        snprintf(text, size, "int%ua%u", scheme->bits, scheme->activation_bits);
    } else if (ht_scheme_fixed_bits(scheme) != 0) {
        snprintf(text, size, "%s", name);
    } else if (scheme->activation_bits != 0) {
        snprintf(text, size, "%s-%ua%u", name, scheme->bits, scheme->activation_bits);
    } else {
        snprintf(text, size, "%s-%u", name, scheme->bits);
    }
}

static bool ends_with(const char *path, const char *suffix) {
    size_t length = strlen(path), end = strlen(suffix);
    return length > end && strcmp(path + length - end, suffix) == 0;
}

static int stem_of(const char *path) {
    size_t length = strlen(path);
    return (int)(ends_with(path, ".onnx") ? length - 5 : ends_with(path, ".tflite") ? length - 7 : length);
}

ht_model_format cli_quantize_format(const quantizing *q) {
    return ends_with(q->output, ".tflite") ? HT_FORMAT_TFLITE : HT_FORMAT_ONNX;
}

const char *cli_quantize_rule(const quantizing *q) {
    ht_requantization rule = q->plan.options.requantize;
    bool fixed =
        rule == HT_REQUANTIZE_AS_SOURCE ? cli_quantize_format(q) == HT_FORMAT_TFLITE : rule == HT_REQUANTIZE_FIXED;
    return fixed ? "fixed" : "float";
}

static void choose_names(quantizing *q) {
    char name[64];
    name_result(&q->plan.options, name, sizeof name);
    if (q->settings->output != NULL) {
        snprintf(q->output, sizeof q->output, "%s", q->settings->output);
    } else {
        snprintf(q->output, sizeof q->output, "%.*s.%s.onnx", stem_of(q->settings->model), q->settings->model, name);
    }
    snprintf(q->recipe, sizeof q->recipe, "%.*s.recipe.yaml", stem_of(q->output), q->output);
}

/* The command as far as it decides about the result, however it was said. */
static void make_command(quantizing *q) {
    static const char *const codes[] = {"signed", "unsigned", "symmetric"};
    static const char *const rules[] = {"", " --requant float", " --requant fixed"};
    const ht_quantize_options *options = &q->plan.options;
    char scheme[HT_SCHEME_TEXT];
    ht_scheme_print(&options->scheme, scheme);
    const char *slash = strrchr(q->settings->model, '/');
    snprintf(q->command, sizeof q->command, "halftone quantize %s --kind %s --scheme %s%s%s%s%s%s%s",
             slash != NULL ? slash + 1 : q->settings->model, cli_quantize_kind(q), scheme,
             options->kind == HT_KIND_STATIC ? " --activations " : "",
             options->kind == HT_KIND_STATIC ? codes[options->activations] : "",
             options->requantize != HT_REQUANTIZE_AS_SOURCE ? rules[options->requantize] : "",
             options->fold_batch_norm ? " --fold-bn" : "", options->quantize_biases ? " --biases" : "",
             options->quantize_norms ? " --norms" : "");
    if (q->plan.preprocess != NULL) {
        size_t used = strlen(q->command);
        snprintf(q->command + used, sizeof q->command - used, " --pre %s", q->plan.preprocess);
    }
    for (size_t i = 0; i < options->rule_count; ++i) {
        size_t used = strlen(q->command);
        const ht_layer_rule *rule = &options->rules[i];
        if (rule->scheme != NULL) {
            ht_scheme_print(rule->scheme, scheme);
        }
        snprintf(q->command + used, sizeof q->command - used, " --layer %s=%s", rule->pattern,
                 rule->scheme != NULL ? scheme : "float");
    }
    q->plan.options.command = q->command;
}

/* ---- all of it ---- */

static ht_status read_recipe(quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    if (s->kind != NULL || describes_scheme(s) || s->layers.count != 0 || s->kept.count != 0 || s->fold || s->biases ||
        s->norms || s->requant != NULL) {
        return cli_fail(err, HT_ERROR_ARGUMENT,
                        "A recipe says kind, scheme and rules itself; change it there, or leave --recipe out.");
    }
    ht_status status = ht_recipe_load(q->session->context, s->recipe, &q->loaded, err);
    if (status == HT_OK) {
        q->plan = *q->loaded;
    }
    return status;
}

static ht_status read_flags(quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    const kind_preset *kind = choose_kind(s);
    q->chose_kind = s->kind == NULL && !describes_scheme(s);
    ht_quantize_options *options = &q->plan.options;
    ht_quantize_options_init(options);
    options->kind = kind->kind;
    options->fold_batch_norm = s->fold || kind->kind != HT_KIND_SIMULATED;
    options->quantize_biases = s->biases || kind->everything;
    options->quantize_norms = s->norms || kind->everything;
    ht_status status = read_scheme(q, kind, err);
    options->activations = activation_codes(s->activations, options->scheme.activation_bits);
    options->requantize = s->requant == NULL                 ? HT_REQUANTIZE_AS_SOURCE
                          : strcmp(s->requant, "fixed") == 0 ? HT_REQUANTIZE_FIXED
                                                             : HT_REQUANTIZE_FLOAT;
    if (s->requant != NULL && kind->kind != HT_KIND_STATIC) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--requant is for the kind static; the others compute in float.");
    }
    return status == HT_OK ? read_rules(q, err) : status;
}

static ht_status check_gates(const quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    if (s->max_size != NULL && cli_quantize_size(s->max_size) == 0.0) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "\"%s\" is not a size such as 200k or 1.5M.", s->max_size);
    }
    if (!isnan(s->max_drop) && s->data == NULL) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--max-drop needs --data to measure the drop on.");
    }
    if (s->strict && q->plan.options.kind != HT_KIND_STATIC) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--strict-int needs the kind static; %s computes in float, too.",
                        cli_quantize_kind(q));
    }
    return HT_OK;
}

ht_status cli_quantize_read(quantizing *q, ht_error *err) {
    const quantize_settings *s = q->settings;
    ht_status status = s->recipe != NULL ? read_recipe(q, err) : read_flags(q, err);
    if (status != HT_OK) {
        return status;
    }
    if (s->calibration != NULL) {
        q->plan.calibration = s->calibration;
    }
    if (s->preprocess != NULL) {
        q->plan.preprocess = s->preprocess;
    }
    q->plan.options.calibration_bf16 = q->plan.options.calibration_bf16 || s->calibration_bf16;
    if (s->calibration_samples != CLI_UNSET) {
        q->plan.options.calibration_samples = (size_t)s->calibration_samples;
    }
    choose_names(q);
    make_command(q);
    return check_gates(q, err);
}
