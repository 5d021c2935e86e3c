#include <math.h>

#include "numeric/scalar.h"
#include "ops/common.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) {
    bool negative = ht__node_int(call->node, "detect_negative", 1) != 0;
    bool positive = ht__node_int(call->node, "detect_positive", 1) != 0;
    const ht_tensor_view *x = &call->inputs[0];
    int64_t elements = ht__desc_elements(&x->desc);
    void *y;
    HT_TRY(ht__host_inferred(call, 0, &y, err));
    for (int64_t i = 0; y != NULL && i < elements; ++i) {
        double value = ht__scalar_real(ht__scalar_load(x->desc.type, x->data, i));
        ((uint8_t *)y)[i] = isinf(value) && (value < 0.0 ? negative : positive);
    }
    return HT_OK;
}

const ht_op ht__op_IsInf = {
    .name = "IsInf",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_test,
    .evaluate = evaluate,
};
