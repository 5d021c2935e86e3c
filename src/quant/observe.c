#include "quant/observe.h"

#include "quant/input.h"

enum {
    LARGEST_BATCH = 32,
    BATCH_BYTES = 24 << 20 /* a batch's largest activation: some three of that size live at once */
};

/* As many samples at a time as keep activations small, leaving out few samples at the end. */
static size_t choose_batch(const ht_graph *graph, size_t samples, size_t most) {
    int64_t largest = 1;
    for (size_t i = 0; i < graph->value_count; ++i) {
        const ht_value *value = graph->values[i];
        int64_t elements = value->data == NULL ? ht__desc_elements(&value->desc) : 0;
        largest = elements > largest ? elements : largest;
    }
    int64_t fitting = BATCH_BYTES / ((int64_t)sizeof(float) * largest);
    size_t batch = fitting > LARGEST_BATCH ? LARGEST_BATCH : fitting < 1 ? 1 : (size_t)fitting;
    batch = batch < most ? batch : most;
    batch = batch < samples ? batch : samples;
    while (samples % batch > samples / 32) {
        --batch;
    }
    return batch;
}

/* Shapes for one sample say how large activations are. */
static ht_status measure_batch(const ht_graph *graph, size_t samples, size_t most, size_t *batch, ht_error *err) {
    ht_graph *single;
    HT_TRY(ht__graph_copy(graph, &single, err));
    ht_status status = ht__graph_set_batch(single, 1, err);
    *batch = choose_batch(single, samples, most);
    ht__graph_destroy(single);
    return status;
}

static ht_status reserve(ht_observation *o, size_t input_elements, ht_error *err) {
    const ht_allocator *allocator = &o->ctx->allocator;
    const ht_program *program = o->program;
    o->arena = ht__alloc(allocator, ht__program_run_bytes(program));
    o->indices = ht__calloc(allocator, o->batch, sizeof *o->indices);
    o->input = ht__calloc(allocator, o->batch * input_elements, sizeof *o->input);
    o->outputs = ht__calloc(allocator, program->output_count + 1, sizeof *o->outputs);
    bool good = o->arena != NULL && o->indices != NULL && o->input != NULL && o->outputs != NULL;
    for (size_t i = 0; i < program->output_count && good; ++i) {
        size_t bytes = 0;
        good = ht__desc_bytes(&program->tensors[program->outputs[i]].desc, &bytes) &&
               (o->outputs[i] = ht__alloc(allocator, bytes)) != NULL;
    }
    return good ? HT_OK : ht__fail_memory(err, ht__program_run_bytes(program));
}

ht_status ht__observation_begin(ht_context *ctx, const ht_graph *graph, const ht_dataset_info *info, size_t samples,
                                size_t most, const ht_compile_options *options, ht_observation *out, ht_error *err) {
    *out = (ht_observation){.ctx = ctx, .values = graph->value_count};
    HT_TRY(ht__graph_copy(graph, &out->graph, err));
    HT_TRY(ht__input_fit(out->graph, info, err));
    int64_t fixed = out->graph->inputs[0]->desc.dims[0];
    out->batch = (size_t)fixed;
    HT_TRY(fixed > 0 ? HT_OK : measure_batch(out->graph, samples, most, &out->batch, err));
    if (samples < out->batch) {
        return ht__fail(err, HT_ERROR_MISMATCH, "The model runs %zu samples at a time, but there are only %zu.",
                        out->batch, samples);
    }
    HT_TRY(ht__pass_prepare(out->graph, (int64_t)out->batch, HT_PREPARE_OBSERVABLE, err));
    HT_TRY(ht__compile(out->graph, options, &out->program, err));
    return reserve(out, info->input_elements, err);
}

ht_status ht__observation_run(ht_observation *o, const ht_dataset *data, ht_observer *observer, void *user,
                              ht_error *err) {
    const void *inputs[1] = {o->input};
    ht_run_arguments arguments = {.inputs = inputs,
                                  .outputs = o->outputs,
                                  .arena = o->arena,
                                  .pool = o->ctx->pool,
                                  .observer = observer,
                                  .observer_user = user};
    HT_TRY(ht__check_interrupt(o->ctx, err));
    HT_TRY(ht_dataset_read(data, o->indices, o->batch, o->input, NULL, err));
    return ht__program_run(o->program, &arguments, err);
}

void ht__observation_end(ht_observation *o) {
    const ht_allocator *allocator = &o->ctx->allocator;
    for (size_t i = 0; o->program != NULL && o->outputs != NULL && i < o->program->output_count; ++i) {
        ht__free(allocator, o->outputs[i]);
    }
    ht__free(allocator, o->arena);
    ht__free(allocator, o->indices);
    ht__free(allocator, o->input);
    ht__free(allocator, o->outputs);
    ht__program_destroy(o->program);
    ht__graph_destroy(o->graph);
}
