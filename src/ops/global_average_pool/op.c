#include "ops/gradient.h"
#include "ops/integer.h"
#include "ops/pool_common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    return ht__pool_infer(graph, node, true, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_pool_parameters *parameters = HT_LOWER(ht_pool_parameters, call, ht__pool_family);
    return ht__pool_read(node, &node->inputs[0]->desc, HT_POOL_AVERAGE, true, parameters, err);
}

const ht_op ht__op_GlobalAveragePool = {
    .name = "GlobalAveragePool",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_GlobalAveragePool,
    .gradient = ht__gradient_GlobalAveragePool,
    .codes = HT_CODES_OWN,
    .in_f32 = true,
};
