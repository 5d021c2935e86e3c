/* Measuring how long models take, side by side, so that the machine's moods meet all of them alike. */
#ifndef HALFTONE_BENCH_H
#define HALFTONE_BENCH_H

#include "halftone/model.h"
#include "halftone/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_bench_options {
    double seconds;  /* of measuring per model; 0: 2 */
    int64_t batch;   /* samples of a run; 0: 1 */
    uint64_t seed;   /* of the inputs, which are random */
    bool simulate;   /* quantized models in float with rounded values, not in integers */
    bool allow_bf16; /* f32 products from bf16 operands, where the processor has them */
} ht_bench_options;

/* A quantity with the 95 % interval of its median, from order statistics (Conover, Practical Nonparametric Statistics,
 * section 3.2): nothing is assumed of the distribution. */
typedef struct ht_median {
    double median, low, high;
} ht_median;

typedef struct ht_bench_result {
    ht_median seconds; /* of one run */
    double least;      /* the fastest run: what a quiet machine would give */
    ht_median ratio;   /* to the first model, round by round; 1 for the first itself */
    uint64_t runs, rounds;
    int64_t macs;                        /* multiplications of one run */
    size_t constant_bytes, memory_bytes; /* weights as packed; arena and scratch of a run */
} ht_bench_result;

/* What is measured: a model, which is compiled for it, or a plan. */
typedef struct ht_bench_entry {
    const ht_model *model;
    const ht_plan *plan; /* where `model` is NULL; batch, simulate and allow_bf16 do not apply to it */
} ht_bench_entry;

/* Runs `count` models in turn, in rounds of about 20 ms each, the same number of rounds for all, after two rounds that
 * do not count. results: one for each model. Uses the context's threads and reports progress. `options` may be NULL.
 * Errors: HT_ERROR_ARGUMENT (no model, or a batch below 1), what compiling a model gives, HT_ERROR_INTERRUPTED,
 * HT_ERROR_MEMORY. */
HT_API ht_status ht_bench(ht_context *ctx, const ht_bench_entry *entries, size_t count, const ht_bench_options *options,
                          ht_bench_result *results, ht_error *err);

/* One step of a compiled model. Texts live until the visit returns. */
typedef struct ht_bench_step {
    const char *name;   /* of the node */
    const char *kernel; /* the variant that does it */
    double seconds;     /* median */
    int64_t macs;
    size_t bytes; /* of its operands, weights and results: what it moves at least */
} ht_bench_step;

/* Where the time of one model goes: every step, in the order of execution. visit: false stops the walk. Errors: as
 * ht_bench. */
HT_API ht_status ht_bench_profile(ht_context *ctx, const ht_bench_entry *entry, const ht_bench_options *options,
                                  bool (*visit)(void *user, const ht_bench_step *step), void *user, ht_error *err);

/* What this machine can do at best, with the context's threads: operations per second (a multiplication and an addition
 * count two), measured in some tens of milliseconds each. */
typedef struct ht_peaks {
    double f32, int8; /* vector units; products of 8-bit codes are summed in 32 bits */
} ht_peaks;
HT_API ht_peaks ht_measure_peaks(ht_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
