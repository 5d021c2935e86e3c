#include "ops/conv/conv_common.h"
#include "ops/gradient.h"
#include "ops/integer.h"

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    const ht_tensor_desc *x = &node->inputs[0]->desc, *w = &node->inputs[1]->desc;
    ht_conv_parameters parameters;
    ht_window window;
    if (w->rank == x->rank && ht__desc_elements(w) < 0) { /* computed weights whose shape is not known yet */
        ht_tensor_desc some = {
            .type = x->type, .rank = x->rank, .dims = {x->dims[0], w->dims[0], -1, -1, -1, -1, -1, -1}};
        return ht__set_output(node, 0, &some, err);
    }
    HT_TRY(ht__conv_read(node, x, w, &parameters, &window, err));
    ht_tensor_desc y = {.type = x->type, .rank = x->rank, .dims = {x->dims[0], w->dims[0]}};
    for (int32_t i = 0; i < window.spatial; ++i) {
        y.dims[2 + i] = ht__window_output(&window, i, x->dims[2 + i]);
    }
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    ht_window window;
    ht_conv_parameters *parameters = HT_LOWER(ht_conv_parameters, call, ht__conv_family);
    return ht__conv_read(node, &node->inputs[0]->desc, &node->inputs[1]->desc, parameters, &window, err);
}

const ht_op ht__op_Conv = {
    .name = "Conv",
    .domain = "",
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = 1u << 1 | 1u << 2,
    .infer = infer,
    .lower = lower,
    .gradient = ht__gradient_Conv,
    .integer = ht__integer_Conv,
    .macs = ht__conv_macs,
    .weight_inputs = 0x2,
    .bias_inputs = 0x4,
    .codes = HT_CODES_OWN,
    .in_f32 = true,
};
