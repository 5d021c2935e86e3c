/* y = x / (sum |x|^p)^(1/p) along one axis, p 1 or 2; 0 where the sum is 0. */
#include <math.h>

#include "ops/reals.h"

static ht_status read(const ht_node *node, int32_t *axis, int64_t *p, ht_error *err) {
    *p = ht__node_int(node, "p", 2);
    if (*p != 1 && *p != 2) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "LpNormalization knows p = 1 and 2, not %lld.",
                           (long long)*p);
    }
    return ht__normal_axis(node, ht__node_int(node, "axis", -1), node->inputs[0]->desc.rank, axis, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    int32_t axis;
    int64_t p;
    HT_TRY(read(node, &axis, &p, err));
    return ht__infer_same(graph, node, err);
}

static void normalise_line(const double *x, double *y, int64_t length, int64_t step, int64_t p) {
    double sum = 0.0;
    for (int64_t i = 0; i < length; ++i) {
        sum += p == 1 ? fabs(x[i * step]) : x[i * step] * x[i * step];
    }
    double norm = p == 1 ? sum : sqrt(sum);
    for (int64_t i = 0; i < length; ++i) {
        y[i * step] = norm != 0.0 ? x[i * step] / norm : 0.0;
    }
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    int32_t axis;
    int64_t p;
    HT_TRY(read(call->node, &axis, &p, err));
    ht_axis_view view = ht__axis_view(&call->inputs[0].desc, axis);
    for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
            int64_t at = o * view.size * view.inner + i;
            normalise_line(call->inputs[0].data + at, call->outputs[0].data + at, view.size, view.inner, p);
        }
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_LpNormalization = {
    .name = "LpNormalization",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
