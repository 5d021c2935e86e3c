/* Sums of all elements up to each one along an axis. */
#include "ops/host.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    bool exclusive = ht__node_int(call->node, "exclusive", 0) != 0,
         reverse = ht__node_int(call->node, "reverse", 0) != 0;
    int64_t wanted;
    int32_t axis;
    void *y;
    HT_TRY(ht__host_one_int(call, 1, 0, &wanted, err));
    HT_TRY(ht__normal_axis(call->node, wanted, x->desc.rank, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    for (int64_t line = 0; y != NULL && line < view.outer * view.inner; ++line) {
        int64_t first = line / view.inner * view.size * view.inner + line % view.inner;
        ht_scalar running = {ht__scalar_kind(x->desc.type), 0.0, 0};
        for (int64_t k = 0; k < view.size; ++k) {
            int64_t at = first + (reverse ? view.size - 1 - k : k) * view.inner;
            ht_scalar value = ht__scalar_load(x->desc.type, x->data, at), before = running;
            running.real = running.real + value.real;
            running.integer = (int64_t)((uint64_t)running.integer + (uint64_t)value.integer);
            ht__scalar_store(x->desc.type, y, at, exclusive ? before : running, NULL);
        }
    }
    return HT_OK;
}

const ht_op ht__op_CumSum = {
    .name = "CumSum",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .evaluate = evaluate,
};
