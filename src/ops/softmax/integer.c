/* Softmax and LogSoftmax of codes: kernels/integer_softmax.
 *
 * Rule `fixed` (LiteRT's SoftmaxPrepare): distances from the largest code are brought to Q5.26 by m = min(s_x 2^26,
 * 2^31 - 1) as fixed point, whose shift k is not negative; those below -floor(31 2^26 / 2^k) count as 0. Codes of 16
 * bits: m = s_x 65535 / 10. The logarithm (LogSoftmaxPrepare) has codes of 8 bits in steps of 1/16 that end at 0, and
 * 2^(31 - k) / m back to differences. */
#include <math.h>

#include "kernels/integer_softmax/integer_softmax.h"
#include "ops/integer.h"

static bool is_wide(const ht_codes *x, const ht_codes *y) {
    return x->type == HT_I16 && y->type == HT_I16 && x->zero == 0 && y->zero == 0 && y->scale == 1.0f / 32768.0f;
}

static bool fixed_parameters(const ht_codes *x, int32_t *multiplier, int32_t *shift, int32_t *difference_low) {
    double m = (double)x->scale * (double)(1 << 26);
    if (!ht__fixed_multiplier(m < 2147483647.0 ? m : 2147483647.0, multiplier, shift) || *shift < 0) {
        return false;
    }
    *difference_low = -(int32_t)floor(31.0 * (double)(1 << 26) / ldexp(1.0, *shift));
    return true;
}

/* What the rule `fixed` needs for the logarithm of `length` terms; false when LiteRT has none such. */
static bool logarithm_parameters(const ht_codes *y, int64_t length, int32_t multiplier, int32_t shift, int32_t *reverse,
                                 int32_t *reverse_shift) {
    int32_t top = y->type == HT_I8 ? 127 : 255;
    return y->scale == 16.0f / 256.0f && y->zero == top && length < 1 << 12 && shift >= 1 && shift <= 31 &&
           ht__fixed_multiplier(ldexp(1.0, 31 - shift) / (double)multiplier, reverse, reverse_shift);
}

static ht_status add_softmax(ht_integer *integer, const ht_node *node, bool logarithm, ht_error *err) {
    ht_graph *graph = integer->graph;
    bool fixed = graph->requant == HT_REQUANT_FIXED;
    int32_t axis, multiplier = 0, shift = 0, difference_low = 0, reverse = 0, reverse_shift = 0;
    ht_codes x;
    HT_TRY(ht__integer_codes(integer, node->inputs[0], &x, err));
    HT_TRY(ht__normal_axis(node, ht__node_int(node, "axis", -1), node->inputs[0]->desc.rank, &axis, err));
    if (x.value == NULL) {
        return HT_OK;
    }
    bool narrow = ht_type_bytes(x.type) == 1 && integer->target.type == x.type;
    bool usable = narrow && fixed_parameters(&x, &multiplier, &shift, &difference_low);
    if (logarithm) {
        usable = usable && logarithm_parameters(&integer->target, node->inputs[0]->desc.dims[axis], multiplier, shift,
                                                &reverse, &reverse_shift);
    } else if (is_wide(&x, &integer->target)) {
        usable = ht__fixed_multiplier((double)x.scale / (10.0 / 65535.0), &multiplier, &shift);
    }
    if (fixed && !usable) {
        return HT_OK;
    }
    ht_node *softmax;
    HT_TRY(ht__integer_add(integer, "IntegerSoftmax", node, &x.value, 1, integer->target.type, &softmax, err));
    HT_TRY(ht__integer_set_requantize(integer, softmax, err));
    HT_TRY(ht__node_set_int(graph, softmax, "axis", axis, err));
    HT_TRY(ht__node_set_int(graph, softmax, "type", (int64_t)integer->target.type, err));
    HT_TRY(ht__node_set_int(graph, softmax, "y_zero", integer->target.zero, err));
    HT_TRY(ht__node_set_float(graph, softmax, "x_scale", x.scale, err));
    HT_TRY(ht__node_set_float(graph, softmax, "y_scale", integer->target.scale, err));
    HT_TRY(ht__node_set_int(graph, softmax, "multiplier", multiplier, err));
    HT_TRY(ht__node_set_int(graph, softmax, "shift", shift, err));
    HT_TRY(ht__node_set_int(graph, softmax, "difference_low", difference_low, err));
    if (logarithm) {
        HT_TRY(ht__node_set_int(graph, softmax, "logarithm", 1, err));
        HT_TRY(ht__node_set_int(graph, softmax, "reverse_multiplier", reverse, err));
        HT_TRY(ht__node_set_int(graph, softmax, "reverse_shift", reverse_shift, err));
    }
    ht__integer_give(integer, softmax);
    return HT_OK;
}

ht_status ht__integer_Softmax(ht_integer *integer, const ht_node *node, ht_error *err) {
    return add_softmax(integer, node, false, err);
}

ht_status ht__integer_LogSoftmax(ht_integer *integer, const ht_node *node, ht_error *err) {
    return add_softmax(integer, node, true, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    ht_tensor_desc y = node->inputs[0]->desc;
    y.type = (ht_type)ht__node_int(node, "type", HT_I8);
    return ht__set_output(node, 0, &y, err);
}

static ht_status lower(const ht_node *node, ht_kernel_call *call, int32_t operands[HT_MAX_INPUTS], ht_error *err) {
    (void)operands;
    *HT_LOWER(ht_integer_softmax_parameters, call, ht__integer_softmax_family) =
        (ht_integer_softmax_parameters){.y_zero = (int32_t)ht__node_int(node, "y_zero", 0),
                                        .x_scale = ht__node_float(node, "x_scale", 1.0f),
                                        .y_scale = ht__node_float(node, "y_scale", 1.0f),
                                        .multiplier = (int32_t)ht__node_int(node, "multiplier", 0),
                                        .shift = (int32_t)ht__node_int(node, "shift", 0),
                                        .difference_low = (int32_t)ht__node_int(node, "difference_low", 0),
                                        .logarithm = ht__node_int(node, "logarithm", 0) != 0,
                                        .reverse_multiplier = (int32_t)ht__node_int(node, "reverse_multiplier", 0),
                                        .reverse_shift = (int32_t)ht__node_int(node, "reverse_shift", 0)};
    ht_integer_softmax_parameters *p = HT_LOWER(ht_integer_softmax_parameters, call, ht__integer_softmax_family);
    HT_TRY(ht__integer_read_requantize(node, &p->requantize, err));
    return ht__normal_axis(node, ht__node_int(node, "axis", -1), node->inputs[0]->desc.rank, &p->axis, err);
}

const ht_op ht__op_IntegerSoftmax = {
    .name = "IntegerSoftmax",
    .domain = "halftone",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .lower = lower,
};
