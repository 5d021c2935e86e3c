#include "halftone/recipe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/file.h"
#include "data/fields.h"

enum { LARGEST_FILE = 1 << 20 };

/* The words of a file for the members of an enumeration, in its order. */
static const char *const kinds[] = {"simulated", "static", "dynamic", NULL};
static const char *const activations[] = {"signed", "unsigned", "symmetric", NULL};
static const char *const requantizations[] = {"as-source", "float", "fixed", NULL};

typedef struct owned_recipe {
    ht_recipe recipe; /* first: the caller's pointer is this one's */
    ht_scheme activation_range;
    ht_arena *arena;
} owned_recipe;

typedef struct reading {
    owned_recipe *out;
    const char *path;
    ht_error *err;
} reading;

/* ---- reading ---- */

/* Reads one of `words` into *index, which stays as it is when the key is absent. */
static ht_status read_word(const ht__fields *fields, const char *key, const char *const *words, int *index,
                           ht_error *err) {
    const char *text = NULL;
    HT_TRY(ht__field_text(fields, key, &text, err));
    for (int i = 0; text != NULL && words[i] != NULL; ++i) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return HT_OK;
        }
    }
    return text == NULL ? HT_OK : ht__fields_fail(fields, err, "'%s' cannot be '%.40s'.", key, text);
}

/* A scheme's errors speak of the text; the place in the file is added. */
static ht_status read_scheme(const ht__fields *fields, const char *text, ht_scheme *out, ht_error *err) {
    ht_error inner = {0};
    return ht_scheme_parse(text, out, &inner) == HT_OK ? HT_OK : ht__fields_fail(fields, err, "%s", inner.message);
}

static ht_status read_range(const ht__fields *fields, reading *r) {
    const char *text = NULL;
    char scheme[128];
    HT_TRY(ht__field_text(fields, "activation-range", &text, r->err));
    if (text == NULL) {
        return HT_OK;
    }
    snprintf(scheme, sizeof scheme, "range=%s", text);
    HT_TRY(read_scheme(fields, scheme, &r->out->activation_range, r->err));
    r->out->recipe.options.activation_range = &r->out->activation_range;
    return HT_OK;
}

static ht_status read_calibration(const ht__fields *fields, reading *r) {
    static const char *const keys[] = {"data", "samples", "bf16", NULL};
    ht__fields inner = {json_object_get(fields->object, "calibration"), r->path, "calibration"};
    const char *data = NULL;
    HT_TRY(ht__fields_known(&inner, keys, r->err));
    HT_TRY(ht__field_text(&inner, "data", &data, r->err));
    HT_TRY(ht__field_size(&inner, "samples", 1, 1000000000, &r->out->recipe.options.calibration_samples, r->err));
    HT_TRY(ht__field_bool(&inner, "bf16", &r->out->recipe.options.calibration_bf16, r->err));
    r->out->recipe.calibration = data != NULL ? ht__arena_strdup(r->out->arena, data) : NULL;
    return data == NULL || r->out->recipe.calibration != NULL ? HT_OK : ht__fail_memory(r->err, strlen(data));
}

static ht_status read_preprocess(const ht__fields *fields, reading *r) {
    const char *text = NULL;
    HT_TRY(ht__field_text(fields, "preprocess", &text, r->err));
    r->out->recipe.preprocess = text != NULL ? ht__arena_strdup(r->out->arena, text) : NULL;
    return text == NULL || r->out->recipe.preprocess != NULL ? HT_OK : ht__fail_memory(r->err, strlen(text));
}

/* "first" and "last" are words of their own; every other layer is a name. */
static ht_status read_pattern(const ht__fields *fields, reading *r, const char **out) {
    const char *layer = NULL, *op = NULL;
    HT_TRY(ht__field_text(fields, "layer", &layer, r->err));
    HT_TRY(ht__field_text(fields, "operator", &op, r->err));
    if ((layer == NULL) == (op == NULL)) {
        return ht__fields_fail(fields, r->err, "either 'layer' or 'operator' is wanted.");
    }
    bool place = layer != NULL && (strcmp(layer, "first") == 0 || strcmp(layer, "last") == 0);
    *out = op != NULL ? ht__arena_printf(r->out->arena, "operator:%s", op)
           : place    ? ht__arena_printf(r->out->arena, "layer:%s", layer)
                      : ht__arena_strdup(r->out->arena, layer);
    return *out != NULL ? HT_OK : ht__fail_memory(r->err, 64);
}

static ht_status read_rule(const json_t *object, reading *r, ht_layer_rule *out) {
    static const char *const keys[] = {"layer", "operator", "scheme", "keep", NULL};
    static const char *const kept[] = {"float", NULL};
    ht__fields fields = {object, r->path, "a rule"};
    const char *text = NULL;
    int keep = -1;
    HT_TRY(ht__fields_known(&fields, keys, r->err));
    HT_TRY(read_pattern(&fields, r, &out->pattern));
    HT_TRY(read_word(&fields, "keep", kept, &keep, r->err));
    HT_TRY(ht__field_text(&fields, "scheme", &text, r->err));
    if ((text == NULL) == (keep < 0)) {
        return ht__fields_fail(&fields, r->err, "either 'scheme' or 'keep: float' is wanted.");
    }
    if (text == NULL) {
        return HT_OK;
    }
    ht_scheme *scheme = ht__arena_alloc(r->out->arena, sizeof *scheme);
    if (scheme == NULL) {
        return ht__fail_memory(r->err, sizeof *scheme);
    }
    out->scheme = scheme;
    return read_scheme(&fields, text, scheme, r->err);
}

static ht_status read_rules(const ht__fields *fields, reading *r) {
    const json_t *list = json_object_get(fields->object, "rules");
    size_t count = json_array_size(list);
    if (list != NULL && !json_is_null(list) && !json_is_array(list)) {
        return ht__fields_fail(fields, r->err, "'rules' must be a list.");
    }
    ht_layer_rule *rules = ht__arena_alloc(r->out->arena, (count + 1) * sizeof *rules);
    if (rules == NULL) {
        return ht__fail_memory(r->err, count * sizeof *rules);
    }
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(read_rule(json_array_get(list, i), r, &rules[i]));
    }
    r->out->recipe.options.rules = rules;
    r->out->recipe.options.rule_count = count;
    return HT_OK;
}

static ht_status read_recipe(const json_t *root, reading *r) {
    static const char *const keys[] = {"kind",        "scheme",     "activations", "activation-range",
                                       "calibration", "preprocess", "requantize",  "fold-batch-norm",
                                       "biases",      "norms",      "rules",       NULL};
    ht_quantize_options *options = &r->out->recipe.options;
    ht__fields fields = {root, r->path, "the recipe"};
    const char *scheme = NULL;
    int kind = options->kind, codes = options->activations, rule = options->requantize;
    HT_TRY(ht__fields_known(&fields, keys, r->err));
    HT_TRY(read_word(&fields, "kind", kinds, &kind, r->err));
    HT_TRY(read_word(&fields, "activations", activations, &codes, r->err));
    HT_TRY(read_word(&fields, "requantize", requantizations, &rule, r->err));
    options->requantize = (ht_requantization)rule;
    options->kind = (ht_quantize_kind)kind;
    options->activations = (ht_activation_codes)codes;
    HT_TRY(ht__field_text(&fields, "scheme", &scheme, r->err));
    HT_TRY(scheme != NULL ? read_scheme(&fields, scheme, &options->scheme, r->err) : HT_OK);
    HT_TRY(read_range(&fields, r));
    HT_TRY(read_calibration(&fields, r));
    HT_TRY(read_preprocess(&fields, r));
    HT_TRY(ht__field_bool(&fields, "fold-batch-norm", &options->fold_batch_norm, r->err));
    HT_TRY(ht__field_bool(&fields, "biases", &options->quantize_biases, r->err));
    HT_TRY(ht__field_bool(&fields, "norms", &options->quantize_norms, r->err));
    return read_rules(&fields, r);
}

static ht_status load(ht_context *ctx, const char *path, owned_recipe *out, ht_error *err) {
    ht_file_view view;
    HT_TRY(ht__arena_create(&ctx->allocator, &out->arena, err));
    HT_TRY(ht__file_map(path, &view, err));
    json_t *root = NULL;
    ht_status status = view.size <= LARGEST_FILE
                           ? ht__yaml_read(path, (const char *)view.data, view.size, &root, err)
                           : ht__fail_at(err, HT_ERROR_LIMIT, path, "A recipe has at most %d bytes.", LARGEST_FILE);
    ht__file_unmap(&view);
    if (status == HT_OK) {
        reading r = {out, path, err};
        status = read_recipe(root, &r);
    }
    json_decref(root);
    return status;
}

ht_status ht_recipe_load(ht_context *ctx, const char *path, ht_recipe **out, ht_error *err) {
    owned_recipe *recipe = ht__calloc(&ctx->allocator, 1, sizeof *recipe);
    if (recipe == NULL) {
        return ht__fail_memory(err, sizeof *recipe);
    }
    ht_quantize_options_init(&recipe->recipe.options);
    ht_status status = load(ctx, path, recipe, err);
    if (status != HT_OK) {
        ht_recipe_destroy(ctx, &recipe->recipe);
        return status;
    }
    *out = &recipe->recipe;
    return HT_OK;
}

void ht_recipe_destroy(ht_context *ctx, ht_recipe *recipe) {
    if (recipe != NULL) {
        owned_recipe *owned = (owned_recipe *)(void *)recipe;
        if (owned->arena != NULL) {
            ht__arena_destroy(owned->arena);
        }
        ht__free(&ctx->allocator, owned);
    }
}

/* ---- writing ---- */

/* A text in double quotes, as YAML reads it. */
static void quote(ht_buffer *out, const char *text) {
    ht__buffer_text(out, "\"");
    for (; *text != '\0'; ++text) {
        if ((unsigned char)*text < 0x20) {
            ht__buffer_printf(out, "\\x%02x", (unsigned char)*text);
        } else {
            ht__buffer_printf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
        }
    }
    ht__buffer_text(out, "\"");
}

static void write_scheme(ht_buffer *out, const ht_scheme *scheme) {
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(scheme, text);
    quote(out, text);
}

/* The part of a scheme's text that says its range. */
static void write_range(ht_buffer *out, const ht_scheme *scheme) {
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(scheme, text);
    const char *range = strstr(text, "range=");
    ht__buffer_printf(out, "%.*s", (int)strcspn(range + 6, ","), range + 6);
}

static void write_rule(ht_buffer *out, const ht_layer_rule *rule) {
    static const char by_operator[] = "operator:", by_place[] = "layer:";
    bool op = strncmp(rule->pattern, by_operator, sizeof by_operator - 1) == 0;
    bool place = strncmp(rule->pattern, by_place, sizeof by_place - 1) == 0;
    ht__buffer_printf(out, "  - {%s: ", op ? "operator" : "layer");
    quote(out, rule->pattern + (op ? sizeof by_operator - 1 : place ? sizeof by_place - 1 : 0));
    if (rule->scheme == NULL) {
        ht__buffer_text(out, ", keep: float}\n");
        return;
    }
    ht__buffer_text(out, ", scheme: ");
    write_scheme(out, rule->scheme);
    ht__buffer_text(out, "}\n");
}

static void write_calibration(ht_buffer *out, const ht_recipe *recipe) {
    ht__buffer_text(out, "calibration: {data: ");
    quote(out, recipe->calibration);
    if (recipe->options.calibration_samples != 0) {
        ht__buffer_printf(out, ", samples: %zu", recipe->options.calibration_samples);
    }
    if (recipe->options.calibration_bf16) {
        ht__buffer_text(out, ", bf16: true");
    }
    ht__buffer_text(out, "}\n");
}

static void write_layers(ht_buffer *out, const ht_quantize_report *report) {
    ht__buffer_text(out, "# what became of each layer:\n");
    for (size_t i = 0; i < report->tensor_count; ++i) {
        const ht_quantize_tensor *t = &report->tensors[i];
        if (t->is_weight) {
            ht__buffer_printf(out, "#   %s: %s\n", t->layer, t->scheme != NULL ? t->scheme : "float");
        }
    }
    for (size_t i = 0; i < report->real_count; ++i) {
        ht__buffer_printf(out, "#   %s: computes on real numbers: %s\n", report->real[i].name, report->real[i].reason);
    }
}

ht_status ht_recipe_save(ht_context *ctx, const ht_recipe *recipe, const ht_quantize_report *report, const char *path,
                         bool overwrite, ht_error *err) {
    const ht_quantize_options *options = &recipe->options;
    ht_buffer out;
    ht__buffer_init(&out, &ctx->allocator);
    ht__buffer_printf(&out, "# halftone quantize MODEL --recipe THIS\nkind: %s\nscheme: ", kinds[options->kind]);
    write_scheme(&out, &options->scheme);
    ht__buffer_printf(&out, "\nactivations: %s\n", activations[options->activations]);
    if (options->activation_range != NULL) {
        ht__buffer_text(&out, "activation-range: ");
        write_range(&out, options->activation_range);
        ht__buffer_text(&out, "\n");
    }
    if (recipe->calibration != NULL) {
        write_calibration(&out, recipe);
    }
    if (recipe->preprocess != NULL) {
        ht__buffer_text(&out, "preprocess: ");
        quote(&out, recipe->preprocess);
        ht__buffer_text(&out, "\n");
    }
    if (options->requantize != HT_REQUANTIZE_AS_SOURCE) {
        ht__buffer_printf(&out, "requantize: %s\n", requantizations[options->requantize]);
    }
    ht__buffer_printf(&out, "fold-batch-norm: %s\nbiases: %s\nnorms: %s\n", options->fold_batch_norm ? "true" : "false",
                      options->quantize_biases ? "true" : "false", options->quantize_norms ? "true" : "false");
    ht__buffer_text(&out, options->rule_count != 0 ? "rules:\n" : "");
    for (size_t i = 0; i < options->rule_count; ++i) {
        write_rule(&out, &options->rules[i]);
    }
    if (report != NULL) {
        write_layers(&out, report);
    }
    ht_status status = out.failed ? ht__fail_memory(err, out.size)
                                  : ht__file_write(&ctx->allocator, path, overwrite, out.data, out.size, err);
    ht__buffer_free(&out);
    return status;
}
