/* 1 at the first largest element along an axis, 0 elsewhere. */
#include <string.h>

#include "ops/host.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    int32_t axis;
    size_t bytes = 0;
    void *y;
    HT_TRY(ht__normal_axis(call->node, ht__node_int(call->node, "axis", -1), x->desc.rank, &axis, err));
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    if (y == NULL || !ht__desc_bytes(&x->desc, &bytes)) {
        return HT_OK;
    }
    memset(y, 0, bytes);
    ht_axis_view view = ht__axis_view(&x->desc, axis);
    for (int64_t line = 0; view.size > 0 && line < view.outer * view.inner; ++line) {
        int64_t first = line / view.inner * view.size * view.inner + line % view.inner, best = first;
        for (int64_t i = 1; i < view.size; ++i) {
            best = ht__host_order(x, first + i * view.inner, best) > 0 ? first + i * view.inner : best;
        }
        ht__scalar_store(x->desc.type, y, best, ht__scalar_of_real(1.0), NULL);
    }
    return HT_OK;
}

const ht_op ht__op_Hardmax = {
    .name = "Hardmax",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .evaluate = evaluate,
};
