#include "quant/correct.h"

#include <string.h>

#include "base/clones.h"
#include "graph/op.h"

/* Conv or Gemm with weights in input 1 and a bias in input 2, both constant. */
static bool is_correctable(const ht_node *node) {
    return node->op->weight_inputs == 0x2 && node->op->bias_inputs == 0x4 && node->input_count > 2 &&
           node->inputs[2] != NULL && node->inputs[1]->data != NULL && node->inputs[2]->data != NULL &&
           node->inputs[0]->data == NULL && node->inputs[2]->desc.rank == 1 && ht__node_int(node, "transA", 0) == 0;
}

ht_status ht__channel_means_for(const ht_graph *graph, ht_channel_means **out, size_t *count, ht_error *err) {
    ht_channel_means *means = ht__calloc(&graph->ctx->allocator, graph->node_count + 1, sizeof *means);
    *count = 0;
    *out = means;
    for (size_t i = 0; i < graph->node_count && means != NULL; ++i) {
        const ht_node *node = graph->nodes[i];
        bool known = false;
        for (size_t k = 0; k < *count; ++k) {
            known = known || means[k].value == node->inputs[0];
        }
        if (is_correctable(node) && !known) {
            means[(*count)++].value = node->inputs[0];
        }
    }
    return means != NULL ? HT_OK : ht__fail_memory(err, graph->node_count * sizeof *means);
}

void ht__channel_means_free(const ht_allocator *allocator, ht_channel_means *means, size_t count) {
    for (size_t i = 0; i < count && means != NULL; ++i) {
        ht__free(allocator, means[i].sums);
    }
    ht__free(allocator, means);
}

HT_CLONES
static void add_pixel(double *restrict sums, const float *restrict pixel, int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
        sums[c] += (double)pixel[c];
    }
}

static double sum_of(const float *values, int64_t count) {
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        sum += (double)values[i];
    }
    return sum;
}

ht_status ht__channel_means_add(const ht_allocator *allocator, ht_channel_means *means, const ht_tensor_desc *desc,
                                const float *data, ht_error *err) {
    if (desc->rank < 2) {
        return HT_OK;
    }
    if (means->sums == NULL) {
        means->sums = ht__calloc(allocator, (size_t)desc->dims[1] + 1, sizeof *means->sums);
        means->channels = desc->dims[1];
    }
    if (means->sums == NULL) {
        return ht__fail_memory(err, (size_t)desc->dims[1] * sizeof *means->sums);
    }
    int64_t elements = ht__desc_elements(desc), pixels = elements / desc->dims[0] / means->channels;
    if (desc->layout == HT_LAYOUT_CHANNELS_LAST || pixels == 1) {
        for (int64_t i = 0; i < elements; i += means->channels) {
            add_pixel(means->sums, data + i, means->channels);
        }
    } else {
        for (int64_t i = 0; i < elements; i += pixels) {
            means->sums[i / pixels % means->channels] += sum_of(data + i, pixels);
        }
    }
    means->count += (double)(desc->dims[0] * pixels);
    return HT_OK;
}

/* ---- correcting ---- */

/* Where a weight stands: its output channel and its input channel. */
typedef struct weight_view {
    int64_t outputs, inputs, positions, group_outputs, group_inputs;
    bool columns; /* Gemm without transB: [inputs][outputs] */
} weight_view;

static weight_view view_of(const ht_node *node) {
    const ht_tensor_desc *w = &node->inputs[1]->desc;
    if (w->rank == 2) {
        bool columns = ht__node_int(node, "transB", 0) == 0;
        int64_t outputs = w->dims[columns ? 1 : 0], inputs = w->dims[columns ? 0 : 1];
        return (weight_view){outputs, inputs, 1, outputs, inputs, columns};
    }
    int64_t group = ht__node_int(node, "group", 1), elements = ht__desc_elements(w);
    return (weight_view){.outputs = w->dims[0],
                         .inputs = w->dims[1] * group,
                         .positions = elements / (w->dims[0] * w->dims[1]),
                         .group_outputs = w->dims[0] / group,
                         .group_inputs = w->dims[1]};
}

/* The mean that rounding adds to output channel `o`. */
static double shift_of(const weight_view *view, int64_t o, const float *quantized, const float *original,
                       const ht_channel_means *x) {
    double shift = 0.0;
    for (int64_t i = 0; i < view->group_inputs; ++i) {
        double difference = 0.0;
        for (int64_t k = 0; k < view->positions; ++k) {
            int64_t place = view->columns ? i * view->outputs + o : (o * view->group_inputs + i) * view->positions + k;
            difference += (double)quantized[place] - (double)original[place];
        }
        shift += difference * x->sums[o / view->group_outputs * view->group_inputs + i] / x->count;
    }
    return shift;
}

ht_status ht__correct_bias(ht_graph *graph, const ht_value *weight, const float *original,
                           const ht_channel_means *means, size_t count, ht_error *err) {
    ht_node *node = NULL;
    size_t readers = ht__graph_consumers(graph, weight, &node, 1);
    if (readers != 1 || !is_correctable(node) || node->inputs[1] != weight) {
        return HT_OK;
    }
    const ht_channel_means *x = NULL;
    for (size_t i = 0; i < count; ++i) {
        x = means[i].value == node->inputs[0] ? &means[i] : x;
    }
    weight_view view = view_of(node);
    if (x == NULL || x->channels != view.inputs || x->count == 0.0 || node->inputs[2]->desc.dims[0] != view.outputs) {
        return HT_OK;
    }
    float *bias = ht__arena_copy(graph->arena, node->inputs[2]->data, (size_t)view.outputs * sizeof *bias);
    if (bias == NULL) {
        return ht__fail_memory(err, (size_t)view.outputs * sizeof *bias);
    }
    for (int64_t o = 0; o < view.outputs; ++o) {
        bias[o] -= (float)shift_of(&view, o, weight->data, original, x);
    }
    if (ht__graph_consumers(graph, node->inputs[2], NULL, 0) > 1) {
        return ht__graph_add_constant(graph, NULL, &node->inputs[2]->desc, bias, true, &node->inputs[2], err);
    }
    node->inputs[2]->data = bias;
    return HT_OK;
}
