#include <math.h>
#include <string.h>

#include "graph/op.h"
#include "passes/passes.h"

static bool is_op(const ht_node *node, const char *name) {
    return node != NULL && strcmp(node->op->name, name) == 0 && node->op->domain[0] == '\0';
}

static bool constant_f32(const ht_value *value) {
    return value != NULL && value->data != NULL && value->desc.type == HT_F32;
}

/* Can this normalisation go into the node before it? */
static ht_node *foldable(const ht_graph *graph, const ht_node *norm) {
    ht_node *before = norm->inputs[0]->producer;
    if (ht__node_int(norm, "training_mode", 0) != 0) {
        return NULL; /* its statistics are the batch's */
    }
    if (!is_op(before, "Conv") && !is_op(before, "Gemm")) {
        return NULL;
    }
    bool gemm = is_op(before, "Gemm");
    if (gemm && (ht__node_float(before, "alpha", 1.0f) != 1.0f || ht__node_float(before, "beta", 1.0f) != 1.0f)) {
        return NULL;
    }
    for (uint32_t i = 1; i < 5; ++i) {
        if (!constant_f32(norm->inputs[i])) {
            return NULL;
        }
    }
    const ht_value *bias = before->input_count > 2 ? before->inputs[2] : NULL;
    int64_t channels = norm->inputs[1]->desc.dims[0];
    bool fits = constant_f32(before->inputs[1]) && (bias == NULL || constant_f32(bias)) &&
                (bias == NULL || ht__desc_elements(&bias->desc) == channels) && !norm->inputs[0]->is_output &&
                ht__node_attribute(before, "activation") == NULL &&
                ht__graph_consumers(graph, norm->inputs[0], NULL, 0) == 1 &&
                ht__graph_consumers(graph, before->inputs[1], NULL, 0) == 1;
    return fits ? before : NULL;
}

/* Scales output channel o of w by factor[o]; channels are axis 0, or axis 1 for a Gemm that is not transposed. */
static void scale_weights(const ht_node *before, const float *factor, float *w) {
    const ht_tensor_desc *desc = &before->inputs[1]->desc;
    int64_t total = ht__desc_elements(desc);
    bool columns = is_op(before, "Gemm") && ht__node_int(before, "transB", 0) == 0;
    int64_t channels = desc->dims[columns ? 1 : 0], inner = columns ? 1 : total / channels;
    for (int64_t i = 0; i < total; ++i) {
        w[i] *= factor[columns ? i % channels : i / inner];
    }
}

static ht_status fold_one(ht_graph *graph, ht_node *norm, ht_node *before, ht_error *err) {
    const ht_value *weights = before->inputs[1];
    const ht_value *bias = before->input_count > 2 ? before->inputs[2] : NULL;
    const float *gamma = norm->inputs[1]->data, *beta = norm->inputs[2]->data, *mean = norm->inputs[3]->data,
                *variance = norm->inputs[4]->data;
    size_t channels = (size_t)norm->inputs[1]->desc.dims[0];
    size_t bytes = (size_t)ht__desc_elements(&weights->desc) * sizeof(float);
    float *factor = ht__arena_alloc(graph->arena, channels * sizeof *factor);
    float *new_bias = ht__arena_alloc(graph->arena, channels * sizeof *new_bias);
    float *new_weights = ht__arena_copy(graph->arena, weights->data, bytes);
    if (factor == NULL || new_bias == NULL || new_weights == NULL) {
        return ht__fail_memory(err, bytes);
    }
    float epsilon = ht__node_float(norm, "epsilon", 1e-5f);
    for (size_t i = 0; i < channels; ++i) {
        double scale = (double)gamma[i] / sqrt((double)variance[i] + (double)epsilon);
        double shift = bias != NULL ? (double)((const float *)bias->data)[i] : 0.0;
        factor[i] = (float)scale;
        new_bias[i] = (float)((shift - (double)mean[i]) * scale + (double)beta[i]);
    }
    scale_weights(before, factor, new_weights);
    ht_tensor_desc bias_desc = {.type = HT_F32, .rank = 1, .dims = {(int64_t)channels}};
    ht_value *inputs[3] = {before->inputs[0]};
    const char *bias_name = ht__arena_printf(graph->arena, "%s.folded_bias", before->name);
    const char *weight_name = ht__arena_printf(graph->arena, "%s.folded", weights->name);
    if (bias_name == NULL || weight_name == NULL) {
        return ht__fail_memory(err, 64);
    }
    HT_TRY(ht__graph_add_constant(graph, weight_name, &weights->desc, new_weights, true, &inputs[1], err));
    HT_TRY(ht__graph_add_constant(graph, bias_name, &bias_desc, new_bias, true, &inputs[2], err));
    ht_value **list = ht__arena_copy(graph->arena, inputs, sizeof inputs);
    if (list == NULL) {
        return ht__fail_memory(err, sizeof inputs);
    }
    before->inputs = list;
    before->input_count = 3;
    /* The node now writes the normalised tensor itself. */
    ht_value *result = norm->outputs[0];
    ht_value *old = before->outputs[0];
    ht__graph_remove_node(graph, norm);
    old->producer = NULL;
    before->outputs[0] = result;
    result->producer = before;
    return HT_OK;
}

ht_status ht__pass_fold_batch_norm(ht_graph *graph, size_t *folded, ht_error *err) {
    size_t count = 0;
    HT_TRY(ht__graph_sort(graph, err));
    for (size_t i = 0; i < graph->node_count;) {
        ht_node *norm = graph->nodes[i];
        ht_node *before = is_op(norm, "BatchNormalization") ? foldable(graph, norm) : NULL;
        if (before == NULL) {
            ++i;
            continue;
        }
        HT_TRY(fold_one(graph, norm, before, err)); /* removes nodes[i] */
        ++count;
    }
    if (folded != NULL) {
        *folded = count;
    }
    return HT_OK;
}
