/* Sound calls of quantizing and dequantizing, for files. */
#include "kernels/rules.h"
#include "numeric/scalar.h"
#include "kernels/quantize/variants.h"

static const ht_kernel_field fields[] = {HT_I32_FIELD(ht_quantize_parameters, axis, 0, HT_MAX_RANK - 1),
                                         HT_F32_FIELD(ht_quantize_parameters, low),
                                         HT_F32_FIELD(ht_quantize_parameters, high),
                                         HT_BOOL_FIELD(ht_quantize_parameters, ties_away),
                                         HT_BOOL_FIELD(ht_quantize_parameters, saturates),
                                         HT_I64_FIELD(ht_quantize_parameters, block, 0, HT_MOST_SIZE)};

/* Does every element of x find its scale? */
static bool scales_fit(const ht_quantize_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *scale) {
    int64_t elements = ht__desc_elements(scale);
    if (elements == 1) {
        return true;
    }
    if (p->axis >= x->rank) {
        return false;
    }
    if (p->block == 0) {
        return elements == x->dims[p->axis];
    }
    bool fits = scale->rank == x->rank && scale->layout == HT_LAYOUT_PLAIN;
    for (int32_t i = 0; fits && i < x->rank; ++i) {
        fits = scale->dims[i] == (i == p->axis ? (x->dims[i] + p->block - 1) / p->block : x->dims[i]);
    }
    return fits;
}

/* codes: those whose type the zero points have. */
static const char *check_ends(const ht_kernel_call *call, const ht_tensor_desc *codes, const ht_tensor_desc *reals) {
    const ht_tensor_desc *x = &call->inputs[0], *scale = &call->inputs[1], *zero = &call->inputs[2];
    if (!ht__check_counts(call, 2, 3, 1, 1)) {
        return "operands are missing";
    }
    bool zeros =
        !ht__has_operand(call, 2) || (zero->type == codes->type && ht__desc_elements(zero) == ht__desc_elements(scale));
    bool fits = ht__desc_same_shape(codes, reals) && codes->layout == reals->layout && ht__type_is_float(scale->type);
    return fits && zeros && scales_fit(HT_PARAMETERS(ht_quantize_parameters, call), x, scale)
               ? NULL
               : "scales or zero points do not fit";
}

static const char *check_quantize(const ht_kernel_call *call) {
    return check_ends(call, &call->outputs[0], &call->inputs[0]);
}
static const char *check_dequantize(const ht_kernel_call *call) {
    return ht__type_is_float(call->outputs[0].type) ? check_ends(call, &call->inputs[0], &call->outputs[0])
                                                    : "the result is not real";
}
const ht_kernel_rules ht__quantize_rules = HT_RULES(fields, check_quantize);
const ht_kernel_rules ht__dequantize_rules = HT_RULES(fields, check_dequantize);

static const char *check_fake(const ht_kernel_call *call) {
    const ht_tensor_desc *x = &call->inputs[0];
    if (!ht__check_counts(call, 3, 3, 1, 1) || !ht__check_alike(x, &call->outputs[0]) ||
        x->layout != call->outputs[0].layout) {
        return "operands do not fit";
    }
    bool fits = ht__desc_elements(&call->inputs[1]) == ht__desc_elements(&call->inputs[2]) &&
                scales_fit(HT_PARAMETERS(ht_quantize_parameters, call), x, &call->inputs[1]) &&
                HT_PARAMETERS(ht_quantize_parameters, call)->block == 0;
    for (uint32_t i = 0; i < 3; ++i) {
        fits = fits && call->inputs[i].type == HT_F32;
    }
    return fits ? NULL : "scales or zero points do not fit";
}
const ht_kernel_rules ht__fake_quantize_rules = HT_RULES(fields, check_fake);

static bool is_one(const ht_kernel_call *call, uint32_t i, ht_type type) {
    return i >= call->output_count || call->outputs[i].type == HT_NONE ||
           (call->outputs[i].type == type && ht__desc_elements(&call->outputs[i]) == 1);
}

static const char *check_dynamic(const ht_kernel_call *call) {
    const ht_tensor_desc *x = &call->inputs[0], *y = &call->outputs[0];
    bool fits = ht__check_counts(call, 1, 1, 1, 3) && x->type == HT_F32 && y->type == HT_U8 &&
                ht__desc_same_shape(x, y) && x->layout == y->layout && is_one(call, 1, HT_F32) &&
                is_one(call, 2, HT_U8);
    return fits ? NULL : "operands do not fit";
}
const ht_kernel_rules ht__dynamic_quantize_rules = {NULL, 0, check_dynamic};
