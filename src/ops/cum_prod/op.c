/* Products of all elements up to each one along an axis. */
#include "ops/host.h"

static ht_status evaluate(ht_host_call *call, ht_error *err) { return ht__cumulate(call, true, err); }

const ht_op ht__op_CumProd = {
    .name = "CumProd",
    .domain = "",
    .since = 26,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = ht__infer_same,
    .evaluate = evaluate,
};
