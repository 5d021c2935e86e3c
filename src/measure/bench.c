#include "halftone/bench.h"

#include <math.h>
#include <stdlib.h>

#include "base/context.h"
#include "cpu/features.h"
#include "cpu/peak.h"
#include "measure/subject.h"

#define DEFAULT_SECONDS 2.0
#define ROUND_SECONDS 0.02
#define LEAST_ROUNDS 11
#define MOST_ROUNDS 2000
#define WARM_UP 2

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `values`. The interval's ends are the order statistics n/2 -+ 0.98 sqrt(n), the normal approximation of the
 * binomial distribution of how many values lie below the median. */
static ht_median median_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    double half = (double)count / 2.0, reach = 0.98 * sqrt((double)count);
    size_t low = half - reach > 0.0 ? (size_t)(half - reach) : 0, high = (size_t)(half + reach);
    double middle = 0.5 * (values[(count - 1) / 2] + values[count / 2]);
    return (ht_median){middle, values[low], values[high < count ? high : count - 1]};
}

/* Some runs of one model, about ROUND_SECONDS in all; *seconds: of one of them. */
static ht_status one_round(const ht_subject *subject, double *seconds, ht_bench_result *result, ht_error *err) {
    double begin = ht__cpu_seconds(), last = begin;
    uint64_t runs = 0;
    do {
        double start = last;
        HT_TRY(ht__subject_run(subject, NULL, NULL, err));
        last = ht__cpu_seconds();
        result->least = result->least == 0.0 || last - start < result->least ? last - start : result->least;
        ++runs;
    } while (last - begin < ROUND_SECONDS);
    result->runs += runs;
    *seconds = (last - begin) / (double)runs;
    return HT_OK;
}

static ht_status all_rounds(ht_context *ctx, const ht_subject *subjects, size_t count, double budget, double *times,
                            ht_bench_result *results, size_t *rounds, ht_error *err) {
    double begin = 0.0, spent = 0.0, one;
    for (size_t round = 0; round < WARM_UP; ++round) {
        for (size_t m = 0; m < count; ++m) {
            HT_TRY(one_round(&subjects[m], &one, &results[m], err));
            results[m].runs = 0;
            results[m].least = 0.0;
        }
    }
    begin = ht__cpu_seconds();
    for (*rounds = 0; *rounds < MOST_ROUNDS && (*rounds < LEAST_ROUNDS || spent < budget); ++*rounds) {
        for (size_t m = 0; m < count; ++m) {
            HT_TRY(one_round(&subjects[m], &times[m * MOST_ROUNDS + *rounds], &results[m], err));
        }
        spent = ht__cpu_seconds() - begin;
        ht__progress(ctx, "measuring", spent < budget ? spent : budget, budget, NULL);
        HT_TRY(ht__check_interrupt(ctx, err));
    }
    return HT_OK;
}

static ht_status measure(ht_context *ctx, const ht_bench_entry *entries, size_t count, const ht_bench_options *options,
                         ht_subject *subjects, double *times, ht_bench_result *results, ht_error *err) {
    double budget = (options->seconds > 0.0 ? options->seconds : DEFAULT_SECONDS) * (double)count;
    size_t rounds;
    for (size_t m = 0; m < count; ++m) {
        HT_TRY(ht__subject_make(ctx, &entries[m], options, &subjects[m], err));
        const ht_program *program = subjects[m].program;
        results[m] =
            (ht_bench_result){.constant_bytes = program->packed_bytes, .memory_bytes = ht__program_run_bytes(program)};
        for (size_t s = 0; s < program->step_count; ++s) {
            results[m].macs += program->steps[s].macs;
        }
    }
    HT_TRY(all_rounds(ctx, subjects, count, budget, times, results, &rounds, err));
    double *ratios = times + count * MOST_ROUNDS;
    for (size_t m = count; m-- > 0;) { /* the first last: its times are sorted only then */
        for (size_t r = 0; r < rounds; ++r) {
            ratios[r] = times[m * MOST_ROUNDS + r] / times[r];
        }
        results[m].rounds = rounds;
        results[m].ratio = median_of(ratios, rounds);
        results[m].seconds = median_of(times + m * MOST_ROUNDS, rounds);
    }
    return HT_OK;
}

ht_status ht_bench(ht_context *ctx, const ht_bench_entry *entries, size_t count, const ht_bench_options *options,
                   ht_bench_result *results, ht_error *err) {
    ht_bench_options chosen = options != NULL ? *options : (ht_bench_options){0};
    if (count == 0 || count > 64) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A comparison takes 1 to 64 models.");
    }
    ht_subject *subjects = ht__calloc(&ctx->allocator, count, sizeof *subjects);
    double *times = ht__calloc(&ctx->allocator, (count + 1) * MOST_ROUNDS, sizeof *times);
    ht_status status = subjects != NULL && times != NULL
                           ? measure(ctx, entries, count, &chosen, subjects, times, results, err)
                           : ht__fail_memory(err, (count + 1) * MOST_ROUNDS * sizeof *times);
    for (size_t m = 0; subjects != NULL && m < count; ++m) {
        ht__subject_release(&subjects[m]);
    }
    ht__free(&ctx->allocator, subjects);
    ht__free(&ctx->allocator, times);
    return status;
}

ht_peaks ht_measure_peaks(ht_context *ctx) {
    return (ht_peaks){.f32 = ht__cpu_peak_f32(ht__cpu_mask(), ctx->pool),
                      .int8 = ht__cpu_peak_int8(ht__cpu_mask(), ctx->pool)};
}

/* ---- profile ---- */

#define PROFILE_RUNS 64 /* at most */

typedef struct profile {
    const ht_program *program;
    double *times;     /* [step][PROFILE_RUNS] */
    uint32_t *step_of; /* by tensor */
    size_t run;
    double last;
} profile;

/* Called after each tensor is written: the time since the last call belongs to the tensor's step. */
static void note_time(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    profile *p = user;
    (void)data;
    double now = ht__cpu_seconds();
    uint32_t step = p->step_of[tensor - program->tensors];
    if (step != HT_NO_TENSOR) {
        p->times[step * PROFILE_RUNS + p->run] += now - p->last;
    }
    p->last = ht__cpu_seconds();
}

static size_t bytes_of(const ht_program *program, const ht_step *step) {
    size_t sum = 0, bytes;
    for (uint32_t i = 0; i < step->input_count; ++i) {
        bool there = step->inputs[i] != HT_NO_TENSOR;
        sum += there && ht__desc_bytes(&program->tensors[step->inputs[i]].desc, &bytes) ? bytes : 0;
    }
    for (uint32_t i = 0; i < step->output_count; ++i) {
        bool there = step->outputs[i] != HT_NO_TENSOR;
        sum += there && ht__desc_bytes(&program->tensors[step->outputs[i]].desc, &bytes) ? bytes : 0;
    }
    return sum;
}

static ht_status profile_runs(const ht_subject *subject, double budget, profile *p, ht_error *err) {
    double begin = 0.0;
    for (int warm = 0; warm < WARM_UP; ++warm) {
        HT_TRY(ht__subject_run(subject, NULL, NULL, err));
    }
    begin = ht__cpu_seconds();
    for (p->run = 0; p->run < PROFILE_RUNS && (p->run < 5 || ht__cpu_seconds() - begin < budget); ++p->run) {
        p->last = ht__cpu_seconds();
        HT_TRY(ht__subject_run(subject, note_time, p, err));
        HT_TRY(ht__check_interrupt(subject->ctx, err));
    }
    return HT_OK;
}

static ht_status profile_subject(const ht_subject *subject, double budget, profile *p,
                                 bool (*visit)(void *user, const ht_bench_step *step), void *user, ht_error *err) {
    const ht_program *program = subject->program;
    for (size_t t = 0; t < program->tensor_count; ++t) {
        p->step_of[t] = HT_NO_TENSOR;
    }
    for (size_t s = 0; s < program->step_count; ++s) {
        for (uint32_t i = 0; i < program->steps[s].output_count; ++i) {
            if (program->steps[s].outputs[i] != HT_NO_TENSOR) {
                p->step_of[program->steps[s].outputs[i]] = (uint32_t)s;
            }
        }
    }
    HT_TRY(profile_runs(subject, budget, p, err));
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        ht_bench_step row = {step->name, step->variant->name, median_of(p->times + s * PROFILE_RUNS, p->run).median,
                             step->macs, bytes_of(program, step)};
        if (!visit(user, &row)) {
            break;
        }
    }
    return HT_OK;
}

ht_status ht_bench_profile(ht_context *ctx, const ht_bench_entry *entry, const ht_bench_options *options,
                           bool (*visit)(void *user, const ht_bench_step *step), void *user, ht_error *err) {
    ht_bench_options chosen = options != NULL ? *options : (ht_bench_options){0};
    ht_subject subject;
    profile p = {0};
    ht_status status = ht__subject_make(ctx, entry, &chosen, &subject, err);
    if (status == HT_OK) {
        p.program = subject.program;
        p.times = ht__calloc(&ctx->allocator, subject.program->step_count * PROFILE_RUNS + 1, sizeof *p.times);
        p.step_of = ht__calloc(&ctx->allocator, subject.program->tensor_count + 1, sizeof *p.step_of);
        status = p.times != NULL && p.step_of != NULL
                     ? profile_subject(&subject, chosen.seconds > 0.0 ? chosen.seconds : DEFAULT_SECONDS, &p, visit,
                                       user, err)
                     : ht__fail_memory(err, subject.program->step_count * PROFILE_RUNS * sizeof *p.times);
    }
    ht__free(&ctx->allocator, p.times);
    ht__free(&ctx->allocator, p.step_of);
    ht__subject_release(&subject);
    return status;
}
