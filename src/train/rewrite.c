#include "train/rewrite.h"

#include <string.h>

#include "graph/gradient.h"
#include "graph/op.h"
#include "passes/passes.h"
#include "train/streams.h"

typedef struct rewriter {
    ht_rewrite *io;
    ht_graph *fixed;       /* the source with a known batch: where shapes are read from */
    ht_graph *graph;       /* the result */
    ht_value **map;        /* by id of the source's values */
    bool *is_trained;      /* by id of the source's values */
    ht_value **parameters; /* by trained constant: the training graph's input */
    ht_value **running;    /* by tracked constant: the value that holds its successor */
    ht_value *step, *target;
    ht_error *err;
} rewriter;

/* ---- what is trained ---- */

/* Weights, biases, scales and shifts of normalisations; not their statistics, nor constants of the arithmetic. */
static ht_status find_trained(rewriter *w) {
    ht_target *targets;
    size_t count;
    HT_TRY(ht__quantization_targets(w->fixed, &targets, &count, w->err));
    for (size_t i = 0; i < count; ++i) {
        w->is_trained[targets[i].value->id] = targets[i].role != HT_TARGET_OTHER;
    }
    ht__free(&w->io->ctx->allocator, targets);
    return HT_OK;
}

static bool is_parameter(const ht_value *value) {
    return value != NULL && value->data != NULL && value->desc.type == HT_F32 && value->desc.rank >= 1;
}

static ht_status append(rewriter *w, ht_trained **list, size_t *count, const ht_value *source) {
    ht_trained *items = *list;
    if (items == NULL) {
        items = ht__arena_alloc(w->graph->arena, w->fixed->value_count * sizeof *items);
        if (items == NULL) {
            return ht__fail_memory(w->err, w->fixed->value_count * sizeof *items);
        }
        *list = items;
    }
    items[(*count)++] = (ht_trained){.source = source, .input = -1, .output = -1};
    return HT_OK;
}

/* Makes the constant an input of the training graph and remembers it. */
static ht_status take(rewriter *w, const ht_value *value, ht_trained **list, size_t *count) {
    HT_TRY(append(w, list, count, w->io->source->values[value->id]));
    (*list)[*count - 1].input = (int32_t)w->graph->input_count;
    return ht__graph_add_input(w->graph, NULL, &value->desc, &w->map[value->id], w->err);
}

/* ---- rounding in the forward pass ---- */

/* *out = `value` rounded to the grid of two new inputs, `grids` numbers each along `axis` (-1: one for all). */
static ht_status add_rounding(rewriter *w, ht_value *value, int32_t axis, size_t grids, float high,
                              int32_t *scale_input, int32_t *zero_point_input, ht_value **out) {
    const ht_tensor_desc desc = {.type = HT_F32, .rank = axis >= 0, .dims = {(int64_t)grids}};
    ht_value *inputs[3] = {value, NULL, NULL};
    *scale_input = (int32_t)w->graph->input_count;
    HT_TRY(ht__graph_add_input(w->graph, NULL, &desc, &inputs[1], w->err));
    *zero_point_input = (int32_t)w->graph->input_count;
    HT_TRY(ht__graph_add_input(w->graph, NULL, &desc, &inputs[2], w->err));
    ht_node *node;
    HT_TRY(ht__graph_add_node(w->graph, "FakeQuantize", NULL, inputs, 3, 1, NULL, &node, w->err));
    HT_TRY(ht__node_set_float(w->graph, node, "low", 0, w->err));
    HT_TRY(ht__node_set_float(w->graph, node, "high", high, w->err));
    HT_TRY(ht__node_set_int(w->graph, node, "axis", axis >= 0 ? axis : 0, w->err));
    HT_TRY(node->op->infer(w->graph, node, w->err));
    *out = node->outputs[0];
    return HT_OK;
}

/* Readers of the constant `id` read its rounded value, when it is one of the weights to be rounded. */
static ht_status round_weight(rewriter *w, uint32_t id) {
    ht_fake *fake = w->io->fake;
    for (size_t i = 0; fake != NULL && i < fake->weight_count; ++i) {
        ht_fake_weight *weight = &fake->weights[i];
        if (weight->source->id == id) {
            return add_rounding(w, w->map[id], weight->axis, weight->channels, fake->weight_high, &weight->scale_input,
                                &weight->zero_point_input, &w->map[id]);
        }
    }
    return HT_OK;
}

/* The smallest or largest element, as an output. */
static ht_status add_extreme(rewriter *w, const char *op, ht_value *value, int32_t *output) {
    ht_node *node;
    HT_TRY(ht__graph_add_node(w->graph, op, NULL, &value, 1, 1, NULL, &node, w->err));
    HT_TRY(ht__node_set_int(w->graph, node, "keepdims", 0, w->err));
    HT_TRY(node->op->infer(w->graph, node, w->err));
    *output = (int32_t)w->graph->output_count;
    return ht__graph_mark_output(w->graph, node->outputs[0], w->err);
}

/* `made` stands for the activation `source` from now on, rounded when it is one of those. */
static ht_status settle(rewriter *w, const ht_value *source, ht_value *made) {
    ht_fake *fake = w->io->fake;
    w->map[source->id] = made;
    for (size_t i = 0; fake != NULL && i < fake->activation_count; ++i) {
        ht_fake_activation *activation = &fake->activations[i];
        if (activation->source->id == source->id) {
            HT_TRY(add_extreme(w, "ReduceMin", made, &activation->low_output));
            HT_TRY(add_extreme(w, "ReduceMax", made, &activation->high_output));
            return add_rounding(w, made, -1, 1, fake->activation_high, &activation->scale_input,
                                &activation->zero_point_input, &w->map[source->id]);
        }
    }
    return HT_OK;
}

static ht_status take_parameters(rewriter *w, const ht_node *node) {
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_value *value = node->inputs[i];
        if (is_parameter(value) && w->is_trained[value->id] && w->map[value->id] == NULL) {
            HT_TRY(take(w, value, &w->io->trained, &w->io->trained_count));
            w->parameters[w->io->trained_count - 1] = w->map[value->id];
            HT_TRY(round_weight(w, value->id));
        }
    }
    return HT_OK;
}

/* ---- nodes: values get new names, since what a model calls its own may be what we make up ---- */

/* The training graph's value for one of the source; constants that are not trained are borrowed. */
static ht_status mapped(rewriter *w, const ht_value *value, ht_value **out) {
    *out = NULL;
    if (value == NULL) {
        return HT_OK;
    }
    if (w->map[value->id] == NULL) {
        if (value->data == NULL) {
            return ht__fail_at(w->err, HT_ERROR_INTERNAL, value->name, "A value is read before it is made.");
        }
        HT_TRY(ht__graph_add_constant(w->graph, NULL, &value->desc, value->data, true, &w->map[value->id], w->err));
    }
    *out = w->map[value->id];
    return HT_OK;
}

static ht_status copy_attributes(rewriter *w, const ht_node *from, ht_node *to) {
    for (uint32_t i = 0; i < from->attribute_count; ++i) {
        HT_TRY(ht__node_copy_attribute(w->graph, to, &from->attributes[i], w->err));
    }
    return HT_OK;
}

/* The same node on the training graph's values. */
static ht_status copy_node(rewriter *w, const ht_node *node) {
    ht_value *inputs[HT_MAX_INPUTS];
    if (node->input_count > HT_MAX_INPUTS || node->output_count > HT_MAX_OUTPUTS) {
        return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, node->name, "%u inputs are more than training takes.",
                           node->input_count);
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        HT_TRY(mapped(w, node->inputs[i], &inputs[i]));
    }
    ht_node *made;
    HT_TRY(ht__graph_add_node(w->graph, node->op->name, node->name, inputs, node->input_count, node->output_count, NULL,
                              &made, w->err));
    HT_TRY(copy_attributes(w, node, made));
    HT_TRY(made->op->infer(w->graph, made, w->err));
    for (uint32_t i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] != NULL) {
            HT_TRY(settle(w, node->outputs[i], made->outputs[i]));
        }
    }
    return HT_OK;
}

/* BatchNormalization (x, gamma, beta, mean, variance) -> BatchNormTrain, whose outputs 1 and 2 are the new statistics.
 */
static ht_status train_norm(rewriter *w, const ht_node *node) {
    ht_value *inputs[5];
    for (uint32_t i = 3; i < 5; ++i) {
        if (!is_parameter(node->inputs[i]) || w->map[node->inputs[i]->id] != NULL) {
            return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, node->name,
                               "Only a BatchNormalization with constant statistics of its own can be trained.");
        }
        HT_TRY(take(w, node->inputs[i], &w->io->tracked, &w->io->tracked_count));
    }
    for (uint32_t i = 0; i < 5; ++i) {
        HT_TRY(mapped(w, node->inputs[i], &inputs[i]));
    }
    ht_node *made;
    HT_TRY(ht__graph_add_node(w->graph, "BatchNormTrain", node->name, inputs, 5, 5, NULL, &made, w->err));
    HT_TRY(copy_attributes(w, node, made));
    HT_TRY(made->op->infer(w->graph, made, w->err));
    w->running[w->io->tracked_count - 2] = made->outputs[1];
    w->running[w->io->tracked_count - 1] = made->outputs[2];
    return settle(w, node->outputs[0], made->outputs[0]);
}

static ht_status dropout_ratio(const ht_node *node, const ht_train_options *recipe, float *ratio, ht_error *err) {
    *ratio = ht__node_float(node, "ratio", 0.5f);
    if (node->input_count > 1 && node->inputs[1] != NULL && node->inputs[1]->data != NULL) {
        *ratio = *(const float *)node->inputs[1]->data;
    }
    if (recipe->dropout >= 0) {
        *ratio = (float)recipe->dropout;
    }
    if (!(*ratio >= 0 && *ratio < 1)) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, node->name, "A dropout ratio of %g is not in [0, 1).",
                           (double)*ratio);
    }
    return HT_OK;
}

static ht_status train_dropout(rewriter *w, const ht_node *node, size_t place) {
    float ratio;
    HT_TRY(dropout_ratio(node, w->io->recipe, &ratio, w->err));
    ht_value *inputs[2];
    HT_TRY(mapped(w, node->inputs[0], &inputs[0]));
    if (ratio == 0) {
        return settle(w, node->outputs[0], inputs[0]);
    }
    if (w->step == NULL) {
        const ht_tensor_desc desc = {.type = HT_I64};
        w->io->step = (int32_t)w->graph->input_count;
        HT_TRY(ht__graph_add_input(w->graph, NULL, &desc, &w->step, w->err));
    }
    inputs[1] = w->step;
    ht_node *made;
    HT_TRY(ht__graph_add_node(w->graph, "DropoutTrain", node->name, inputs, 2, 1, NULL, &made, w->err));
    HT_TRY(ht__node_set_float(w->graph, made, "ratio", ratio, w->err));
    HT_TRY(ht__node_set_int(w->graph, made, "seed", (int64_t)w->io->recipe->seed, w->err));
    HT_TRY(ht__node_set_int(w->graph, made, "stream", (int64_t)ht__stream(HT_STREAM_DROPOUT, place), w->err));
    HT_TRY(made->op->infer(w->graph, made, w->err));
    return settle(w, node->outputs[0], made->outputs[0]);
}

static ht_status rewrite_nodes(rewriter *w) {
    const ht_op *norm = ht__op_find("", "BatchNormalization"), *dropout = ht__op_find("", "Dropout");
    for (size_t i = 0; i < w->fixed->node_count; ++i) {
        const ht_node *node = w->fixed->nodes[i];
        HT_TRY(take_parameters(w, node));
        HT_TRY(node->op == norm      ? train_norm(w, node)
               : node->op == dropout ? train_dropout(w, node, i)
                                     : copy_node(w, node));
    }
    return HT_OK;
}

/* ---- ends ---- */

static ht_status add_ends(rewriter *w) {
    const ht_dataset_info *data = w->io->data;
    const ht_value *x = w->fixed->inputs[0];
    if (w->fixed->input_count != 1 || w->fixed->output_count != 1 ||
        ht__desc_elements(&x->desc) != (int64_t)(w->io->batch * data->input_elements)) {
        char takes[96];
        return ht__fail(w->err, HT_ERROR_MISMATCH, "The network takes %s, but %zu samples of %s have %zu values each.",
                        ht__desc_print(&x->desc, takes, sizeof takes), w->io->batch, data->name, data->input_elements);
    }
    w->io->input = (int32_t)w->graph->input_count;
    ht_value *input;
    HT_TRY(ht__graph_add_input(w->graph, NULL, &x->desc, &input, w->err));
    HT_TRY(settle(w, x, input));
    bool classes = data->task == HT_TASK_CLASSIFICATION;
    ht_tensor_desc target = {.type = HT_F32,
                             .rank = classes ? 1 : 2,
                             .dims = {(int64_t)w->io->batch, classes ? 0 : (int64_t)data->target_width}};
    w->io->target = (int32_t)w->graph->input_count;
    return ht__graph_add_input(w->graph, NULL, &target, &w->target, w->err);
}

/* The loss on the network's output; also makes what accuracy is counted from an output. */
static ht_status add_loss(rewriter *w, ht_value **loss) {
    const ht_dataset_info *data = w->io->data;
    bool classes = data->task == HT_TASK_CLASSIFICATION;
    ht_value *y = w->map[w->fixed->outputs[0]->id];
    w->io->output_width = classes ? data->classes : data->target_width;
    int64_t rows = (int64_t)w->io->batch, columns = (int64_t)w->io->output_width;
    if (y->desc.rank != 2 || y->desc.dims[0] != rows || y->desc.dims[1] != columns) {
        char gives[96];
        return ht__fail(w->err, HT_ERROR_MISMATCH, "The network gives %s, but %s needs [%lld, %lld].",
                        ht__desc_print(&y->desc, gives, sizeof gives), data->name, (long long)rows, (long long)columns);
    }
    ht_value *inputs[2] = {y, w->target};
    ht_node *node;
    HT_TRY(ht__graph_add_node(w->graph, classes ? "CrossEntropy" : "SquaredError", "halftone.loss", inputs, 2,
                              classes ? 2 : 1, NULL, &node, w->err));
    if (classes) {
        HT_TRY(ht__node_set_float(w->graph, node, "smoothing", (float)w->io->recipe->label_smoothing, w->err));
    }
    HT_TRY(node->op->infer(w->graph, node, w->err));
    *loss = node->outputs[0];
    w->io->loss = (int32_t)w->graph->output_count;
    HT_TRY(ht__graph_mark_output(w->graph, *loss, w->err));
    w->io->output = (int32_t)w->graph->output_count;
    return ht__graph_mark_output(w->graph, classes ? node->outputs[1] : y, w->err);
}

/* Marks `value` as an output of its own: two parameters may have the same gradient, and each needs its buffer. */
static ht_status mark(rewriter *w, ht_value *value, int32_t *index) {
    if (value->is_output || value->is_input || value->producer == NULL) {
        ht_node *copy;
        HT_TRY(ht__graph_add_node(w->graph, "Identity", NULL, &value, 1, 1, NULL, &copy, w->err));
        HT_TRY(copy->op->infer(w->graph, copy, w->err));
        value = copy->outputs[0];
    }
    *index = (int32_t)w->graph->output_count;
    return ht__graph_mark_output(w->graph, value, w->err);
}

static ht_status add_gradients(rewriter *w, ht_value *loss) {
    ht_rewrite *io = w->io;
    if (io->trained_count == 0) {
        return ht__fail(w->err, HT_ERROR_UNSUPPORTED, "The network has no weights that could be trained.");
    }
    ht_value **gradients = ht__arena_alloc(w->graph->arena, io->trained_count * sizeof *gradients);
    if (gradients == NULL) {
        return ht__fail_memory(w->err, io->trained_count * sizeof *gradients);
    }
    HT_TRY(ht__graph_differentiate(w->graph, loss, w->parameters, io->trained_count, gradients, w->err));
    for (size_t i = 0; i < io->trained_count; ++i) {
        if (gradients[i] != NULL) {
            HT_TRY(mark(w, gradients[i], &io->trained[i].output));
        }
    }
    for (size_t i = 0; i < io->tracked_count; ++i) {
        HT_TRY(mark(w, w->running[i], &io->tracked[i].output));
    }
    return HT_OK;
}

static ht_status run(rewriter *w) {
    HT_TRY(ht__graph_create(w->io->ctx, w->io->source->name, &w->graph, w->err));
    HT_TRY(ht__graph_copy(w->io->source, &w->fixed, w->err));
    HT_TRY(ht__graph_set_batch(w->fixed, (int64_t)w->io->batch, w->err));
    HT_TRY(ht__graph_sort(w->fixed, w->err));
    size_t count = w->fixed->value_count;
    w->map = ht__arena_alloc(w->graph->arena, count * sizeof *w->map);
    w->running = ht__arena_alloc(w->graph->arena, count * sizeof *w->running);
    w->parameters = ht__arena_alloc(w->graph->arena, count * sizeof *w->parameters);
    w->is_trained = ht__arena_alloc(w->graph->arena, count * sizeof *w->is_trained);
    if (w->map == NULL || w->running == NULL || w->parameters == NULL || w->is_trained == NULL) {
        return ht__fail_memory(w->err, count * 3 * sizeof *w->map);
    }
    HT_TRY(find_trained(w));
    ht_value *loss = NULL;
    HT_TRY(add_ends(w));
    HT_TRY(rewrite_nodes(w));
    HT_TRY(add_loss(w, &loss));
    HT_TRY(add_gradients(w, loss));
    HT_TRY(ht__graph_sort(w->graph, w->err));
    return ht__pass_fuse_activation(w->graph, w->err);
}

ht_status ht__rewrite_for_training(ht_rewrite *rewrite, ht_error *err) {
    rewrite->step = -1;
    rewriter w = {.io = rewrite, .err = err};
    ht_status status = run(&w);
    if (w.fixed != NULL) {
        ht__graph_destroy(w.fixed); /* constants that were borrowed from it belong to the source */
    }
    if (status != HT_OK) {
        if (w.graph != NULL) {
            ht__graph_destroy(w.graph);
        }
        return status;
    }
    rewrite->graph = w.graph;
    return HT_OK;
}
