#include "train/network.h"

#include <string.h>

#include "graph/op.h"
#include "plan/compile.h"
#include "train/rewrite.h"

/* Floats between the starts of two parameters' places: a cache line. */
#define SPACING 16

/* ---- bindings ---- */

static size_t place(ht_trained *items, size_t count, size_t *elements) {
    size_t numbers = 0, offset = 0;
    for (size_t i = 0; i < count; ++i) {
        items[i].count = (size_t)ht__desc_elements(&items[i].source->desc);
        items[i].offset = offset;
        offset += (items[i].count + SPACING - 1) / SPACING * SPACING;
        numbers += items[i].count;
    }
    *elements = offset;
    return numbers;
}

static void fill(const ht_trained *items, size_t count, float *buffer) {
    for (size_t i = 0; i < count; ++i) {
        memcpy(buffer + items[i].offset, items[i].source->data, items[i].count * sizeof *buffer);
    }
}

static ht_status allocate(ht_network *n, ht_error *err) {
    const ht_allocator *allocator = &n->ctx->allocator;
    n->parameter_count = place(n->trained, n->trained_count, &n->parameter_elements);
    place(n->tracked, n->tracked_count, &n->statistic_elements);
    n->parameters = ht__calloc(allocator, n->parameter_elements, sizeof(float));
    n->gradients = ht__calloc(allocator, n->parameter_elements, sizeof(float));
    n->statistics[0] = ht__calloc(allocator, n->statistic_elements, sizeof(float));
    n->statistics[1] = ht__calloc(allocator, n->statistic_elements, sizeof(float));
    n->inputs = ht__calloc(allocator, n->batch * n->input_elements, sizeof(float));
    n->targets = ht__calloc(allocator, n->batch * n->target_width, sizeof(float));
    n->outputs = ht__calloc(allocator, n->batch * n->output_width, sizeof(float));
    n->bound_inputs = ht__calloc(allocator, n->program->input_count, sizeof *n->bound_inputs);
    n->bound_outputs = ht__calloc(allocator, n->program->output_count, sizeof *n->bound_outputs);
    n->arena = ht__alloc(allocator, ht__program_run_bytes(n->program));
    if (n->parameters == NULL || n->gradients == NULL || n->statistics[0] == NULL || n->statistics[1] == NULL ||
        n->inputs == NULL || n->targets == NULL || n->outputs == NULL || n->bound_inputs == NULL ||
        n->bound_outputs == NULL || n->arena == NULL) {
        return ht__fail_memory(err, ht__network_bytes(n));
    }
    fill(n->trained, n->trained_count, n->parameters);
    fill(n->tracked, n->tracked_count, n->statistics[0]);
    return HT_OK;
}

/* Statistics are read from half 0 and written to half 1. */
static void bind_statistics(ht_network *n) {
    for (size_t i = 0; i < n->tracked_count; ++i) {
        n->bound_inputs[n->tracked[i].input] = n->statistics[0] + n->tracked[i].offset;
        n->bound_outputs[n->tracked[i].output] = n->statistics[1] + n->tracked[i].offset;
    }
}

static void bind_fake(ht_network *n, ht_fake *fake) {
    for (size_t i = 0; i < fake->weight_count; ++i) {
        n->bound_inputs[fake->weights[i].scale_input] = fake->scales + fake->weights[i].first;
        n->bound_inputs[fake->weights[i].zero_point_input] = fake->zero_points + fake->weights[i].first;
    }
    for (size_t i = 0; i < fake->activation_count; ++i) {
        ht_fake_activation *activation = &fake->activations[i];
        n->bound_inputs[activation->scale_input] = &activation->scale;
        n->bound_inputs[activation->zero_point_input] = &activation->zero_point;
        n->bound_outputs[activation->low_output] = &activation->seen_low;
        n->bound_outputs[activation->high_output] = &activation->seen_high;
    }
}

static void bind(ht_network *n, const ht_rewrite *rewrite) {
    n->bound_inputs[rewrite->input] = n->inputs;
    n->bound_inputs[rewrite->target] = n->targets;
    if (rewrite->step >= 0) {
        n->bound_inputs[rewrite->step] = &n->step;
    }
    n->bound_outputs[rewrite->loss] = &n->loss;
    n->bound_outputs[rewrite->output] = n->outputs;
    for (size_t i = 0; i < n->trained_count; ++i) {
        n->bound_inputs[n->trained[i].input] = n->parameters + n->trained[i].offset;
        if (n->trained[i].output >= 0) {
            n->bound_outputs[n->trained[i].output] = n->gradients + n->trained[i].offset;
        }
    }
    bind_statistics(n);
    if (n->fake != NULL) {
        bind_fake(n, n->fake);
    }
}

/* ---- life ---- */

static ht_status build(ht_network *n, const ht_dataset_info *data, const ht_train_options *recipe, ht_error *err) {
    ht_rewrite rewrite = {
        .ctx = n->ctx, .source = n->source, .data = data, .recipe = recipe, .batch = n->batch, .fake = n->fake};
    HT_TRY(ht__rewrite_for_training(&rewrite, err));
    n->graph = rewrite.graph;
    n->trained = rewrite.trained;
    n->trained_count = rewrite.trained_count;
    n->tracked = rewrite.tracked;
    n->tracked_count = rewrite.tracked_count;
    n->output_width = rewrite.output_width;
    const ht_compile_options options = {.allow_bf16 = recipe->bf16};
    HT_TRY(ht__compile(n->graph, &options, &n->program, err));
    HT_TRY(allocate(n, err));
    bind(n, &rewrite);
    return HT_OK;
}

ht_status ht__network_create(ht_context *ctx, const ht_graph *source, const ht_dataset_info *data,
                             const ht_train_options *recipe, size_t batch, ht_fake *fake, ht_network **out,
                             ht_error *err) {
    ht_network *n = ht__calloc(&ctx->allocator, 1, sizeof *n);
    if (n == NULL) {
        return ht__fail_memory(err, sizeof *n);
    }
    n->ctx = ctx;
    n->source = source;
    n->batch = batch;
    n->fake = fake;
    n->input_elements = data->input_elements;
    n->target_width = data->target_width;
    ht_status status = build(n, data, recipe, err);
    if (status != HT_OK) {
        ht__network_destroy(n);
        return status;
    }
    *out = n;
    return HT_OK;
}

void ht__network_destroy(ht_network *n) {
    if (n == NULL) {
        return;
    }
    const ht_allocator *allocator = &n->ctx->allocator;
    if (n->program != NULL) {
        ht__program_destroy(n->program);
    }
    if (n->graph != NULL) {
        ht__graph_destroy(n->graph); /* with `trained` and `tracked`, which lie in its arena */
    }
    ht__free(allocator, n->parameters);
    ht__free(allocator, n->gradients);
    ht__free(allocator, n->statistics[0]);
    ht__free(allocator, n->statistics[1]);
    ht__free(allocator, n->inputs);
    ht__free(allocator, n->targets);
    ht__free(allocator, n->outputs);
    ht__free(allocator, n->bound_inputs);
    ht__free(allocator, n->bound_outputs);
    ht__free(allocator, n->arena);
    ht__free(allocator, n);
}

size_t ht__network_bytes(const ht_network *n) {
    size_t floats = 2 * n->parameter_elements + 2 * n->statistic_elements +
                    n->batch * (n->input_elements + n->target_width + n->output_width);
    return floats * sizeof(float) + ht__program_run_bytes(n->program) + n->program->packed_bytes;
}

/* The grids follow the weights that this step will round. */
static ht_status fit_weights(ht_network *n, ht_error *err) {
    for (size_t i = 0; i < n->fake->weight_count; ++i) {
        const ht_fake_weight *weight = &n->fake->weights[i];
        for (size_t k = 0; k < n->trained_count; ++k) {
            if (n->trained[k].source == weight->source) {
                HT_TRY(ht__fake_fit(n->fake, weight, n->parameters + n->trained[k].offset, err));
            }
        }
    }
    return HT_OK;
}

ht_status ht__network_step(ht_network *n, ht_error *err) {
    if (n->fake != NULL) {
        HT_TRY(fit_weights(n, err));
    }
    const ht_run_arguments arguments = {
        .inputs = n->bound_inputs, .outputs = n->bound_outputs, .arena = n->arena, .pool = n->ctx->pool};
    HT_TRY(ht__program_run(n->program, &arguments, err));
    float *fresh = n->statistics[1];
    n->statistics[1] = n->statistics[0];
    n->statistics[0] = fresh;
    bind_statistics(n);
    return n->fake != NULL ? ht__fake_follow(n->fake, err) : HT_OK;
}

/* ---- the trained model ---- */

/* Every constant gets bytes of its own, so that the copy may outlive the source; then the trained ones get their
 * numbers. */
static ht_status own_constants(ht_graph *graph, ht_error *err) {
    for (size_t i = 0; i < graph->value_count; ++i) {
        ht_value *value = graph->values[i];
        size_t bytes;
        if (value->data != NULL && ht__desc_bytes(&value->desc, &bytes)) {
            value->data = ht__arena_copy(graph->arena, value->data, bytes);
            if (value->data == NULL) {
                return ht__fail_memory(err, bytes);
            }
        }
    }
    return HT_OK;
}

static ht_status put_back(ht_graph *graph, const ht_trained *items, size_t count, const float *buffer, ht_error *err) {
    for (size_t i = 0; i < count; ++i) {
        ht_value *value = graph->values[items[i].source->id];
        float *numbers = ht__arena_copy(graph->arena, buffer + items[i].offset, items[i].count * sizeof *buffer);
        if (numbers == NULL) {
            return ht__fail_memory(err, items[i].count * sizeof *buffer);
        }
        value->data = numbers;
        value->quantization = NULL; /* the numbers are new */
    }
    return HT_OK;
}

static void remove_dropout(ht_graph *graph) {
    const ht_op *dropout = ht__op_find("", "Dropout");
    for (size_t i = graph->node_count; i-- > 0;) {
        ht_node *node = graph->nodes[i];
        if (node->op == dropout && !node->outputs[0]->is_output) {
            ht__graph_replace_uses(graph, node->outputs[0], node->inputs[0]);
            ht__graph_remove_node(graph, node);
        }
    }
    ht__graph_prune(graph);
}

ht_status ht__network_export(const ht_network *n, const float *parameters, const float *statistics, ht_graph **out,
                             ht_error *err) {
    ht_graph *graph;
    HT_TRY(ht__graph_copy(n->source, &graph, err));
    ht_status status = own_constants(graph, err);
    if (status == HT_OK) {
        status = put_back(graph, n->trained, n->trained_count, parameters, err);
    }
    if (status == HT_OK) {
        status = put_back(graph, n->tracked, n->tracked_count, statistics, err);
    }
    if (status != HT_OK) {
        ht__graph_destroy(graph);
        return status;
    }
    remove_dropout(graph);
    *out = graph;
    return HT_OK;
}
