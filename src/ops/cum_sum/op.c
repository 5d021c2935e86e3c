/* Sums of all elements up to each one along an axis. */
#include "ops/host.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) { return ht__cumulate(call, false, err); }

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
