#include "info_memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "verbs.h"

enum { MOST_ROWS = 40, BAR = 40, NAME = 32 };

/* What the visitor gathers: the steps in at most MOST_ROWS rows, each named after its fullest step. */
typedef struct row {
    char name[NAME + 1];
    size_t live;
} row;

typedef struct chart {
    size_t steps; /* in all: known from a first visit */
    size_t seen, rows, peak;
    row row[MOST_ROWS];
    char peak_name[256];
} chart;

static bool count_step(void *user, const ht_memory_step *step) {
    (void)step;
    ++((chart *)user)->steps;
    return true;
}

static bool add_step(void *user, const ht_memory_step *step) {
    chart *c = user;
    size_t per_row = (c->steps + MOST_ROWS - 1) / MOST_ROWS, index = c->seen++ / per_row;
    row *r = &c->row[index];
    if (index >= c->rows || step->live_bytes > r->live) {
        snprintf(r->name, sizeof r->name, "%.*s", NAME, step->name);
        r->live = step->live_bytes;
        c->rows = index + 1;
    }
    if (step->live_bytes > c->peak || c->seen == 1) {
        c->peak = step->live_bytes;
        snprintf(c->peak_name, sizeof c->peak_name, "%s", step->name);
    }
    return true;
}

static ht_status measure(const ht_model *model, ht_memory_info *info, chart *c, ht_error *err) {
    memset(c, 0, sizeof *c);
    ht_status status = ht_model_memory(model, 1, info, count_step, c, err);
    return status == HT_OK ? ht_model_memory(model, 1, info, add_step, c, err) : status;
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

ht_status memory_print(const ht_model *model, ht_error *err) {
    ht_memory_info info;
    chart c;
    ht_status status = measure(model, &info, &c, err);
    if (status != HT_OK) {
        return status;
    }
    char a[32], b[32];
    printf("\nmemory for one sample, with the kernels in plain C\n");
    printf("  %-12s%s, fullest at %s (%s alive)\n", "arena", print_bytes(info.arena_bytes, a), c.peak_name,
           print_bytes(c.peak, b));
    printf("  %-12s%s\n", "scratch", print_bytes(info.scratch_bytes, a));
    printf("  %-12s%s in, %s out\n", "ends", print_bytes(info.input_bytes, a), print_bytes(info.output_bytes, b));
    printf("  %-12s%s in all\n", "RAM", print_bytes(info.ram_bytes, a));
    printf("  %-12s%s of constants, without code\n\n", "flash", print_bytes(info.constant_bytes, a));
    const char *block = cli_terminal_is_utf8() ? "█" : "#";
    for (size_t i = 0; i < c.rows; ++i) {
        printf("  %-*s %10s  ", NAME, c.row[i].name, print_bytes(c.row[i].live, a));
        size_t length = c.peak > 0 ? (c.row[i].live * BAR + c.peak / 2) / c.peak : 0;
        for (size_t k = 0; k < length; ++k) {
            fputs(block, stdout);
        }
        printf("\n");
    }
    return HT_OK;
}

static bool add_step_json(void *user, const ht_memory_step *step) {
    json_array_append_new(user,
                          json_pack("{s:s, s:s, s:I, s:I}", "name", step->name, "kernel", step->kernel, "live_bytes",
                                    (json_int_t)step->live_bytes, "scratch_bytes", (json_int_t)step->scratch_bytes));
    return true;
}

ht_status memory_json(const ht_model *model, json_t **out, ht_error *err) {
    ht_memory_info info;
    json_t *steps = json_array();
    ht_status status = ht_model_memory(model, 1, &info, add_step_json, steps, err);
    if (status != HT_OK) {
        json_decref(steps);
        return status;
    }
    *out = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "arena_bytes", (json_int_t)info.arena_bytes,
                     "scratch_bytes", (json_int_t)info.scratch_bytes, "input_bytes", (json_int_t)info.input_bytes,
                     "output_bytes", (json_int_t)info.output_bytes, "ram_bytes", (json_int_t)info.ram_bytes,
                     "constant_bytes", (json_int_t)info.constant_bytes, "peak_step", (json_int_t)info.peak_step,
                     "steps", steps);
    return *out != NULL ? HT_OK : cli_fail(err, HT_ERROR_MEMORY, "There is not enough memory for the report.");
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

ht_status memory_check(const ht_model *model, const memory_bounds *bounds, ht_error *err) {
    ht_memory_info info;
    chart c;
    ht_status status = measure(model, &info, &c, err);
    if (status != HT_OK) {
        return status;
    }
    char need[32], have[32];
    if (bounds->ram != 0 && info.ram_bytes > bounds->ram) {
        return cli_fail(err, HT_ERROR_GATE,
                        "One sample takes %s of RAM, more than the %s of --fits; the arena is fullest at %s.",
                        print_bytes(info.ram_bytes, need), print_bytes(bounds->ram, have), c.peak_name);
    }
    if (bounds->flash != 0 && info.constant_bytes > bounds->flash) {
        return cli_fail(err, HT_ERROR_GATE, "The constants take %s, more than the %s of flash of --fits.",
                        print_bytes(info.constant_bytes, need), print_bytes(bounds->flash, have));
    }
    return HT_OK;
}
