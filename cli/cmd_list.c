/* halftone list: what schemes, number formats, architectures, data sets and operators there are; how a number is
 * stored in a format. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "halftone/data.h"
#include "halftone/model.h"
#include "halftone/quantize.h"
#include "halftone/train.h"
#include "table.h"
#include "verbs.h"

typedef struct list_settings {
    const char *what, *name;
    double explain;
} list_settings;

/* A list on its way out: a table for people, an array for programs. */
typedef struct listing {
    bool json;
    json_t *array;
    cli_table table;
} listing;

static void begin_columns(listing *list, bool json, const char *const *headings, size_t count) {
    *list = (listing){.json = json, .array = json ? json_array() : NULL};
    if (!json) {
        cli_table_begin(&list->table, headings, count);
    }
}

static void begin(listing *list, bool json, const char *heading) {
    begin_columns(list, json, (const char *const[]){heading, "WHAT"}, 2);
}

static void add(listing *list, const char *name, const char *summary) {
    if (list->json) {
        json_array_append_new(list->array, json_pack("{s:s, s:s}", "name", name, "summary", summary));
        return;
    }
    cli_table_cell(&list->table, "%s", name);
    cli_table_cell(&list->table, "%s", summary);
}

/* Prints the table; hands the array to *object under `key`. */
static ht_status end(listing *list, json_t *object, const char *key, ht_error *err) {
    if (list->json) {
        return json_object_set_new(object, key, list->array) == 0
                   ? HT_OK
                   : cli_fail(err, HT_ERROR_MEMORY, "There is no memory for the list.");
    }
    return cli_table_print(&list->table, stdout, err);
}

/* ---- schemes ---- */

static ht_status list_choice(ht_choice choice, const char *heading, const char *key, bool json, json_t *object,
                             ht_error *err) {
    listing list;
    const char *name, *summary;
    begin(&list, json, heading);
    for (size_t i = 0; ht_choice_at(choice, i, &name, &summary); ++i) {
        add(&list, name, summary);
    }
    ht_status status = end(&list, object, key, err);
    if (!json) {
        printf("\n");
    }
    return status;
}

/* Widths of one kind share a line: "int2 to int16". */
static ht_status list_formats(bool json, json_t *object, ht_error *err) {
    listing list;
    const char *name, *summary, *next_name, *next_summary;
    begin(&list, json, "FORMAT");
    for (size_t i = 0; ht_format_at(i, &name, &summary); ++i) {
        const char *last = name;
        while (!json && ht_format_at(i + 1, &next_name, &next_summary) && next_summary == summary) {
            last = next_name;
            ++i;
        }
        char names[48];
        snprintf(names, sizeof names, last == name ? "%s" : "%s to %s", name, last);
        add(&list, names, summary);
    }
    return end(&list, object, "formats", err);
}

static ht_status list_schemes(bool json, json_t *object, ht_error *err) {
    static const struct {
        ht_choice choice;
        const char *heading, *key;
    } lists[] = {{HT_CHOICE_PRESET, "PRESET", "presets"},
                 {HT_CHOICE_LEVELS, "LEVELS", "levels"},
                 {HT_CHOICE_ROUND, "ROUND", "round"},
                 {HT_CHOICE_GRANULARITY, "GRANULARITY", "granularity"},
                 {HT_CHOICE_RANGE, "RANGE", "range"}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
        ht_status status = list_choice(lists[i].choice, lists[i].heading, lists[i].key, json, object, err);
        if (status != HT_OK) {
            return status;
        }
    }
    ht_status status = list_formats(json, object, err);
    if (status == HT_OK && !json) {
        printf("\nA preset with a change: int8,granularity=block:64. A number in a format: halftone list schemes f16 "
               "--explain 0.1\n");
    }
    return status;
}

/* ---- one scheme or format ---- */

/* "0 01011 1001100110", its fields named below. */
static void draw_bits(const ht_format_explanation *e) {
    const struct {
        const char *name;
        uint32_t width;
    } fields[] = {{"sign", e->sign_bits},
                  {"exponent", e->exponent_bits},
                  {e->exponent_bits > 0 ? "mantissa"
                   : e->sign_bits > 0   ? "digits"
                                        : "code",
                   e->mantissa_bits}};
    char bits[64] = "  ", names[96] = "  ";
    uint32_t place = e->bits;
    for (size_t i = 0; i < 3; ++i) {
        uint32_t width = fields[i].width, column = (uint32_t)strlen(fields[i].name);
        if (width == 0) {
            continue;
        }
        column = column > width ? column : width;
        char digits[33];
        for (uint32_t k = 0; k < width; ++k) {
            digits[k] = e->code >> --place & 1 ? '1' : '0';
        }
        digits[width] = '\0';
        size_t used = strlen(bits), named = strlen(names);
        snprintf(bits + used, sizeof bits - used, "%-*s  ", (int)column, digits);
        snprintf(names + named, sizeof names - named, "%-*s  ", (int)column, fields[i].name);
    }
    printf("%s\n%s\n", bits, names);
}

/* The value spelled out from its fields. */
static void print_formula(const ht_format_explanation *e) {
    uint32_t fraction = e->code & ((1u << e->mantissa_bits) - 1);
    uint32_t exponent = e->code >> e->mantissa_bits & ((1u << e->exponent_bits) - 1);
    if (e->exponent_bits == 0 || !isfinite(e->stored)) {
        return;
    }
    int power = (exponent > 0 ? (int)exponent : 1) - e->exponent_bias;
    printf("  = %s2^%d x (%s + %u/%u)\n", e->stored < 0.0 ? "-" : "", power, exponent > 0 ? "1" : "0", fraction,
           1u << e->mantissa_bits);
}

static ht_status explain_format(const char *name, double value, bool json, ht_error *err) {
    ht_format_explanation e;
    ht_status status = ht_format_explain(name, value, &e, err);
    if (status != HT_OK) {
        return status;
    }
    if (json) {
        json_t *body =
            json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:I}", "format", e.format, "bits", (int)e.bits, "sign_bits",
                      (int)e.sign_bits, "exponent_bits", (int)e.exponent_bits, "mantissa_bits", (int)e.mantissa_bits,
                      "exponent_bias", (int)e.exponent_bias, "code", (json_int_t)e.code);
        json_object_set_new(body, "value", json_real(value));
        json_object_set_new(body, "stored", isfinite(e.stored) ? json_real(e.stored) : json_null());
        json_object_set_new(body, "error", isfinite(e.error) ? json_real(e.error) : json_null());
        return cli_print_json("halftone-explain", 1, body, err);
    }
    printf("%s: %s\n\n", e.format, e.summary);
    draw_bits(&e);
    printf("\n  code      0x%0*x\n  stored    %.9g\n", (int)(e.bits + 3) / 4, e.code, e.stored);
    print_formula(&e);
    printf("  asked     %.9g\n  error     %.3g", value, e.error);
    if (value != 0.0 && isfinite(e.error)) {
        printf("   (%.3g %%)", 100.0 * e.error / value);
    }
    printf("\n\n  largest   %.9g\n  error is at most %s\n  zero: %s; NaN: %s; beyond the largest: %s\n", e.largest,
           e.error_bound, e.zero, e.nan, e.beyond);
    return HT_OK;
}

static ht_status describe_scheme(const char *name, bool json, ht_error *err) {
    ht_scheme scheme;
    ht_status status = ht_scheme_parse(name, &scheme, err);
    if (status != HT_OK) {
        return status;
    }
    char text[HT_SCHEME_TEXT];
    ht_scheme_print(&scheme, text);
    if (json) {
        return cli_print_json("halftone-scheme", 1, json_pack("{s:s, s:s}", "name", name, "text", text), err);
    }
    const struct {
        ht_choice choice;
        const char *heading, *chosen;
    } parts[] = {{HT_CHOICE_LEVELS, "levels", scheme.levels},
                 {HT_CHOICE_ROUND, "round", scheme.round},
                 {HT_CHOICE_GRANULARITY, "granularity", scheme.granularity},
                 {HT_CHOICE_RANGE, "range", scheme.range}};
    printf("%s\n\n", text);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        const char *candidate, *summary;
        for (size_t k = 0; ht_choice_at(parts[i].choice, k, &candidate, &summary); ++k) {
            if (strcmp(candidate, parts[i].chosen) == 0) {
                printf("  %-12s %-16s %s\n", parts[i].heading, candidate, summary);
            }
        }
    }
    printf("  %-12s %u%s\n", "bits", scheme.bits, ht_scheme_fixed_bits(&scheme) != 0 ? " (always)" : "");
    return HT_OK;
}

static bool is_format(const char *name) {
    const char *candidate;
    for (size_t i = 0; ht_format_at(i, &candidate, NULL); ++i) {
        if (strcmp(candidate, name) == 0) {
            return true;
        }
    }
    return false;
}

static ht_status show_one(const list_settings *settings, bool json, ht_error *err) {
    ht_status status;
    if (!isnan(settings->explain)) {
        status = explain_format(settings->name, settings->explain, json, err);
    } else if (is_format(settings->name)) {
        status = explain_format(settings->name, 0.1, json, err);
    } else {
        status = describe_scheme(settings->name, json, err);
    }
    return status == HT_ERROR_NOT_FOUND ? HT_ERROR_ARGUMENT : status;
}

/* ---- the other lists ---- */

static bool add_dataset(void *user, const ht_dataset_entry *entry) {
    add(user, entry->name, entry->title);
    return true;
}

static ht_status list_data(cli_session *session, bool json, json_t *object, ht_error *err) {
    listing list;
    begin(&list, json, "DATA");
    ht_status status = ht_dataset_list(session->context, session->common.data_dir, add_dataset, &list, err);
    if (status != HT_OK) {
        json_decref(list.array);
        cli_table_release(&list.table);
        return status;
    }
    return end(&list, object, "data", err);
}

static ht_status list_archs(bool json, json_t *object, ht_error *err) {
    listing list;
    begin(&list, json, "ARCHITECTURE");
    for (size_t i = 0; i < ht_arch_count(); ++i) {
        add(&list, ht_arch_at(i)->name, ht_arch_at(i)->summary);
    }
    return end(&list, object, "archs", err);
}

static ht_status list_ops(bool json, json_t *object, ht_error *err) {
    ht_operator_info op;
    listing list;
    begin_columns(&list, json, (const char *const[]){"OPERATOR", "SINCE", "ON CODES", "GRADIENT"}, 4);
    for (size_t i = 0; ht_operator_at(i, &op); ++i) {
        if (json) {
            json_array_append_new(list.array,
                                  json_pack("{s:s, s:I, s:b, s:b}", "name", op.name, "since", (json_int_t)op.since,
                                            "integer", (int)op.has_integer, "gradient", (int)op.has_gradient));
            continue;
        }
        cli_table_cell(&list.table, "%s", op.name);
        if (op.since != 0) {
            cli_table_cell(&list.table, "%" PRId64, op.since);
        } else {
            cli_table_cell(&list.table, "%s", "");
        }
        cli_table_cell(&list.table, "%s", op.has_integer ? "yes" : "");
        cli_table_cell(&list.table, "%s", op.has_gradient ? "yes" : "");
    }
    return end(&list, object, "ops", err);
}

static ht_status list_kernels(bool json, json_t *object, ht_error *err) {
    const char *family, *name;
    listing list;
    begin_columns(&list, json, (const char *const[]){"KERNEL", "FAMILY"}, 2);
    for (size_t i = 0; ht_kernel_at(i, &family, &name); ++i) {
        if (json) {
            json_array_append_new(list.array, json_pack("{s:s, s:s}", "name", name, "family", family));
            continue;
        }
        cli_table_cell(&list.table, "%s", name);
        cli_table_cell(&list.table, "%s", family);
    }
    return end(&list, object, "kernels", err);
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const list_settings *settings = given;
    bool json = session->common.json, schemes = strcmp(settings->what, "schemes") == 0;
    if (!schemes && (settings->name != NULL || !isnan(settings->explain))) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "Only schemes can be looked at one by one.");
    }
    if (settings->name == NULL && !isnan(settings->explain)) {
        return cli_fail(err, HT_ERROR_ARGUMENT,
                        "--explain needs a format, as in: halftone list schemes f16 --explain 0.1");
    }
    if (settings->name != NULL) {
        return show_one(settings, json, err);
    }
    json_t *object = json ? json_object() : NULL;
    ht_status status = schemes                                ? list_schemes(json, object, err)
                       : strcmp(settings->what, "archs") == 0 ? list_archs(json, object, err)
                       : strcmp(settings->what, "data") == 0  ? list_data(session, json, object, err)
                       : strcmp(settings->what, "ops") == 0   ? list_ops(json, object, err)
                                                              : list_kernels(json, object, err);
    if (!json || status != HT_OK) {
        json_decref(object);
        return status;
    }
    return cli_print_json("halftone-list", 1, object, err);
}

#define AT(member) offsetof(list_settings, member)
static const char *const subjects[] = {"schemes", "archs", "data", "ops", "kernels", NULL};
static const cli_option options[] = {
    {.name = "WHAT",
     .positional = true,
     .required = true,
     .kind = CLI_CHOICE,
     .offset = AT(what),
     .choices = subjects,
     .help = "schemes, archs, data, ops or kernels"},
    {.name = "NAME",
     .positional = true,
     .kind = CLI_TEXT,
     .offset = AT(name),
     .help = "one scheme, or one number format"},
    {.name = "explain",
     .kind = CLI_NUMBER,
     .offset = AT(explain),
     .value = "X",
     .otherwise = "0.1 for a format",
     .low = -3.4e38,
     .high = 3.4e38,
     .help = "draw how the number is stored in the format"},
    {0},
};

const cli_verb cmd_list = {
    .name = "list",
    .stage = "Data",
    .summary = "list schemes, architectures, data sets, operators and kernels; show how a format stores a number",
    .examples = {{"halftone list schemes", "presets, their four choices, number formats"},
                 {"halftone list schemes f16 --explain 0.1", "sign, exponent, mantissa, stored value and error"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_DATA_DIR,
    .settings_size = sizeof(list_settings),
    .run = run,
};
