#include "ops/cosine_window.h"

static ht_status compute(ht_real_call *call, ht_error *err) {
    (void)err;
    ht__cosine_window(call, 0.42, 0.5, 0.08);
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_BlackmanWindow = {
    .name = "BlackmanWindow",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__cosine_window_infer,
    .evaluate = evaluate,
    .content_inputs = 0x1,
};
