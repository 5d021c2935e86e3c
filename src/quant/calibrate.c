#include "quant/calibrate.h"

#include <math.h>
#include <string.h>

#include "passes/passes.h"
#include "plan/compile.h"
#include "quant/fit.h"
#include "quant/input.h"
#include "quant/range.h"

enum {
    LARGEST_BATCH = 32,
    BATCH_BYTES = 24 << 20 /* a batch's largest activation: some three of that size live at once */
};

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
    ht_graph *graph; /* the copy that runs */
    ht_program *program;
    size_t batch, batches;
    const void **inputs;
    void **outputs;
    void *arena;
    uint32_t *indices;
    uint32_t *scratch; /* of counting */
    seen *seen;        /* [count] one per range */
    size_t count;
    int32_t *place;     /* by value id: the range, or -1 */
    size_t values;      /* ids below this are the original graph's */
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
    bool batched = tensor->desc.rank > 0 && tensor->desc.dims[0] == (int64_t)c->batch;
    c->bad = tensor->name;
    c->bad_sample = c->indices[batched ? first / (elements / c->batch) : 0];
}

static void observe(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    (void)program;
    calibration *c = user;
    int32_t place = tensor->value_id < c->values ? c->place[tensor->value_id] : -1;
    int64_t elements = ht__desc_elements(&tensor->desc);
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

/* As many samples at a time as keep activations small, leaving out few samples at the end. */
static size_t choose_batch(const ht_graph *graph, size_t samples) {
    int64_t largest = 1;
    for (size_t i = 0; i < graph->value_count; ++i) {
        const ht_value *value = graph->values[i];
        int64_t elements = value->data == NULL ? ht__desc_elements(&value->desc) : 0;
        largest = elements > largest ? elements : largest;
    }
    int64_t fitting = BATCH_BYTES / ((int64_t)sizeof(float) * largest);
    size_t batch = fitting > LARGEST_BATCH ? LARGEST_BATCH : fitting < 1 ? 1 : (size_t)fitting;
    batch = batch < samples ? batch : samples;
    while (samples % batch > samples / 32) {
        --batch;
    }
    return batch;
}

static ht_status compile(calibration *c, const ht_graph *graph, const ht_dataset_info *info, size_t samples,
                         ht_error *err) {
    c->values = graph->value_count;
    HT_TRY(ht__graph_copy(graph, &c->graph, err));
    HT_TRY(ht__input_fit(c->graph, info, err));
    int64_t fixed = c->graph->inputs[0]->desc.dims[0];
    if (fixed > 0) {
        c->batch = (size_t)fixed;
    } else {
        ht_graph *single; /* shapes for one sample say how large activations are */
        HT_TRY(ht__graph_copy(c->graph, &single, err));
        ht_status status = ht__graph_set_batch(single, 1, err);
        c->batch = choose_batch(single, samples);
        ht__graph_destroy(single);
        HT_TRY(status);
    }
    c->batches = samples / c->batch;
    if (c->batches == 0) {
        return ht__fail(err, HT_ERROR_MISMATCH,
                        "The model runs %zu samples at a time, but the calibration set has only %zu.", c->batch,
                        samples);
    }
    HT_TRY(ht__pass_prepare(c->graph, (int64_t)c->batch, HT_PREPARE_OBSERVABLE, err));
    return ht__compile(c->graph, &(ht_compile_options){0}, &c->program, err);
}

static ht_status reserve_run(calibration *c, size_t input_elements, ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    const ht_program *program = c->program;
    c->arena = ht__alloc(allocator, ht__program_run_bytes(program));
    c->indices = ht__calloc(allocator, c->batch, sizeof *c->indices);
    c->inputs = ht__calloc(allocator, program->input_count + 1, sizeof *c->inputs);
    c->outputs = ht__calloc(allocator, program->output_count + 1, sizeof *c->outputs);
    bool good = c->arena != NULL && c->indices != NULL && c->inputs != NULL && c->outputs != NULL &&
                (c->inputs[0] = ht__calloc(allocator, c->batch * input_elements, sizeof(float))) != NULL;
    for (size_t i = 0; i < program->output_count && good; ++i) {
        size_t bytes = 0;
        good = ht__desc_bytes(&program->tensors[program->outputs[i]].desc, &bytes) &&
               (c->outputs[i] = ht__alloc(allocator, bytes)) != NULL;
    }
    return good ? HT_OK : ht__fail_memory(err, ht__program_run_bytes(program));
}

static ht_status reserve_ranges(calibration *c, ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    size_t count = c->count + 1;
    c->seen = ht__calloc(allocator, count, sizeof *c->seen);
    c->place = ht__calloc(allocator, c->values + 1, sizeof *c->place);
    c->watched = ht__calloc(allocator, count * HT_CONVERGENCE_POINTS, sizeof *c->watched);
    c->choices = ht__calloc(allocator, count, sizeof *c->choices);
    c->scratch = ht__calloc(allocator, HT_HISTOGRAM_SCRATCH(ht__pool_threads(c->ctx->pool)), sizeof *c->scratch);
    if (c->seen == NULL || c->place == NULL || c->watched == NULL || c->choices == NULL || c->scratch == NULL) {
        return ht__fail_memory(err, count * HT_CONVERGENCE_POINTS * sizeof *c->watched);
    }
    for (size_t i = 0; i < c->count && c->wants_counts; ++i) {
        HT_TRY(ht__histogram_init(&c->seen[i].histogram, allocator, err));
    }
    return HT_OK;
}

static ht_status run(calibration *c, const ht_dataset *data, ht_error *err) {
    ht_run_arguments arguments = {.inputs = c->inputs,
                                  .outputs = c->outputs,
                                  .arena = c->arena,
                                  .pool = c->ctx->pool,
                                  .observer = observe,
                                  .observer_user = c};
    size_t total = ht_dataset_describe(data)->samples, used = c->batch * c->batches;
    for (size_t b = 0, next = 1; b < c->batches; ++b) {
        HT_TRY(ht__check_interrupt(c->ctx, err));
        for (size_t i = 0; i < c->batch; ++i) {
            /* Spread over the whole split: files are often sorted by class. */
            c->indices[i] = (uint32_t)((b * c->batch + i) * total / used);
        }
        HT_TRY(ht_dataset_read(data, c->indices, c->batch, (float *)c->inputs[0], NULL, err));
        HT_TRY(ht__program_run(c->program, &arguments, err));
        if (c->bad != NULL) {
            return ht__fail_at(err, HT_ERROR_NUMERIC, c->bad,
                               "Tensor %s has values that are not finite for sample %u of the calibration data.",
                               c->bad, (unsigned)c->bad_sample);
        }
        if (b + 1 == next || b + 1 == c->batches) {
            HT_TRY(watch(c, (b + 1) * c->batch, err));
            next *= 2;
        }
        ht__progress(c->ctx, "calibrating", (double)(b + 1), (double)c->batches, "%zu samples", (b + 1) * c->batch);
    }
    return HT_OK;
}

static ht_status calibrate(calibration *c, const ht_graph *graph, const ht_dataset *data, size_t samples,
                           ht_activation_range *ranges, ht_error *err) {
    const ht_dataset_info *info = ht_dataset_describe(data);
    HT_TRY(compile(c, graph, info, samples < info->samples ? samples : info->samples, err));
    HT_TRY(reserve_run(c, info->input_elements, err));
    HT_TRY(reserve_ranges(c, err));
    for (size_t i = 0; i < c->values; ++i) {
        c->place[i] = -1;
    }
    for (size_t i = 0; i < c->count; ++i) {
        c->place[ranges[i].value->id] = (int32_t)i;
    }
    HT_TRY(run(c, data, err));
    c->result.samples = c->batch * c->batches;
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
    for (size_t i = 0; c->program != NULL && i < c->program->output_count && c->outputs != NULL; ++i) {
        ht__free(allocator, c->outputs[i]);
    }
    if (c->inputs != NULL) {
        ht__free(allocator, (void *)c->inputs[0]);
    }
    ht__free(allocator, c->inputs);
    ht__free(allocator, c->outputs);
    ht__free(allocator, c->arena);
    ht__free(allocator, c->indices);
    ht__free(allocator, c->scratch);
    ht__free(allocator, c->seen);
    ht__free(allocator, c->place);
    ht__free(allocator, c->watched);
    ht__free(allocator, c->choices);
    if (c->program != NULL) {
        ht__program_destroy(c->program);
    }
    if (c->graph != NULL) {
        ht__graph_destroy(c->graph);
    }
}

ht_status ht__calibrate(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                        const ht_scheme *scheme, ht_activation_range *ranges, size_t count, ht_calibration *result,
                        ht_error *err) {
    bool from_ends = strcmp(scheme->range, "min-max") == 0 || strcmp(scheme->range, "moving-average") == 0;
    calibration c = {.ctx = ctx, .scheme = scheme, .count = count, .wants_counts = !from_ends};
    ht_status status = calibrate(&c, graph, data, samples, ranges, err);
    if (result != NULL) {
        *result = c.result;
    }
    release(&c);
    return status;
}
