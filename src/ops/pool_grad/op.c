/* The gradient of every pooling operator: (dy, x or absent) -> dx; attributes of the pooling node, plus
 * mode ("max", "average"), global (0, 1) and shape (dx's dimensions). */
#include <string.h>

#include "ops/pool_common.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    bool maximum = strcmp(ht__node_text(node, "mode", "max"), "max") == 0;
    ht_pool_parameters *parameters = HT_LOWER(ht_pool_parameters, call, ht__pool_grad_family);
    return ht__pool_read(node, &node->outputs[0]->desc, maximum ? HT_POOL_MAX : HT_POOL_AVERAGE,
                         ht__node_int(node, "global", 0) != 0, parameters, err);
}

const ht_op ht__op_PoolGrad = {
    .name = "PoolGrad",
    .domain = "halftone",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .infer = ht__infer_from_shape_attribute,
    .lower = lower,
};
