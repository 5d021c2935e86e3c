#include "kernels/quantize/quantize.h"
#include "ops/common.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    if (node->inputs[0]->desc.type != HT_F32) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "DynamicQuantizeLinear takes f32, not %s.",
                           ht_type_name(node->inputs[0]->desc.type));
    }
    ht_tensor_desc codes = node->inputs[0]->desc, scale = {.type = HT_F32}, zero = {.type = HT_U8};
    codes.type = HT_U8;
    HT_TRY(ht__set_output(node, 0, &codes, err));
    HT_TRY(ht__set_output(node, 1, &scale, err));
    return ht__set_output(node, 2, &zero, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__dynamic_quantize_family;
    return HT_OK;
}

const ht_op ht__op_DynamicQuantizeLinear = {
    .name = "DynamicQuantizeLinear",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 3,
    .max_outputs = 3,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
};
