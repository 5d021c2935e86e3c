/* Dropout of an inference model: the identity. While training, passes put DropoutTrain in its place. */
#include "kernels/move/move.h"
#include "ops/gradient.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    HT_TRY(ht__set_output(node, 0, &node->inputs[0]->desc, err));
    if (node->output_count > 1 && node->outputs[1] != NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The mask of a Dropout is not supported.");
    }
    return HT_OK;
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)node;
    (void)operands;
    (void)err;
    call->family = &ht__copy_family;
    call->input_count = 1;
    return HT_OK;
}

const ht_op ht__op_Dropout = {
    .name = "Dropout",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .layout = HT_OP_NEUTRAL,
    .plain_inputs = 0x6,
    .infer = infer,
    .lower = lower,
    .gradient = ht__gradient_back_in_shape,
    .selects = true,
};
