#include <string.h>

#include "ops/common.h"
#include "ops/integer.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    const char *approximate = ht__node_text(node, "approximate", "none");
    bool by_tanh = strcmp(approximate, "tanh") == 0;
    if (!by_tanh && strcmp(approximate, "none") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The attribute approximate is %s.", approximate);
    }
    ht__lower_unary(call, by_tanh ? HT_UNARY_GELU_TANH : HT_UNARY_GELU, 0, 0);
    return HT_OK;
}

const ht_op ht__op_Gelu = {
    .name = "Gelu",
    .domain = "",
    .since = 20,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_NEUTRAL,
    .infer = ht__infer_same,
    .lower = lower,
    .integer = ht__integer_Gelu,
    .codes = HT_CODES_OWN,
};
