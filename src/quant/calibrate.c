#include "quant/calibrate.h"

#include <math.h>
#include <string.h>

#include "passes/passes.h"
#include "plan/compile.h"
#include "quant/fit.h"
#include "quant/range.h"

enum { SELECTED = 1 << 16, BATCH = 32 };

/* What has been seen of one activation. */
typedef struct seen {
    double smallest, largest; /* of all values */
    double low, high;         /* moving averages of each batch's */
    size_t batches;
    float *selected; /* [SELECTED] */
    size_t count;
} seen;

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
    seen *seen;      /* one per range */
    int32_t *place;  /* by value id: the range, or -1 */
    size_t values;   /* ids below this are the original graph's */
    bool selects;    /* the range method looks at the values themselves */
    const char *bad; /* the first activation that was not finite */
} calibration;

static void observe(void *user, const ht_program *program, const ht_program_tensor *tensor, const void *data) {
    (void)program;
    calibration *c = user;
    int32_t place = tensor->value_id < c->values ? c->place[tensor->value_id] : -1;
    int64_t elements = ht__desc_elements(&tensor->desc);
    if (place < 0 || elements <= 0 || tensor->desc.type != HT_F32) {
        return;
    }
    seen *s = &c->seen[place];
    ht_fit fit;
    ht__fit_init(&fit, &c->ctx->allocator, c->scheme);
    if (ht__fit_group(&fit, data, (size_t)elements, tensor->name, 0, NULL) != HT_OK) {
        c->bad = c->bad != NULL ? c->bad : tensor->name;
        return;
    }
    bool first = s->batches++ == 0;
    double past = c->scheme->momentum;
    s->smallest = first ? fit.smallest : fmin(s->smallest, fit.smallest);
    s->largest = first ? fit.largest : fmax(s->largest, fit.largest);
    s->low = first ? fit.smallest : past * s->low + (1.0 - past) * fit.smallest;
    s->high = first ? fit.largest : past * s->high + (1.0 - past) * fit.largest;
    if (s->selected != NULL) {
        /* Evenly over this batch, as many as every batch gets. */
        size_t share = SELECTED / c->batches, wanted = (size_t)elements < share ? (size_t)elements : share;
        for (size_t i = 0; i < wanted && s->count < SELECTED; ++i) {
            s->selected[s->count++] = ((const float *)data)[i * (size_t)elements / wanted];
        }
    }
}

/* Unknown dimensions of the input are those of the data. */
static ht_status fit_input(ht_graph *graph, const ht_dataset_info *info, ht_error *err) {
    ht_tensor_desc *desc = graph->input_count == 1 ? &graph->inputs[0]->desc : NULL;
    int64_t elements = desc != NULL ? 1 : -1;
    for (int32_t i = 1; desc != NULL && i < desc->rank; ++i) {
        if (desc->dims[i] < 0 && desc->rank == (int32_t)info->rank + 1) {
            desc->dims[i] = (int64_t)info->dims[i - 1];
        }
        elements = desc->dims[i] < 0 || elements < 0 ? -1 : elements * desc->dims[i];
    }
    if (desc == NULL || desc->rank < 1 || desc->type != HT_F32 || elements != (int64_t)info->input_elements) {
        return ht__fail(err, HT_ERROR_MISMATCH,
                        "Calibration needs a model with one input of as many numbers as a sample of %s has (%zu).",
                        info->name, info->input_elements);
    }
    return HT_OK;
}

static ht_status compile(calibration *c, const ht_graph *graph, const ht_dataset_info *info, size_t samples,
                         ht_error *err) {
    c->values = graph->value_count;
    HT_TRY(ht__graph_copy(graph, &c->graph, err));
    HT_TRY(fit_input(c->graph, info, err));
    int64_t fixed = c->graph->inputs[0]->desc.dims[0];
    c->batch = fixed > 0 ? (size_t)fixed : samples < BATCH ? samples : BATCH;
    c->batches = samples / c->batch;
    if (c->batches == 0) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The model runs %zu samples at a time, but there are only %zu.",
                        c->batch, samples);
    }
    HT_TRY(ht__pass_prepare(c->graph, (int64_t)c->batch, true, err));
    return ht__compile(c->graph, &(ht_compile_options){0}, &c->program, err);
}

static ht_status reserve(calibration *c, size_t input_elements, size_t count, ht_error *err) {
    const ht_allocator *allocator = &c->ctx->allocator;
    const ht_program *program = c->program;
    c->arena = ht__alloc(allocator, ht__program_run_bytes(program));
    c->indices = ht__calloc(allocator, c->batch, sizeof *c->indices);
    c->inputs = ht__calloc(allocator, program->input_count + 1, sizeof *c->inputs);
    c->outputs = ht__calloc(allocator, program->output_count + 1, sizeof *c->outputs);
    c->seen = ht__calloc(allocator, count + 1, sizeof *c->seen);
    c->place = ht__calloc(allocator, c->values + 1, sizeof *c->place);
    bool good = c->arena != NULL && c->indices != NULL && c->inputs != NULL && c->outputs != NULL && c->seen != NULL &&
                c->place != NULL;
    if (good) {
        c->inputs[0] = ht__calloc(allocator, c->batch * input_elements, sizeof(float));
        good = c->inputs[0] != NULL;
    }
    for (size_t i = 0; i < program->output_count && good; ++i) {
        size_t bytes = 0;
        good = ht__desc_bytes(&program->tensors[program->outputs[i]].desc, &bytes) &&
               (c->outputs[i] = ht__alloc(allocator, bytes)) != NULL;
    }
    for (size_t i = 0; i < count && good && c->selects; ++i) {
        c->seen[i].selected = ht__calloc(allocator, SELECTED, sizeof(float));
        good = c->seen[i].selected != NULL;
    }
    return good ? HT_OK : ht__fail_memory(err, ht__program_run_bytes(program));
}

static ht_status run(calibration *c, const ht_dataset *data, ht_error *err) {
    ht_run_arguments arguments = {.inputs = c->inputs,
                                  .outputs = c->outputs,
                                  .arena = c->arena,
                                  .pool = c->ctx->pool,
                                  .observer = observe,
                                  .observer_user = c};
    size_t total = ht_dataset_describe(data)->samples, used = c->batch * c->batches;
    for (size_t b = 0; b < c->batches; ++b) {
        HT_TRY(ht__check_interrupt(c->ctx, err));
        for (size_t i = 0; i < c->batch; ++i) {
            /* Spread over the whole split: files are often sorted by class. */
            c->indices[i] = (uint32_t)((b * c->batch + i) * total / used);
        }
        HT_TRY(ht_dataset_read(data, c->indices, c->batch, (float *)c->inputs[0], NULL, err));
        HT_TRY(ht__program_run(c->program, &arguments, err));
        if (c->bad != NULL) {
            return ht__fail_at(err, HT_ERROR_NUMERIC, c->bad, "Activation %s is not finite on the calibration data.",
                               c->bad);
        }
        ht__progress(c->ctx, "calibrating", (double)(b + 1), (double)c->batches, "%zu samples", (b + 1) * c->batch);
    }
    return HT_OK;
}

/* The range of one activation from what was seen. */
static ht_status choose_range(calibration *c, const seen *s, ht_activation_range *range, ht_error *err) {
    range->low = s->smallest;
    range->high = s->largest;
    if (s->batches == 0) {
        return HT_OK; /* the compiler found a way round it */
    }
    if (strcmp(c->scheme->range, "moving-average") == 0) {
        range->low = s->low;
        range->high = s->high;
    }
    if (!c->selects || s->count == 0) {
        return HT_OK;
    }
    ht_scheme scheme = *c->scheme;
    scheme.bits = scheme.activation_bits;
    ht_fit fit;
    ht__fit_init(&fit, &c->ctx->allocator, &scheme);
    ht_status status = ht__fit_group(&fit, s->selected, s->count, range->value->name, 0, err);
    if (status == HT_OK) {
        status = ht__range_method(scheme.range)->choose(&fit, ht__level_method("affine"), err);
    }
    range->low = fit.low;
    range->high = fit.high;
    ht__fit_free(&fit);
    return status;
}

static ht_status calibrate(calibration *c, const ht_graph *graph, const ht_dataset *data, size_t samples,
                           ht_activation_range *ranges, size_t count, ht_error *err) {
    const ht_dataset_info *info = ht_dataset_describe(data);
    HT_TRY(compile(c, graph, info, samples < info->samples ? samples : info->samples, err));
    HT_TRY(reserve(c, info->input_elements, count, err));
    for (size_t i = 0; i < c->values; ++i) {
        c->place[i] = -1;
    }
    for (size_t i = 0; i < count; ++i) {
        c->place[ranges[i].value->id] = (int32_t)i;
    }
    HT_TRY(run(c, data, err));
    for (size_t i = 0; i < count; ++i) {
        HT_TRY(choose_range(c, &c->seen[i], &ranges[i], err));
    }
    return HT_OK;
}

static void release(calibration *c, size_t count) {
    const ht_allocator *allocator = &c->ctx->allocator;
    for (size_t i = 0; i < count && c->seen != NULL; ++i) {
        ht__free(allocator, c->seen[i].selected);
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
    ht__free(allocator, c->seen);
    ht__free(allocator, c->place);
    if (c->program != NULL) {
        ht__program_destroy(c->program);
    }
    if (c->graph != NULL) {
        ht__graph_destroy(c->graph);
    }
}

ht_status ht__calibrate(ht_context *ctx, const ht_graph *graph, const ht_dataset *data, size_t samples,
                        const ht_scheme *scheme, ht_activation_range *ranges, size_t count, size_t *used,
                        ht_error *err) {
    bool from_ends = strcmp(scheme->range, "min-max") == 0 || strcmp(scheme->range, "moving-average") == 0;
    calibration c = {.ctx = ctx, .scheme = scheme, .selects = !from_ends};
    ht_status status = calibrate(&c, graph, data, samples, ranges, count, err);
    if (used != NULL) {
        *used = c.batch * c.batches;
    }
    release(&c, count);
    return status;
}
