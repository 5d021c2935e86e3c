#include "numeric/scalar.h"
#include "ops/common.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    const ht_tensor_view *x = &call->inputs[0];
    int64_t elements = ht__desc_elements(&x->desc);
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    for (int64_t i = 0; y != NULL && i < elements; ++i) {
        ht_scalar value = ht__scalar_load(x->desc.type, x->data, i);
        value.integer = ~value.integer;
        ht__scalar_store(x->desc.type, y, i, value, NULL);
    }
    return HT_OK;
}

const ht_op ht__op_BitwiseNot = {
    .name = "BitwiseNot",
    .domain = "",
    .since = 18,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .evaluate = evaluate,
};
