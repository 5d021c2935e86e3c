#include "info_memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "verbs.h"

enum { MOST_ROWS = 40, BAR = 40, NAME = 32 };

static bool add_step(void *user, const ht_memory_step *step) {
    json_array_append_new(user,
                          json_pack("{s:s, s:s, s:I, s:I}", "name", step->name, "kernel", step->kernel, "live_bytes",
                                    (json_int_t)step->live_bytes, "scratch_bytes", (json_int_t)step->scratch_bytes));
    return true;
}

ht_status memory_measure(const ht_model *model, memory_report *out, ht_error *err) {
    out->steps = json_array();
    return ht_model_memory(model, 1, &out->info, add_step, out->steps, err);
}

void memory_release(memory_report *report) { json_decref(report->steps); }

static size_t live_at(const memory_report *report, size_t step) {
    return (size_t)json_integer_value(json_object_get(json_array_get(report->steps, step), "live_bytes"));
}

static const char *name_at(const memory_report *report, size_t step) {
    const char *name = json_string_value(json_object_get(json_array_get(report->steps, step), "name"));
    return name != NULL ? name : "";
}

/* "12.3 KiB" */
static const char *print_bytes(size_t bytes, char text[32]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024.0 && unit < 3) {
        value /= 1024.0;
        ++unit;
    }
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

/* At most MOST_ROWS rows; one that stands for several steps shows the fullest of them. */
static void print_chart(const memory_report *report) {
    const char *block = cli_terminal_is_utf8() ? "█" : "#";
    size_t steps = report->info.steps, per_row = (steps + MOST_ROWS - 1) / MOST_ROWS;
    size_t peak = live_at(report, report->info.peak_step);
    for (size_t first = 0; first < steps; first += per_row) {
        size_t fullest = first;
        for (size_t s = first; s < steps && s < first + per_row; ++s) {
            fullest = live_at(report, s) > live_at(report, fullest) ? s : fullest;
        }
        char bytes[32];
        size_t live = live_at(report, fullest), length = peak > 0 ? (live * BAR + peak / 2) / peak : 0;
        printf("  %-*.*s %10s  ", NAME, NAME, name_at(report, fullest), print_bytes(live, bytes));
        for (size_t k = 0; k < length; ++k) {
            fputs(block, stdout);
        }
        printf("\n");
    }
}

void memory_print(const memory_report *report) {
    const ht_memory_info *info = &report->info;
    char a[32], b[32];
    printf("\nmemory for one sample, with the kernels in plain C\n");
    printf("  %-12s%s, fullest at %s (%s alive)\n", "arena", print_bytes(info->arena_bytes, a),
           name_at(report, info->peak_step), print_bytes(live_at(report, info->peak_step), b));
    printf("  %-12s%s at most, in the arena\n", "scratch", print_bytes(info->scratch_bytes, a));
    printf("  %-12s%s in, %s out\n", "ends", print_bytes(info->input_bytes, a), print_bytes(info->output_bytes, b));
    printf("  %-12s%s in all\n", "RAM", print_bytes(info->ram_bytes, a));
    printf("  %-12s%s of constants, without code\n\n", "flash", print_bytes(info->constant_bytes, a));
    print_chart(report);
}

json_t *memory_json(const memory_report *report) {
    const ht_memory_info *info = &report->info;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "arena_bytes", (json_int_t)info->arena_bytes,
                     "scratch_bytes", (json_int_t)info->scratch_bytes, "input_bytes", (json_int_t)info->input_bytes,
                     "output_bytes", (json_int_t)info->output_bytes, "ram_bytes", (json_int_t)info->ram_bytes,
                     "constant_bytes", (json_int_t)info->constant_bytes, "peak_step", (json_int_t)info->peak_step,
                     "steps", report->steps);
}

/* ---- bounds ---- */

static bool parse_bytes(const char *text, size_t length, uint64_t *out) {
    char copy[32], *end;
    if (length == 0 || length >= sizeof copy || !isdigit((unsigned char)text[0])) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    uint64_t value = strtoull(copy, &end, 10);
    static const char prefixes[] = "KMG";
    const char *prefix = *end != '\0' ? strchr(prefixes, toupper((unsigned char)*end)) : NULL;
    unsigned shift = 0;
    if (prefix != NULL) {
        shift = 10 * (unsigned)(prefix - prefixes + 1);
        ++end;
    }
    *out = value << shift;
    return *end == '\0' && value > 0 && *out >> shift == value;
}

ht_status memory_bounds_parse(const char *text, memory_bounds *out, ht_error *err) {
    *out = (memory_bounds){0, 0};
    for (const char *part = text; *part != '\0';) {
        size_t length = strcspn(part, ",");
        bool ram = strncmp(part, "ram=", 4) == 0, flash = strncmp(part, "flash=", 6) == 0;
        size_t name = ram ? 4 : 6;
        if ((!ram && !flash) || !parse_bytes(part + name, length - name, ram ? &out->ram : &out->flash)) {
            return cli_fail(err, HT_ERROR_ARGUMENT,
                            "\"%.*s\" is no bound; --fits takes ram=BYTES,flash=BYTES, for example ram=256K,flash=1M.",
                            (int)length, part);
        }
        part += length + (part[length] == ',');
    }
    return out->ram != 0 || out->flash != 0
               ? HT_OK
               : cli_fail(err, HT_ERROR_ARGUMENT, "--fits names no bound; it takes ram=256K,flash=1M.");
}

ht_status memory_check(const memory_report *report, const memory_bounds *bounds, ht_error *err) {
    const ht_memory_info *info = &report->info;
    char need[32], have[32];
    if (bounds->ram != 0 && info->ram_bytes > bounds->ram) {
        return cli_fail(
            err, HT_ERROR_GATE, "One sample takes %s of RAM, more than the %s of --fits; the arena is fullest at %s.",
            print_bytes(info->ram_bytes, need), print_bytes(bounds->ram, have), name_at(report, info->peak_step));
    }
    if (bounds->flash != 0 && info->constant_bytes > bounds->flash) {
        return cli_fail(err, HT_ERROR_GATE, "The constants take %s, more than the %s of flash of --fits.",
                        print_bytes(info->constant_bytes, need), print_bytes(bounds->flash, have));
    }
    return HT_OK;
}
