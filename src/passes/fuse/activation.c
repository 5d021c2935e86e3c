#include <string.h>

#include "graph/op.h"
#include "passes/fuse/fuse.h"
#include "passes/passes.h"

static bool is_op(const ht_node *node, const char *name) { return node != NULL && strcmp(node->op->name, name) == 0; }

static ht_status into_product(ht_graph *graph, ht_node *before, ht_node *activation, bool *done, ht_error *err) {
    if (is_op(activation, "Relu")) {
        HT_TRY(ht__node_set_text(graph, before, "activation", "relu", err));
    } else {
        float low, high;
        if (!ht__fuse_bound(activation, 1, -3.402823466e38f, &low) ||
            !ht__fuse_bound(activation, 2, 3.402823466e38f, &high)) {
            return HT_OK;
        }
        HT_TRY(ht__node_set_text(graph, before, "activation", "clip", err));
        HT_TRY(ht__node_set_float(graph, before, "clip_low", low, err));
        HT_TRY(ht__node_set_float(graph, before, "clip_high", high, err));
    }
    ht__fuse_absorb(graph, before, activation);
    *done = true;
    return HT_OK;
}

/* BatchNormTrain - Relu, and on the way back ReluGrad(y, dy) - BatchNormGrad(...): both pairs become one node each. The
 * training graph reads the normalised tensor nowhere else: the gradient of Relu looks at its output. */
static ht_status into_train_norm(ht_graph *graph, ht_node *norm, ht_node *relu, bool *done, ht_error *err) {
    ht_value *y = relu->outputs[0];
    ht_node *norm_grad = NULL;
    if (ht__graph_consumers(graph, norm->outputs[3], &norm_grad, 1) != 1 || !is_op(norm_grad, "BatchNormGrad") ||
        norm_grad->input_count != 5) {
        return HT_OK;
    }
    ht_node *relu_grad = norm_grad->inputs[0] != NULL ? norm_grad->inputs[0]->producer : NULL;
    if (!is_op(relu_grad, "ReluGrad") || relu_grad->inputs[0] != y || !ht__fuse_lonely(graph, relu_grad->outputs[0])) {
        return HT_OK;
    }
    ht_value *inputs[6];
    memcpy(inputs, norm_grad->inputs, 5 * sizeof *inputs);
    inputs[0] = relu_grad->inputs[1];
    inputs[5] = y;
    ht_value **list = ht__arena_copy(graph->arena, inputs, sizeof inputs);
    if (list == NULL) {
        return ht__fail_memory(err, sizeof inputs);
    }
    HT_TRY(ht__node_set_int(graph, norm, "relu", 1, err));
    HT_TRY(ht__node_set_int(graph, norm_grad, "relu", 1, err));
    norm_grad->inputs = list;
    norm_grad->input_count = 6;
    ht__graph_remove_node(graph, relu_grad);
    ht__fuse_absorb(graph, norm, relu);
    *done = true;
    return HT_OK;
}

static ht_status fuse_one(ht_graph *graph, ht_node *node, bool *done, ht_error *err) {
    ht_node *before = node->inputs[0] != NULL ? node->inputs[0]->producer : NULL;
    bool relu = is_op(node, "Relu");
    if (before == NULL || !(relu || is_op(node, "Clip")) || !ht__fuse_lonely(graph, node->inputs[0]) ||
        before->outputs[0] != node->inputs[0]) {
        return HT_OK;
    }
    if ((is_op(before, "Conv") || is_op(before, "Gemm")) && ht__node_attribute(before, "activation") == NULL) {
        return into_product(graph, before, node, done, err);
    }
    if (relu && is_op(before, "BatchNormalization")) {
        HT_TRY(ht__node_set_int(graph, before, "relu", 1, err));
        ht__fuse_absorb(graph, before, node);
        *done = true;
        return HT_OK;
    }
    if (relu && is_op(before, "BatchNormTrain")) {
        return into_train_norm(graph, before, node, done, err);
    }
    return HT_OK;
}

ht_status ht__pass_fuse_activation(ht_graph *graph, ht_error *err) {
    HT_TRY(ht__graph_sort(graph, err));
    for (size_t i = 0; i < graph->node_count;) {
        bool done = false;
        HT_TRY(fuse_one(graph, graph->nodes[i], &done, err));
        if (done) {
            i = 0; /* the list shifted under us */
        } else {
            ++i;
        }
    }
    return HT_OK;
}
