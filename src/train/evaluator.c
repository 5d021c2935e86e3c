#include "train/evaluator.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "graph/op.h"
#include "halftone/metrics.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "quant/input.h"

#define DEFAULT_CACHE ((size_t)64 << 20)
#define SMALL_BATCH 50  /* networks whose activations fill the caches soon */
#define LARGE_BATCH 250 /* small networks: a step's fixed cost is shared by many samples */
#define SMALL_MACS 1000000

struct ht_evaluator {
    ht_context *ctx;
    const ht_dataset *dataset;
    const ht_dataset_info *info;
    ht_graph *graph;
    ht_program *program;
    size_t batch, samples, width;
    bool mutable_weights, ends_in_softmax;
    void *arena;
    uint32_t *indices; /* [batch] */
    float *inputs;     /* [batch][input_elements], or all samples when `cached` */
    float *outputs;    /* [batch][width] */
    bool cached, filled;
    ht_observer *observer;
    void *observer_user;
};

/* ---- making ---- */

static size_t choose_batch(const ht_graph *graph, const ht_evaluation_options *options, size_t samples) {
    const ht_tensor_desc *input = &graph->inputs[0]->desc;
    if (input->dims[0] > 0) {
        return (size_t)input->dims[0];
    }
    int64_t weights = 0; /* a bound on the work without shapes: convolutions reuse each weight, so count them dearer */
    for (size_t i = 0; i < graph->node_count; ++i) {
        const ht_node *node = graph->nodes[i];
        if (node->op->macs != NULL && node->input_count > 1 && node->inputs[1]->desc.rank >= 0) {
            int64_t elements = ht__desc_elements(&node->inputs[1]->desc);
            weights += elements * (node->inputs[1]->desc.rank > 2 ? 64 : 1);
        }
    }
    size_t batch = options->batch != 0 ? options->batch : weights < SMALL_MACS ? LARGE_BATCH : SMALL_BATCH;
    return batch < samples ? batch : samples;
}

static ht_status check_output(ht_evaluator *e, ht_error *err) {
    const ht_program_tensor *output = &e->program->tensors[e->program->outputs[0]];
    int64_t elements = ht__desc_elements(&output->desc);
    size_t wanted = e->info->task == HT_TASK_CLASSIFICATION ? e->info->classes : e->info->target_width;
    char text[96];
    if (output->desc.type != HT_F32 || output->desc.rank < 1 || output->desc.dims[0] != (int64_t)e->batch) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, output->name, "The model gives %s, not one row per sample.",
                           ht__desc_print(&output->desc, text, sizeof text));
    }
    e->width = (size_t)elements / e->batch;
    bool fits = e->info->task == HT_TASK_CLASSIFICATION ? e->width >= wanted && e->width > 1 : e->width == wanted;
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, output->name,
                           "The model gives %zu numbers per sample, %s needs %zu.", e->width, e->info->name, wanted);
    }
    const ht_node *last = e->graph->outputs[0]->producer;
    if (last != NULL && strcmp(last->op->name, "FakeQuantize") == 0) {
        last = last->inputs[0]->producer; /* probabilities in codes */
    }
    e->ends_in_softmax = last != NULL && strcmp(last->op->name, "Softmax") == 0;
    return HT_OK;
}

static ht_status allocate(ht_evaluator *e, size_t cache_bytes, ht_error *err) {
    const ht_allocator *allocator = &e->ctx->allocator;
    size_t limit = cache_bytes != 0 ? cache_bytes : DEFAULT_CACHE;
    size_t padded = (e->samples + e->batch - 1) / e->batch * e->batch;
    e->cached = e->info->input_elements <= limit / sizeof(float) / padded;
    size_t rows = e->cached ? padded : e->batch;
    e->arena = ht__alloc(allocator, ht__program_run_bytes(e->program));
    e->indices = ht__calloc(allocator, e->batch, sizeof *e->indices);
    e->inputs = ht__calloc(allocator, rows, e->info->input_elements * sizeof *e->inputs);
    e->outputs = ht__calloc(allocator, e->batch, e->width * sizeof *e->outputs);
    bool all = e->arena != NULL && e->indices != NULL && e->inputs != NULL && e->outputs != NULL;
    return all ? HT_OK : ht__fail_memory(err, rows * e->info->input_elements * sizeof *e->inputs);
}

static ht_status build(ht_evaluator *e, const ht_graph *graph, const ht_evaluation_options *options, ht_error *err) {
    HT_TRY(ht__graph_copy(graph, &e->graph, err));
    HT_TRY(ht__input_fit(e->graph, e->info, err));
    if (e->graph->output_count < 1) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The model has no output.");
    }
    e->batch = choose_batch(e->graph, options, e->samples);
    /* Weights that are exchanged are real numbers. */
    bool simulate = options->simulate || e->mutable_weights;
    HT_TRY(ht__pass_prepare(e->graph, (int64_t)e->batch, simulate ? HT_PREPARE_SIMULATED : HT_PREPARE_INTEGER, err));
    ht_compile_options compile = {
        .allow_bf16 = options->allow_bf16, .reference_only = options->reference, .mutable_weights = e->mutable_weights};
    HT_TRY(ht__compile(e->graph, &compile, &e->program, err));
    HT_TRY(check_output(e, err));
    return allocate(e, options->cache_bytes, err);
}

ht_status ht__evaluator_create(ht_context *ctx, const ht_graph *graph, const ht_dataset *dataset,
                               const ht_evaluation_options *options, bool mutable_weights, ht_evaluator **out,
                               ht_error *err) {
    ht_evaluation_options chosen = options != NULL ? *options : (ht_evaluation_options){0};
    ht_evaluator *e = ht__calloc(&ctx->allocator, 1, sizeof *e);
    if (e == NULL) {
        return ht__fail_memory(err, sizeof *e);
    }
    e->ctx = ctx;
    e->dataset = dataset;
    e->info = ht_dataset_describe(dataset);
    e->mutable_weights = mutable_weights;
    e->samples = e->info->samples;
    if (chosen.max_samples != 0 && chosen.max_samples < e->samples) {
        e->samples = chosen.max_samples;
    }
    ht_status status = build(e, graph, &chosen, err);
    if (status != HT_OK) {
        ht__evaluator_destroy(e);
        return status;
    }
    *out = e;
    return HT_OK;
}

void ht__evaluator_destroy(ht_evaluator *e) {
    if (e == NULL) {
        return;
    }
    const ht_allocator *allocator = &e->ctx->allocator;
    ht__program_destroy(e->program);
    ht__graph_destroy(e->graph);
    ht__free(allocator, e->arena);
    ht__free(allocator, e->indices);
    ht__free(allocator, e->inputs);
    ht__free(allocator, e->outputs);
    ht__free(allocator, e);
}

ht_status ht__evaluator_set_constant(ht_evaluator *e, const char *name, const float *data, ht_error *err) {
    const ht_value *value = ht__graph_find(e->graph, name);
    if (!e->mutable_weights) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, name,
                           "This evaluator's weights are packed and cannot be exchanged.");
    }
    if (value == NULL || value->data == NULL) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, name, "The compiled model has no constant of this name.");
    }
    ht__program_set_constant(e->program, value->id, data);
    return HT_OK;
}

void ht__evaluator_observe(ht_evaluator *e, ht_observer *observer, void *user) {
    e->observer = observer;
    e->observer_user = user;
}

/* ---- running ---- */

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static ht_status allocate_result(const ht_evaluator *e, ht_evaluation *out, ht_error *err) {
    const ht_allocator *allocator = &e->ctx->allocator;
    bool classes = e->info->task == HT_TASK_CLASSIFICATION;
    *out = (ht_evaluation){.task = e->info->task, .samples = e->samples, .width = e->width};
    out->losses = ht__calloc(allocator, e->samples, sizeof *out->losses);
    out->outputs = ht__calloc(allocator, e->samples, e->width * sizeof *out->outputs);
    out->targets = ht__calloc(allocator, e->samples, e->info->target_width * sizeof *out->targets);
    bool all = out->losses != NULL && out->outputs != NULL && out->targets != NULL;
    if (classes) {
        out->classes = e->width;
        out->confusion = ht__calloc(allocator, e->width, e->width * sizeof *out->confusion);
        out->predictions = ht__calloc(allocator, e->samples, sizeof *out->predictions);
        all = all && out->confusion != NULL && out->predictions != NULL;
    }
    return all ? HT_OK : ht__fail_memory(err, e->samples * e->width * sizeof(float));
}

/* Inputs and targets of the batch that begins at `first`; what is beyond the last sample repeats it. */
static ht_status load_batch(ht_evaluator *e, size_t first, const float **inputs, ht_error *err) {
    for (size_t i = 0; i < e->batch; ++i) {
        size_t index = first + i;
        e->indices[i] = (uint32_t)(index < e->samples ? index : e->samples - 1);
    }
    float *place = e->cached ? e->inputs + first * e->info->input_elements : e->inputs;
    *inputs = place;
    if (e->cached && e->filled) {
        return HT_OK;
    }
    return ht_dataset_read(e->dataset, e->indices, e->batch, place, NULL, err);
}

/* -log softmax(row)[label], or -log row[label] for probabilities. */
static double row_loss(const ht_evaluator *e, const float *row, size_t label) {
    if (e->ends_in_softmax) {
        return -log((double)row[label] > 1e-38 ? (double)row[label] : 1e-38);
    }
    double largest = -INFINITY, sum = 0;
    for (size_t k = 0; k < e->width; ++k) {
        largest = (double)row[k] > largest ? (double)row[k] : largest;
    }
    for (size_t k = 0; k < e->width; ++k) {
        sum += exp((double)row[k] - largest);
    }
    return largest + log(sum) - (double)row[label];
}

static ht_status score_classes(const ht_evaluator *e, ht_evaluation *out, ht_error *err) {
    size_t right = 0;
    for (size_t i = 0; i < e->samples; ++i) {
        const float *row = out->outputs + i * e->width;
        float target = out->targets[i];
        size_t best = 0;
        for (size_t k = 0; k < e->width; ++k) {
            best = row[k] > row[best] ? k : best;
        }
        if (!(target >= 0 && target < (float)e->width)) {
            return ht__fail(err, HT_ERROR_MISMATCH, "Sample %zu has the class %g, but the model knows %zu.", i,
                            (double)target, e->width);
        }
        size_t label = (size_t)target;
        out->predictions[i] = (int32_t)best;
        out->losses[i] = (float)row_loss(e, row, label);
        ++out->confusion[label * e->width + best];
        right += best == label;
    }
    out->accuracy = (double)right / (double)e->samples;
    ht_interval interval = ht_interval_wilson(right, e->samples);
    out->low = interval.low;
    out->high = interval.high;
    return HT_OK;
}

static void score_values(const ht_evaluator *e, ht_evaluation *out) {
    for (size_t i = 0; i < e->samples; ++i) {
        out->losses[i] = (float)ht_metrics_mse(out->outputs + i * e->width, out->targets + i * e->width, e->width);
    }
}

static ht_status score(const ht_evaluator *e, ht_evaluation *out, ht_error *err) {
    for (size_t i = 0; i < e->samples * e->width; ++i) {
        if (!isfinite(out->outputs[i])) {
            return ht__fail_at(err, HT_ERROR_NUMERIC, e->graph->outputs[0]->name, "The model gives %g for sample %zu.",
                               (double)out->outputs[i], i / e->width);
        }
    }
    if (e->info->task == HT_TASK_CLASSIFICATION) {
        HT_TRY(score_classes(e, out, err));
    } else {
        score_values(e, out);
    }
    double sum = 0;
    for (size_t i = 0; i < e->samples; ++i) {
        sum += (double)out->losses[i];
    }
    out->loss = sum / (double)e->samples;
    if (e->info->task == HT_TASK_REGRESSION) {
        out->mse = out->low = out->high = out->loss;
    }
    return HT_OK;
}

static ht_status run_batches(ht_evaluator *e, ht_pool *pool, ht_evaluation *out, ht_error *err) {
    for (size_t first = 0; first < e->samples; first += e->batch) {
        const float *batch_inputs;
        HT_TRY(load_batch(e, first, &batch_inputs, err));
        const void *inputs[] = {batch_inputs};
        void *outputs[HT_MAX_OUTPUTS] = {e->outputs};
        ht_run_arguments arguments = {.inputs = inputs,
                                      .outputs = outputs,
                                      .arena = e->arena,
                                      .pool = pool,
                                      .observer = e->observer,
                                      .observer_user = e->observer_user};
        HT_TRY(ht__program_run(e->program, &arguments, err));
        size_t rows = e->samples - first < e->batch ? e->samples - first : e->batch;
        memcpy(out->outputs + first * e->width, e->outputs, rows * e->width * sizeof *out->outputs);
        if (pool != NULL) { /* a serial run is one of many: its caller reports and polls */
            ht__progress(e->ctx, "evaluating", (double)(first + rows), (double)e->samples, NULL);
            HT_TRY(ht__check_interrupt(e->ctx, err));
        }
    }
    e->filled = e->cached;
    return HT_OK;
}

ht_status ht__evaluator_run(ht_evaluator *e, ht_pool *pool, ht_evaluation *out, ht_error *err) {
    double begin = seconds_now();
    ht_status status = allocate_result(e, out, err);
    if (status == HT_OK) {
        memcpy(out->targets, ht_dataset_targets(e->dataset), e->samples * e->info->target_width * sizeof *out->targets);
        status = run_batches(e, pool, out, err);
    }
    if (status == HT_OK) {
        status = score(e, out, err);
    }
    if (status != HT_OK) {
        ht_evaluation_clear(e->ctx, out);
        return status;
    }
    out->seconds = seconds_now() - begin;
    return HT_OK;
}

void ht_evaluation_clear(ht_context *ctx, ht_evaluation *evaluation) {
    if (evaluation == NULL) {
        return;
    }
    ht__free(&ctx->allocator, evaluation->confusion);
    ht__free(&ctx->allocator, evaluation->predictions);
    ht__free(&ctx->allocator, evaluation->losses);
    ht__free(&ctx->allocator, evaluation->outputs);
    ht__free(&ctx->allocator, evaluation->targets);
    *evaluation = (ht_evaluation){0};
}
