/* y = (x - mean) / (sqrt(mean of squared deviations) + 1e-9), statistics over the attribute axes. */
#include <math.h>

#include "kernels/index.h"
#include "ops/reals.h"

static ht_status read_axes(const ht_node *node, bool axes[HT_MAX_RANK], ht_error *err) {
    static const int64_t otherwise[] = {0, 2, 3};
    int32_t rank = node->inputs[0]->desc.rank;
    size_t count;
    const int64_t *listed = ht__node_ints(node, "axes", &count);
    if (listed == NULL) {
        listed = otherwise;
        count = sizeof otherwise / sizeof otherwise[0];
    }
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        axes[i] = false;
    }
    for (size_t i = 0; i < count; ++i) {
        int32_t axis;
        HT_TRY(ht__normal_axis(node, listed[i], rank, &axis, err));
        axes[axis] = true;
    }
    return HT_OK;
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    bool axes[HT_MAX_RANK];
    HT_TRY(read_axes(node, axes, err));
    return ht__infer_same(graph, node, err);
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    const ht_tensor_desc *desc = &call->inputs[0].desc;
    const double *x = call->inputs[0].data;
    bool axes[HT_MAX_RANK];
    int64_t strides[HT_MAX_RANK], kept[HT_MAX_RANK], reduced[HT_MAX_RANK], at[HT_MAX_RANK] = {0};
    HT_TRY(read_axes(call->node, axes, err));
    ht__desc_strides(desc, strides);
    for (int32_t i = 0; i < desc->rank; ++i) {
        kept[i] = axes[i] ? 1 : desc->dims[i];
        reduced[i] = axes[i] ? desc->dims[i] : 1;
    }
    int64_t count = ht__index_product(reduced, 0, desc->rank);
    if (ht__desc_elements(desc) == 0) {
        return HT_OK;
    }
    do {
        int64_t first = ht__index_offset(desc->rank, at, strides), k[HT_MAX_RANK] = {0};
        double sum = 0.0, squares = 0.0;
        do {
            sum += x[first + ht__index_offset(desc->rank, k, strides)];
        } while (ht__index_next(desc->rank, reduced, k));
        double mean = sum / (double)count;
        do {
            double deviation = x[first + ht__index_offset(desc->rank, k, strides)] - mean;
            squares += deviation * deviation;
        } while (ht__index_next(desc->rank, reduced, k));
        double divisor = sqrt(squares / (double)count) + 1e-9;
        do {
            int64_t element = first + ht__index_offset(desc->rank, k, strides);
            call->outputs[0].data[element] = (x[element] - mean) / divisor;
        } while (ht__index_next(desc->rank, reduced, k));
    } while (ht__index_next(desc->rank, kept, at));
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_MeanVarianceNormalization = {
    .name = "MeanVarianceNormalization",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
