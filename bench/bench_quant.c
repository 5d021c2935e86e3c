/* Speed of quantization on one core: GB of f32 input per second for each level set and rounding, and the seconds that
 * k-means and KDE take to fit 10 M weights.
 *
 *   bench_quant [--quick]     prints docs/speed-of-quantization.md (make speed): medians and ranges
 *
 * The weights are drawn from a normal distribution (seed 1, deviation 0.05). Time covers range, levels, codes or
 * values, and error statistics: all that ht__quantize_array does, into memory that is there already. It is processor
 * time of the one thread, so that other programs on the machine disturb it little.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "cpu/features.h"
#include "quant/array.h"

enum { REPETITIONS = 9, MOST = 10000000 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct bench {
    ht_context *ctx;
    const float *weights;
    float *values;
    size_t count;
    int repetitions;
} bench;

/* Sorted times of the repetitions; false when the scheme does not work. */
static bool measure(const bench *with, const char *text, double times[REPETITIONS]) {
    ht_scheme scheme;
    ht_error err;
    if (ht_scheme_parse(text, &scheme, &err) != HT_OK) {
        fprintf(stderr, "%s: %s\n", text, err.message);
        return false;
    }
    ht_array array = {.name = "weights", .values = with->weights, .rank = 1, .dims = &with->count, .channel_axis = -1};
    for (int i = -1; i < with->repetitions; ++i) {
        double begin = seconds();
        ht_quantized out;
        ht_quantize_outputs outputs = {.values = with->values};
        if (ht__quantize_array(with->ctx, &scheme, &array, &outputs, &out, &err) != HT_OK) {
            fprintf(stderr, "%s: %s\n", text, err.message);
            return false;
        }
        times[i < 0 ? 0 : i] = seconds() - begin;
        ht__quantized_free(with->ctx, &out);
    }
    qsort(times, (size_t)with->repetitions, sizeof *times, by_size);
    return true;
}

static void speed_row(const bench *with, const char *text) {
    double times[REPETITIONS];
    if (measure(with, text, times)) {
        double gigabytes = (double)with->count * sizeof(float) / 1e9;
        printf("| `%s` | %.2f | %.2f to %.2f |\n", text, gigabytes / times[with->repetitions / 2],
               gigabytes / times[with->repetitions - 1], gigabytes / times[0]);
    }
}

static void time_row(const bench *with, const char *text) {
    double times[REPETITIONS];
    if (measure(with, text, times)) {
        printf("| `%s` | %.2f | %.2f to %.2f |\n", text, times[with->repetitions / 2], times[0],
               times[with->repetitions - 1]);
    }
}

/* The processor's name as Linux gives it. */
static void print_processor(void) {
    char line[256], *name = NULL;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && name == NULL && fgets(line, sizeof line, file) != NULL) {
        name = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    char features[256];
    printf("Processor: %s; features: %s.\n\n", name != NULL ? strtok(name + 2, "\n") : "unknown",
           ht__cpu_print(ht__cpu_mask(), features, sizeof features));
}

static void print_head(const bench *with) {
    printf("# Speed of quantization\n\n"
           "Made by `make speed`.\n"
           "One thread, its processor time; seed 1, normal weights of deviation 0.05. GB of f32 input per second: the\n"
           "time covers range, levels, dequantized values and error statistics.\n\n");
    print_processor();
    printf("| scheme (%.0f M weights) | GB/s | range of %d |\n|---|---|---|\n", (double)with->count / 1e6,
           with->repetitions);
}

static void fill(float *weights, size_t count) {
    ht_rng rng = {.seed = 1};
    for (size_t i = 0; i < count; ++i) {
        weights[i] = (float)(0.05 * ht__rng_normal(&rng));
    }
}

int main(int argc, char **argv) {
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    float *weights = malloc(MOST * sizeof *weights), *values = malloc(MOST * sizeof *values);
    bench with = {.weights = weights, .values = values, .repetitions = quick ? 3 : REPETITIONS};
    if (weights == NULL || values == NULL ||
        ht_context_create(&(ht_context_options){.threads = 1}, &with.ctx, NULL) != HT_OK) {
        return 1;
    }
    fill(weights, MOST);
    static const char *const fast[] = {
        "affine,bits=8",
        "affine,bits=4",
        "symmetric,bits=8",
        "power-of-two,bits=8",
        "mid-rise,bits=8",
        "affine,round=stochastic",
        "affine,round=dithered",
        "symmetric,granularity=block:64",
        "symmetric,granularity=block:32",
        "f16",
        "bf16",
        "minifloat:e4m3",
        "mxfp4",
        "nf4",
        "uniform-range,bits=4",
        "uniform-range,bits=8",
        "uniform-range,bits=16",
        "prior-normal,bits=8",
        "prior-normal,bits=12",
        "prior-normal,bits=16",
        "stochastic/normal,bits=16",
        "normal-float,bits=16",
        "logarithmic,bits=8",
    };
    with.count = quick ? MOST / 10 : MOST / 2;
    print_head(&with);
    for (size_t i = 0; i < sizeof fast / sizeof fast[0]; ++i) {
        speed_row(&with, fast[i]);
    }
    static const char *const fits[] = {
        "k-means,bits=2",
        "k-means,bits=4",
        "k-means,bits=8",
        "k-means,bits=16",
        "kde,bits=4",
        "kde,bits=8",
        "kde,bits=16",
        "affine,range=mse,bits=4",
        "affine,range=percentile:99.9,bits=4",
    };
    with.count = MOST;
    with.repetitions = 3;
    printf("\n| fit and quantize 10 M weights | seconds | range of 3 |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; ++i) {
        time_row(&with, fits[i]);
    }
    ht_context_destroy(with.ctx);
    free(weights);
    free(values);
    return 0;
}
