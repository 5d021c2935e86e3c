#include "quant/calibrate.h"

#include <math.h>
#include <string.h>

#include "quant/fit.h"
#include "quant/observe.h"
#include "quant/range.h"

/* What has been seen of one activation. */
typedef struct seen {
    float smallest, largest; /* of all values */
    double low, high;        /* moving averages of each batch's */
    size_t batches;
    ht_histogram histogram; /* when the range method wants one */
} seen;

/* A range while it is being watched. */
typedef struct bounds {
    double low, high;
} bounds;

typedef struct calibration {
    ht_context *ctx;
    const ht_scheme *scheme;
    ht_observation run;
    uint32_t *scratch; /* of counting */
    seen *seen;        /* [count] one per range */
    size_t count;
    int32_t *place;      /* by value id: the range, or -1 */
    int32_t *mean_place; /* the same for means */
    const ht_calibration_targets *targets;
    ht_status memory;   /* of means */
    bool wants_counts;  /* the range method looks at more than the ends */
    bounds *watched;    /* [points][count] */
    ht_status *choices; /* [count] of choosing ranges in parallel */
    const char *bad;    /* the first activation that was not finite, and the first such element's sample */
    uint32_t bad_sample;
    ht_calibration result;
} calibration;

/* ---- seeing ---- */

/* The sample that the first number that is not finite belongs to; the batch's first one where that cannot be told. */
static void note_bad(calibration *c, const ht_program_tensor *tensor, const float *values, size_t elements) {
    size_t first = 0;
    while (first < elements && isfinite(values[first])) {
        ++first;
    }
    bool batched = tensor->desc.rank > 0 && tensor->desc.dims[0] == (int64_t)c->run.batch;
    c->bad = tensor->name;
    c->bad_sample = c->run.indices[batched ? first / (elements / c->run.batch) : 0];
}

static void observe(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    (void)program;
    calibration *c = user;
    int32_t place = tensor->value_id < c->run.values ? c->place[tensor->value_id] : -1;
    int32_t mean = tensor->value_id < c->run.values ? c->mean_place[tensor->value_id] : -1;
    int64_t elements = ht__desc_elements(&tensor->desc);
    if (mean >= 0 && elements > 0 && tensor->desc.type == HT_F32 && c->memory == HT_OK) {
        c->memory = ht__channel_means_add(&c->ctx->allocator, &c->targets->means[mean], &tensor->desc, data, NULL);
    }
    if (place < 0 || elements <= 0 || tensor->desc.type != HT_F32 || c->bad != NULL) {
        return;
    }
    seen *s = &c->seen[place];
    float smallest, largest;
    if (!ht__extremes(data, (size_t)elements, &smallest, &largest)) {
        note_bad(c, tensor, data, (size_t)elements);
        return;
    }
    bool first = s->batches++ == 0;
    double past = first ? 0.0 : c->scheme->momentum;
    s->low = past * s->low + (1.0 - past) * (double)smallest;
    s->high = past * s->high + (1.0 - past) * (double)largest;
    s->smallest = first || smallest < s->smallest ? smallest : s->smallest;
    s->largest = first || largest > s->largest ? largest : s->largest;
    if (c->wants_counts) {
        ht__histogram_add(&s->histogram, data, (size_t)elements, smallest, largest, c->ctx->pool, c->scratch);
    }
}

/* ---- choosing ---- */

/* The range of one activation from what was seen. */
static ht_status choose_range(const calibration *c, const seen *s, bounds *out) {
    *out = (bounds){0.0, 0.0};
    if (s->batches == 0) {
        return HT_OK; /* the compiler found a way round it */
    }
    bool average = strcmp(c->scheme->range, "moving-average") == 0;
    *out = average ? (bounds){s->low, s->high} : (bounds){s->smallest, s->largest};
    if (!c->wants_counts) {
        return HT_OK;
    }
    ht_scheme scheme = *c->scheme;
    scheme.bits = scheme.activation_bits;
    ht_fit fit;
    ht__fit_init(&fit, &c->ctx->allocator, &scheme);
    ht__fit_stream(&fit, &s->histogram);
    ht_status status = ht__range_method(scheme.range)->choose(&fit, ht__level_method("affine"), NULL);
    *out = (bounds){fit.low, fit.high};
    ht__fit_free(&fit);
    return status;
}

static void choose_task(void *argument, size_t index, unsigned thread) {
    (void)thread;
    calibration *c = argument;
    c->choices[index] = choose_range(c, &c->seen[index], &c->watched[c->result.points * c->count + index]);
}

/* Notes the ranges that would be chosen after `samples` samples. */
static ht_status watch(calibration *c, size_t samples, ht_error *err) {
    ht__pool_each(c->ctx->pool, c->count, choose_task, c);
    for (size_t i = 0; i < c->count; ++i) {
        if (c->choices[i] != HT_OK) {
            return ht__fail_memory(err, HT_FIT_BINS * sizeof(double)); /* choosing from counts only lacks memory */
        }
    }
    c->result.curve[c->result.points++].samples = samples;
    return HT_OK;
}

/* How far the ranges of a point are from the last ones: the mean over activations of the larger end's distance, as a
 * share of the last range. */
static double distance(const calibration *c, size_t point) {
    const bounds *here = c->watched + point * c->count, *last = c->watched + (c->result.points - 1) * c->count;
    double sum = 0.0;
    size_t ranges = 0;
    for (size_t i = 0; i < c->count; ++i) {
        double span = last[i].high - last[i].low;
        if (span > 0.0) {
            sum += fmax(fabs(here[i].low - last[i].low), fabs(here[i].high - last[i].high)) / span;
            ++ranges;
        }
    }
    return ranges != 0 ? sum / (double)ranges : 0.0;
}

/* ---- running ---- */

static ht_status reserve_ranges(calibration *c, ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    size_t count = c->count + 1;
    c->seen = ht__calloc(allocator, count, sizeof *c->seen);
    c->place = ht__calloc(allocator, c->run.values + 1, sizeof *c->place);
    c->mean_place = ht__calloc(allocator, c->run.values + 1, sizeof *c->mean_place);
    c->watched = ht__calloc(allocator, count * HT_CONVERGENCE_POINTS, sizeof *c->watched);
    c->choices = ht__calloc(allocator, count, sizeof *c->choices);
    c->scratch = ht__calloc(allocator, HT_HISTOGRAM_SCRATCH(ht__pool_threads(c->ctx->pool)), sizeof *c->scratch);
    if (c->seen == NULL || c->place == NULL || c->mean_place == NULL || c->watched == NULL || c->choices == NULL ||
        c->scratch == NULL) {
        return ht__fail_memory(err, count * HT_CONVERGENCE_POINTS * sizeof *c->watched);
    }
    for (size_t i = 0; i < c->count && c->wants_counts; ++i) {
        HT_TRY(ht__histogram_init(&c->seen[i].histogram, allocator, err));
    }
    return HT_OK;
}

static ht_status run(calibration *c, const ht_dataset *data, size_t batches, ht_error *err) {
    ht_observation *o = &c->run;
    size_t total = ht_dataset_describe(data)->samples, used = o->batch * batches;
    for (size_t b = 0, next = 1; b < batches; ++b) {
        for (size_t i = 0; i < o->batch; ++i) {
            /* Spread over the whole split: files are often sorted by class. */
            o->indices[i] = (uint32_t)((b * o->batch + i) * total / used);
        }
        HT_TRY(ht__observation_run(o, data, observe, c, err));
        if (c->bad != NULL) {
            return ht__fail_at(err, HT_ERROR_NUMERIC, c->bad,
                               "Tensor %s has values that are not finite for sample %u of the calibration data.",
                               c->bad, (unsigned)c->bad_sample);
        }
        HT_TRY(c->memory == HT_OK ? HT_OK : ht__fail_memory(err, 0));
        if (b + 1 == next || b + 1 == batches) {
            HT_TRY(watch(c, (b + 1) * o->batch, err));
            next *= 2;
        }
        ht__progress(c->ctx, "calibrating", (double)(b + 1), (double)batches, "%zu samples", (b + 1) * o->batch);
    }
    c->result.samples = used;
    return HT_OK;
}

static ht_status calibrate(calibration *c, const ht_graph *graph, const ht_dataset *data, size_t samples,
                           ht_error *err) {
    ht_activation_range *ranges = c->targets->ranges;
    const ht_dataset_info *info = ht_dataset_describe(data);
    samples = samples < info->samples ? samples : info->samples;
    const ht_compile_options compile = {.allow_bf16 = c->targets->allow_bf16};
    HT_TRY(ht__observation_begin(c->ctx, graph, info, samples, samples, &compile, &c->run, err));
    HT_TRY(reserve_ranges(c, err));
    for (size_t i = 0; i < c->run.values; ++i) {
        c->place[i] = c->mean_place[i] = -1;
    }
    for (size_t i = 0; i < c->targets->mean_count; ++i) {
        c->mean_place[c->targets->means[i].value->id] = (int32_t)i;
    }
    for (size_t i = 0; i < c->count; ++i) {
        c->place[ranges[i].value->id] = (int32_t)i;
    }
    HT_TRY(run(c, data, samples / c->run.batch, err));
    const bounds *last = c->watched + (c->result.points - 1) * c->count;
    for (size_t i = 0; i < c->count; ++i) {
        ranges[i].low = last[i].low;
        ranges[i].high = last[i].high;
    }
    for (size_t point = 0; point < c->result.points; ++point) {
        c->result.curve[point].change = distance(c, point);
    }
    return HT_OK;
}

static void release(calibration *c) {
    const ht_allocator *allocator = &c->ctx->allocator;
    for (size_t i = 0; i < c->count && c->seen != NULL; ++i) {
        ht__histogram_free(&c->seen[i].histogram, allocator);
    }
    ht__free(allocator, c->scratch);
    ht__free(allocator, c->seen);
    ht__free(allocator, c->place);
    ht__free(allocator, c->mean_place);
    ht__free(allocator, c->watched);
    ht__free(allocator, c->choices);
    ht__observation_end(&c->run);
}

static void warn_of_few(const ht_context *ctx, size_t samples) {
    if (samples < HT_CALIBRATION_LEAST) {
        ht__message(
            ctx, "warning",
            "The ranges of activations come from %zu sample%s. With fewer than %d, much of what the model meets "
            "later may lie outside them: give more.",
            samples, samples == 1 ? "" : "s", HT_CALIBRATION_LEAST);
    }
}

ht_status ht__calibrate(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                        const ht_scheme *scheme, const ht_calibration_targets *targets, ht_calibration *result,
                        ht_error *err) {
    bool from_ends = strcmp(scheme->range, "min-max") == 0 || strcmp(scheme->range, "moving-average") == 0;
    calibration c = {.ctx = ctx,
                     .run = {.ctx = ctx},
                     .scheme = scheme,
                     .targets = targets,
                     .count = targets->count,
                     .wants_counts = !from_ends};
    ht_status status = calibrate(&c, graph, data, samples, err);
    if (status == HT_OK && c.count != 0) {
        warn_of_few(ctx, c.result.samples);
    }
    if (result != NULL) {
        *result = c.result;
    }
    release(&c);
    return status;
}
