/* Dropout while training: (x, step i64 []) -> y; attributes ratio, seed, stream. Its gradient is itself applied to dy.
 */
#include "kernels/dropout/dropout.h"
#include "ops/gradient.h"

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    float ratio = ht__node_float(node, "ratio", 0.5f);
    if (!(ratio >= 0.0f && ratio < 1.0f)) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, node->name, "A dropout ratio of %g is not in [0, 1).",
                           (double)ratio);
    }
    *HT_LOWER(ht_dropout_parameters, call, ht__dropout_family) =
        (ht_dropout_parameters){.ratio = ratio,
                                .seed = (uint64_t)ht__node_int(node, "seed", 0),
                                .stream = (uint64_t)ht__node_int(node, "stream", 0)};
    return HT_OK;
}

const ht_op ht__op_DropoutTrain = {
    .name = "DropoutTrain",
    .domain = "halftone",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST, /* always: places count in memory order, and dy may come in another layout than x */
    .plain_inputs = 1u << 1,
    .infer = ht__infer_same,
    .lower = lower,
    .gradient = ht__gradient_DropoutTrain,
};
