/* halftone-run: runs a plan, on libhalftone_rt alone. What a device gets, and what start-up and memory are measured
 * with.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/npy.h"
#include "halftone/run.h"

#define MOST_INPUTS 64
#define MOST_REPEATS 1000000

typedef struct settings {
    const char *plan, *output_dir;
    const char *inputs[MOST_INPUTS]; /* NAME=FILE */
    size_t input_count;
    int64_t repeat, threads;
    bool check, force;
} settings;

static const char usage[] =
    "halftone-run PLAN [options]\n"
    "\n"
    "Runs a plan that `halftone compile` made, and prints how long that took.\n"
    "\n"
    "  --input NAME=FILE  an input from FILE: .npy, or its bytes as they are; inputs that are not given are zeros\n"
    "  --output-dir DIR   write each output to DIR/NAME.npy\n"
    "  --force            replace files that exist\n"
    "  --repeat N         run N times more and print the median (0)\n"
    "  --threads N        threads to run with (1)\n"
    "  --check            compare the checksum of all constants first\n"
    "  --help, --version\n";

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- the command line ---- */

static ht_status parse_number(const char *option, const char *text, int64_t low, int64_t high, int64_t *out,
                              ht_error *err) {
    return ht__parse_int64(text, out) && *out >= low && *out <= high
               ? HT_OK
               : ht__fail(err, HT_ERROR_ARGUMENT, "%s takes a number from %lld to %lld, not '%.60s'.", option,
                          (long long)low, (long long)high, text);
}

static ht_status parse_value(settings *s, const char *option, const char *value, ht_error *err) {
    if (strcmp(option, "--input") == 0) {
        if (s->input_count == MOST_INPUTS) {
            return ht__fail(err, HT_ERROR_ARGUMENT, "There are more than %d inputs.", MOST_INPUTS);
        }
        s->inputs[s->input_count++] = value;
        return HT_OK;
    }
    if (strcmp(option, "--output-dir") == 0) {
        s->output_dir = value;
        return HT_OK;
    }
    return strcmp(option, "--repeat") == 0 ? parse_number(option, value, 0, MOST_REPEATS, &s->repeat, err)
                                           : parse_number(option, value, 1, 256, &s->threads, err);
}

static ht_status parse(int argc, char **argv, settings *s, ht_error *err) {
    static const char *const with_value[] = {"--input", "--output-dir", "--repeat", "--threads"};
    *s = (settings){.threads = 1};
    for (int i = 1; i < argc; ++i) {
        bool takes = false;
        for (size_t k = 0; k < sizeof with_value / sizeof with_value[0]; ++k) {
            takes = takes || strcmp(argv[i], with_value[k]) == 0;
        }
        if (takes && i + 1 == argc) {
            return ht__fail(err, HT_ERROR_ARGUMENT, "%s needs a value.", argv[i]);
        }
        if (takes) {
            HT_TRY(parse_value(s, argv[i], argv[i + 1], err));
            ++i;
        } else if (strcmp(argv[i], "--check") == 0) {
            s->check = true;
        } else if (strcmp(argv[i], "--force") == 0) {
            s->force = true;
        } else if (argv[i][0] == '-' || s->plan != NULL) {
            return ht__fail(err, HT_ERROR_ARGUMENT, "'%.60s' is not known; see --help.", argv[i]);
        } else {
            s->plan = argv[i];
        }
    }
    return s->plan != NULL ? HT_OK : ht__fail(err, HT_ERROR_ARGUMENT, "No plan is named; see --help.");
}

/* ---- inputs and outputs ---- */

/* A run's memory; everything belongs to it. */
typedef struct bench {
    const settings *settings;
    ht_plan *plan;
    ht_context *ctx;
    ht_tensor inputs[MOST_INPUTS];
    ht_file_view files[MOST_INPUTS];
    void *owned[MOST_INPUTS]; /* zeros for inputs that are not given */
    size_t input_count, output_count;
    void **outputs, *arena;
    size_t arena_bytes;
} bench;

static ht_status take_npy(const ht_plan_end *end, const char *path, const ht_file_view *file, ht_tensor *out,
                          ht_error *err) {
    ht_npy npy;
    HT_TRY(ht__npy_parse(file->data, file->size, path, &npy, err));
    bool raw = npy.desc.type == HT_NONE && npy.element == ht_type_bytes(end->type);
    if (npy.big_endian && npy.element > 1) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, path, "The numbers of this file are big-endian.");
    }
    out->type = raw ? end->type : npy.desc.type;
    out->rank = npy.desc.rank;
    memcpy(out->dims, npy.desc.dims, sizeof out->dims);
    out->data = file->data + npy.offset;
    return HT_OK;
}

static ht_status take_bytes(const ht_plan_end *end, const char *path, const ht_file_view *file, ht_tensor *out,
                            ht_error *err) {
    if (file->size != end->bytes) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, path, "The file has %zu bytes, but the input %.60s has %zu.",
                           file->size, end->name, end->bytes);
    }
    out->data = file->data;
    return HT_OK;
}

/* The file for an input; NULL: none is given. */
static const char *file_of(const settings *s, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < s->input_count; ++i) {
        if (strncmp(s->inputs[i], name, length) == 0 && s->inputs[i][length] == '=') {
            return s->inputs[i] + length + 1;
        }
    }
    return NULL;
}

static ht_status take_input(bench *b, size_t index, const ht_plan_end *end, ht_error *err) {
    const char *path = file_of(b->settings, end->name);
    ht_tensor *input = &b->inputs[index];
    *input = (ht_tensor){.name = end->name, .type = end->type, .rank = end->rank};
    memcpy(input->dims, end->dims, sizeof input->dims);
    if (path == NULL) {
        b->owned[index] = calloc(1, end->bytes + 1); /* not written to, zeros of the system take no memory */
        input->data = b->owned[index];
        return input->data != NULL ? HT_OK : ht__fail_memory(err, end->bytes);
    }
    HT_TRY(ht__file_map(path, &b->files[index], err));
    const char *ending = strrchr(path, '.');
    return ending != NULL && strcmp(ending, ".npy") == 0 ? take_npy(end, path, &b->files[index], input, err)
                                                         : take_bytes(end, path, &b->files[index], input, err);
}

static ht_status check_names(const bench *b, ht_error *err) {
    for (size_t k = 0; k < b->settings->input_count; ++k) {
        bool known = false;
        for (size_t i = 0; i < b->input_count; ++i) {
            size_t length = strlen(b->inputs[i].name);
            known = known || (strncmp(b->settings->inputs[k], b->inputs[i].name, length) == 0 &&
                              b->settings->inputs[k][length] == '=');
        }
        if (!known) {
            return ht__fail(err, HT_ERROR_ARGUMENT, "--input takes NAME=FILE with a name of the plan, not '%.100s'.",
                            b->settings->inputs[k]);
        }
    }
    return HT_OK;
}

static ht_status take_memory(bench *b, ht_error *err) {
    ht_plan_end end;
    for (; b->input_count < MOST_INPUTS && ht_plan_input(b->plan, b->input_count, &end); ++b->input_count) {
        HT_TRY(take_input(b, b->input_count, &end, err));
    }
    HT_TRY(check_names(b, err));
    while (ht_plan_output(b->plan, b->output_count, &end)) {
        ++b->output_count;
    }
    b->outputs = ht__calloc(&ht__system_allocator, b->output_count + 1, sizeof *b->outputs);
    for (size_t i = 0; b->outputs != NULL && ht_plan_output(b->plan, i, &end); ++i) {
        b->outputs[i] = ht__calloc(&ht__system_allocator, 1, end.bytes + 1);
        if (b->outputs[i] == NULL) {
            return ht__fail_memory(err, end.bytes);
        }
    }
    b->arena_bytes = ht_plan_memory_of(b->plan).arena_bytes;
    b->arena = ht__alloc(&ht__system_allocator, b->arena_bytes);
    return b->outputs != NULL && b->arena != NULL ? HT_OK : ht__fail_memory(err, b->arena_bytes);
}

static void release(bench *b) {
    for (size_t i = 0; i < MOST_INPUTS; ++i) {
        free(b->owned[i]);
        ht__file_unmap(&b->files[i]);
    }
    for (size_t i = 0; b->outputs != NULL && i < b->output_count; ++i) {
        ht__free(&ht__system_allocator, b->outputs[i]);
    }
    ht__free(&ht__system_allocator, b->outputs);
    ht__free(&ht__system_allocator, b->arena);
    ht_plan_close(b->plan);
    ht_context_destroy(b->ctx);
}

/* DIR/NAME.npy; characters of the name that are no part of a plain file name become underscores. */
static ht_status write_output(const bench *b, const ht_plan_end *end, const void *data, ht_error *err) {
    char path[4096];
    ht_tensor_desc desc = {.type = end->type, .rank = end->rank};
    memcpy(desc.dims, end->dims, sizeof desc.dims);
    int length = snprintf(path, sizeof path, "%s/%s.npy", b->settings->output_dir, end->name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return ht__fail_at(err, HT_ERROR_LIMIT, end->name, "The path of this output is too long.");
    }
    for (char *at = path + strlen(b->settings->output_dir) + 1; *at != '\0'; ++at) {
        *at = (unsigned char)*at > ' ' && strchr("/\\:*?\"<>|", *at) == NULL ? *at : '_';
    }
    HT_TRY(ht__make_folders(b->settings->output_dir, err));
    return ht__npy_write(&ht__system_allocator, path, b->settings->force, &desc, data, err);
}

static ht_status report_outputs(const bench *b, ht_error *err) {
    ht_plan_end end;
    for (size_t i = 0; ht_plan_output(b->plan, i, &end); ++i) {
        char shape[128];
        ht_tensor_desc desc = {.type = end.type, .rank = end.rank};
        memcpy(desc.dims, end.dims, sizeof desc.dims);
        printf("%s %s checksum %016llx\n", end.name, ht__desc_print(&desc, shape, sizeof shape),
               (unsigned long long)ht__checksum_of(b->outputs[i], end.bytes));
        if (b->settings->output_dir != NULL) {
            HT_TRY(write_output(b, &end, b->outputs[i], err));
        }
    }
    return HT_OK;
}

/* ---- running ---- */

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static ht_status repeat(const bench *b, const ht_plan_buffers *buffers, ht_error *err) {
    size_t count = (size_t)b->settings->repeat;
    double *times = ht__calloc(&ht__system_allocator, count, sizeof *times);
    ht_status status = times != NULL ? HT_OK : ht__fail_memory(err, count * sizeof *times);
    for (size_t i = 0; i < count && status == HT_OK; ++i) {
        double begin = now();
        status = ht_plan_run(b->plan, b->ctx, buffers, err);
        times[i] = now() - begin;
    }
    if (status == HT_OK) {
        qsort(times, count, sizeof *times, by_value);
        printf("median of %zu runs %.4f ms, fastest %.4f ms\n", count, 1e3 * times[count / 2], 1e3 * times[0]);
    }
    ht__free(&ht__system_allocator, times);
    return status;
}

static ht_status run(bench *b, double begin, ht_error *err) {
    ht_context_options options = {.threads = (unsigned)b->settings->threads};
    HT_TRY(ht_context_create(&options, &b->ctx, err));
    HT_TRY(ht_plan_open(b->ctx, b->settings->plan, &b->plan, err));
    double opened = now();
    if (b->settings->check) {
        HT_TRY(ht_plan_verify(b->plan, err));
    }
    HT_TRY(take_memory(b, err));
    ht_plan_buffers buffers = {
        .inputs = b->inputs, .outputs = b->outputs, .arena = b->arena, .arena_bytes = b->arena_bytes};
    double ready = now();
    HT_TRY(ht_plan_run(b->plan, b->ctx, &buffers, err));
    double done = now();
    HT_TRY(report_outputs(b, err));
    printf("opened in %.3f ms, first run %.3f ms, %.3f ms in all\n", 1e3 * (opened - begin), 1e3 * (done - ready),
           1e3 * (done - begin));
    return b->settings->repeat > 0 ? repeat(b, &buffers, err) : HT_OK;
}

int main(int argc, char **argv) {
    double begin = now();
    settings chosen;
    ht_error err = {.offset = -1};
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("halftone-run %s\n", ht_version());
            return 0;
        }
    }
    if (parse(argc, argv, &chosen, &err) != HT_OK) {
        fprintf(stderr, "halftone-run: %s\n", err.message);
        return 2;
    }
    bench b = {.settings = &chosen};
    ht_status status = run(&b, begin, &err);
    if (status != HT_OK) {
        fprintf(stderr, "halftone-run: %s%s%s\n", err.where, err.where[0] != '\0' ? ": " : "", err.message);
    }
    release(&b);
    if (fflush(stdout) != 0 && status == HT_OK) {
        fprintf(stderr, "halftone-run: the results cannot be written: %s\n", strerror(errno));
        status = HT_ERROR_IO;
    }
    return status == HT_OK ? 0 : status == HT_ERROR_UNSUPPORTED ? 3 : 1;
}
