/* Determinants of the matrices in the last two axes: Gaussian elimination with the largest pivot of each column. */
#include <math.h>

#include "ops/reals.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t rows = x->rank >= 2 ? x->dims[x->rank - 2] : 0, columns = x->rank >= 2 ? x->dims[x->rank - 1] : -1;
    if (x->rank < 2 || (rows >= 0 && columns >= 0 && rows != columns)) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Det needs square matrices.");
    }
    ht_tensor_desc y = *x;
    y.rank -= 2;
    return ht__set_output(node, 0, &y, err);
}

/* Changes the matrix. */
static double determinant(double *a, int64_t n) {
    double result = 1.0;
    for (int64_t k = 0; k < n; ++k) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; ++i) {
            pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
        }
        result *= pivot != k ? -a[pivot * n + k] : a[k * n + k];
        if (a[pivot * n + k] == 0.0) {
            return 0.0;
        }
        for (int64_t j = 0; j < n && pivot != k; ++j) {
            double kept = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = kept;
        }
        for (int64_t i = k + 1; i < n; ++i) {
            double factor = a[i * n + k] / a[k * n + k];
            for (int64_t j = k; j < n; ++j) {
                a[i * n + j] -= factor * a[k * n + j];
            }
        }
    }
    return result;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    (void)err;
    const ht_tensor_desc *x = &call->inputs[0].desc;
    int64_t n = x->dims[x->rank - 1];
    for (int64_t i = 0; i < ht__desc_elements(&call->outputs[0].desc); ++i) {
        call->outputs[0].data[i] = determinant(call->inputs[0].data + i * n * n, n);
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_Det = {
    .name = "Det",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
