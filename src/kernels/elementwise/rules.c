/* Sound calls of elementwise functions, for files. */
#include "kernels/rules.h"
#include "kernels/elementwise/variants.h"

static const ht_kernel_field unary_fields[] = {HT_I32_FIELD(ht_unary_parameters, function, 0, HT_UNARY_SWISH),
                                               HT_F32_FIELD(ht_unary_parameters, a),
                                               HT_F32_FIELD(ht_unary_parameters, b)};
static const ht_kernel_field binary_fields[] = {HT_I32_FIELD(ht_binary_parameters, function, 0, HT_BINARY_SHIFT_RIGHT),
                                                HT_F32_FIELD(ht_binary_parameters, a),
                                                HT_F32_FIELD(ht_binary_parameters, b)};

static const char *check_unary(const ht_kernel_call *call) {
    bool fits = ht__check_counts(call, 1, 1, 1, 1) && ht__check_alike(&call->inputs[0], &call->outputs[0]) &&
                call->inputs[0].layout == call->outputs[0].layout;
    return fits ? NULL : "operands do not fit";
}

static const char *check_binary(const ht_kernel_call *call) {
    bool fits = ht__check_counts(call, 2, 2, 1, 1) && ht__check_broadcasts(&call->inputs[0], &call->outputs[0]) &&
                ht__check_broadcasts(&call->inputs[1], &call->outputs[0]);
    return fits ? NULL : "operands do not broadcast to the result";
}

const ht_kernel_rules ht__unary_rules = HT_RULES(unary_fields, check_unary);
const ht_kernel_rules ht__binary_rules = HT_RULES(binary_fields, check_binary);
