/* Depthwise convolution along a sequence that only looks back: x [N,C,L] behind the last k - 1 elements of what came
 * before (past_state [N,C,k-1], absent: 0), weights [C,1,k], bias [C] or absent; then SiLU where the attribute
 * activation says so. The second output is the state for what comes next. */
#include <math.h>
#include <string.h>

#include "ops/reals.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc;
    const char *activation = ht__node_text(node, "activation", "none");
    if (x->rank != 3 || w->rank != 3 || (w->dims[1] >= 0 && w->dims[1] != 1) || w->dims[2] == 0 ||
        (x->dims[1] >= 0 && w->dims[0] >= 0 && x->dims[1] != w->dims[0])) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "CausalConvWithState needs a sequence [N,C,L] and weights [C,1,k].");
    }
    if (strcmp(activation, "none") != 0 && strcmp(activation, "silu") != 0 && strcmp(activation, "swish") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The activation %s is not known.", activation);
    }
    ht_tensor_desc state = *x;
    state.dims[2] = w->dims[2] < 0 ? -1 : w->dims[2] - 1;
    int64_t bias = ht__has_input(node, 2) ? ht__desc_elements(&node->inputs[2]->desc) : x->dims[1];
    bool fits = bias < 0 || x->dims[1] < 0 || bias == x->dims[1];
    for (int32_t i = 0; i < 3 && ht__has_input(node, 3) && fits; ++i) {
        const ht_tensor_desc *past = &node->inputs[3]->desc;
        fits = past->rank == 3 && (past->dims[i] < 0 || state.dims[i] < 0 || past->dims[i] == state.dims[i]);
    }
    if (!fits) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name,
                           "The bias or the state of CausalConvWithState does not fit its input.");
    }
    HT_TRY(ht__set_output(node, 1, &state, err));
    return ht__infer_same(graph, node, err);
}

/* Element t of a channel, the state's before element 0. */
static double element(const double *x, const double *past, int64_t before, int64_t t) {
    return t >= 0 ? x[t] : past != NULL ? past[before + t] : 0.0;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    (void)err;
    const int64_t *dims = call->inputs[0].desc.dims;
    int64_t size = call->inputs[1].desc.dims[2], before = size - 1;
    bool silu = strcmp(ht__node_text(call->node, "activation", "none"), "none") != 0;
    for (int64_t map = 0; map < dims[0] * dims[1]; ++map) {
        const double *x = call->inputs[0].data + map * dims[2], *w = call->inputs[1].data + map % dims[1] * size;
        const double *past = call->inputs[3].data != NULL ? call->inputs[3].data + map * before : NULL;
        for (int64_t t = 0; t < dims[2]; ++t) {
            double sum = call->inputs[2].data != NULL ? call->inputs[2].data[map % dims[1]] : 0.0;
            for (int64_t k = 0; k < size; ++k) {
                sum += w[k] * element(x, past, before, t + k - before);
            }
            call->outputs[0].data[map * dims[2] + t] = silu ? sum / (1.0 + exp(-sum)) : sum;
        }
        for (int64_t k = 0; k < before && call->outputs[1].data != NULL; ++k) {
            call->outputs[1].data[map * before + k] = element(x, past, before, dims[2] + k - before);
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_CausalConvWithState = {
    .name = "CausalConvWithState",
    .domain = "",
    .since = 27,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 2,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
    .weight_inputs = 0x2,
    .bias_inputs = 0x4,
};
