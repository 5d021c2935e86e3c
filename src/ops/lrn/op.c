/* Local response normalisation across channels: y = x / (bias + alpha / size * sum of x^2 over the channels
 * c - floor((size - 1) / 2) .. c + ceil((size - 1) / 2))^beta. */
#include <math.h>

#include "ops/reals.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    int64_t size = ht__node_int(node, "size", 0);
    if (size < 1) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "LRN needs a size above 0, not %lld.", (long long)size);
    }
    if (node->inputs[0]->desc.rank < 2) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "LRN needs a tensor with channels.");
    }
    return ht__infer_same(graph, node, err);
}

/* One position of an image: its channels are `step` apart. */
static void normalise(const ht_node *node, const double *x, double *y, int64_t channels, int64_t step) {
    int64_t size = ht__node_int(node, "size", 1), before = (size - 1) / 2, after = size - 1 - before;
    double alpha = (double)ht__node_float(node, "alpha", 1e-4f) / (double)size;
    double beta = (double)ht__node_float(node, "beta", 0.75f), bias = (double)ht__node_float(node, "bias", 1.0f);
    for (int64_t c = 0; c < channels; ++c) {
        int64_t first = c > before ? c - before : 0, last = channels - 1 - c > after ? c + after : channels - 1;
        double sum = 0.0;
        for (int64_t k = first; k <= last; ++k) {
            sum += x[k * step] * x[k * step];
        }
        y[c * step] = x[c * step] / pow(bias + alpha * sum, beta);
    }
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    (void)err;
    ht_axis_view view = ht__axis_view(&call->inputs[0].desc, 1);
    for (int64_t n = 0; n < view.outer; ++n) {
        for (int64_t i = 0; i < view.inner; ++i) {
            int64_t at = n * view.size * view.inner + i;
            normalise(call->node, call->inputs[0].data + at, call->outputs[0].data + at, view.size, view.inner);
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_LRN = {
    .name = "LRN",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
