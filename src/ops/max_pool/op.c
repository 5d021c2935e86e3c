#include "kernels/codes.h"
#include "kernels/integer_pool/integer_pool.h"
#include "ops/gradient.h"
#include "ops/integer.h"
#include "ops/pool_common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    return ht__pool_infer(graph, node, false, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_type type = node->inputs[0]->desc.type;
    if (ht__is_code_type(type)) {
        ht_integer_pool_parameters *codes = HT_LOWER(ht_integer_pool_parameters, call, ht__integer_pool_family);
        codes->requantize = (ht_requantize_parameters){
            .rule = HT_REQUANTIZE_FLOAT, .low = ht__code_low(type), .high = ht__code_high(type)};
        return ht__pool_read(node, &node->inputs[0]->desc, HT_POOL_MAX, false, &codes->pool, err);
    }
    ht_pool_parameters *parameters = HT_LOWER(ht_pool_parameters, call, ht__pool_family);
    return ht__pool_read(node, &node->inputs[0]->desc, HT_POOL_MAX, false, parameters, err);
}

const ht_op ht__op_MaxPool = {
    .name = "MaxPool",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_outputs = 0x2,
    .infer = infer,
    .lower = lower,
    .integer = ht__integer_MaxPool,
    .gradient = ht__gradient_MaxPool,
    .selects = true,
    .in_f32 = true,
};
