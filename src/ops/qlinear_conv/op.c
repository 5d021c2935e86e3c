#include "kernels/codes.h"
#include "kernels/integer_conv/integer_conv.h"
#include "ops/conv/conv_common.h"
#include "ops/qlinear_conv/qlinear_conv.h"

ht_status ht__qlinear_conv_infer(ht_node *node, uint32_t w, ht_type type, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc, *weights = &node->inputs[w]->desc;
    ht_conv_parameters parameters;
    ht_window window;
    HT_TRY(ht__conv_read(node, x, weights, &parameters, &window, err));
    ht_tensor_desc y = {.type = type, .rank = x->rank, .dims = {x->dims[0], weights->dims[0]}};
    for (int32_t i = 0; i < window.spatial; ++i) {
        y.dims[2 + i] = ht__window_output(&window, i, x->dims[2 + i]);
    }
    return ht__set_output(node, 0, &y, err);
}

void ht__qlinear_operands(const int32_t order[HT_PRODUCT_OPERANDS], const ht_node *node, ht_kernel_call *call,
                          int32_t operands[HT_MAX_INPUTS]) {
    call->input_count = HT_PRODUCT_OPERANDS;
    for (int i = 0; i < HT_PRODUCT_OPERANDS; ++i) {
        operands[i] = order[i] >= 0 && ht__has_input(node, (uint32_t)order[i]) ? order[i] : -1;
    }
}

static bool is_codes(ht_type type) { return ht__is_code_type(type) && ht_type_bytes(type) <= 2; }

/* May operand `i` have this type? */
static bool type_fits(const ht_node *node, const int32_t order[HT_PRODUCT_OPERANDS], int i, ht_type type) {
    switch (i) {
    case HT_PRODUCT_X_ZERO: return type == node->inputs[order[HT_PRODUCT_X]]->desc.type;
    case HT_PRODUCT_W_ZERO: return type == node->inputs[order[HT_PRODUCT_W]]->desc.type;
    case HT_PRODUCT_BIAS: return type == HT_I32;
    case HT_PRODUCT_SCALE:
    case HT_PRODUCT_SHIFT:
    case HT_PRODUCT_Y_SCALE: return type == HT_F32 || type == HT_F16 || type == HT_BF16;
    default: return is_codes(type);
    }
}

ht_status ht__qlinear_check(const ht_node *node, const int32_t order[HT_PRODUCT_OPERANDS], int64_t columns,
                            ht_error *err) {
    for (int i = 0; i < HT_PRODUCT_OPERANDS; ++i) {
        if (order[i] < 0 || !ht__has_input(node, (uint32_t)order[i])) {
            continue;
        }
        const ht_value *value = node->inputs[order[i]];
        int64_t count = ht__desc_elements(&value->desc);
        bool each = i == HT_PRODUCT_W_ZERO || i == HT_PRODUCT_SHIFT, whole = i == HT_PRODUCT_X || i == HT_PRODUCT_W;
        if (!type_fits(node, order, i, value->desc.type)) {
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Input %s of %s cannot be of type %s.", value->name,
                               node->op->name, ht_type_name(value->desc.type));
        }
        if (i == HT_PRODUCT_BIAS ? count != columns : !whole && count != 1 && !(each && count == columns)) {
            return ht__fail_at(err, each || i == HT_PRODUCT_BIAS ? HT_ERROR_MISMATCH : HT_ERROR_UNSUPPORTED, node->name,
                               "Input %s of %s has %lld elements; there are %lld output channels.", value->name,
                               node->op->name, (long long)count, (long long)columns);
        }
    }
    return HT_OK;
}

ht_requantize_parameters ht__qlinear_requantize(const ht_node *node) {
    ht_type type = node->outputs[0]->desc.type;
    return (ht_requantize_parameters){
        .rule = HT_REQUANTIZE_FLOAT, .low = ht__code_low(type), .high = ht__code_high(type)};
}

ht_status ht__qlinear_conv_lower(const ht_node *node, uint32_t w, const ht_requantize_parameters *requantize,
                                 const int32_t order[HT_PRODUCT_OPERANDS], ht_kernel_call *call,
                                 int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    ht_window window;
    ht_integer_conv_parameters *p = HT_LOWER(ht_integer_conv_parameters, call, ht__integer_conv_family);
    p->requantize = *requantize;
    ht__qlinear_operands(order, node, call, operands);
    HT_TRY(ht__qlinear_check(node, order, node->inputs[w]->desc.dims[0], err));
    return ht__conv_read(node, &node->inputs[0]->desc, &node->inputs[w]->desc, &p->conv, &window, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    return ht__qlinear_conv_infer(node, 3, node->inputs[7]->desc.type, err);
}

/* x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias */
static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    static const int32_t order[HT_PRODUCT_OPERANDS] = {0, 3, 8, 2, 5, 7, 1, 4, 6};
    ht_requantize_parameters requantize = ht__qlinear_requantize(node);
    return ht__qlinear_conv_lower(node, 3, &requantize, order, call, operands, err);
}

const ht_op ht__op_QLinearConv = {
    .name = "QLinearConv",
    .domain = "",
    .min_inputs = 8,
    .max_inputs = 9,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_CHANNELS_LAST,
    .plain_inputs = ~1u,
    .infer = infer,
    .lower = lower,
};
