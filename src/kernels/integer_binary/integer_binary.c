#include "kernels/integer_binary/variants.h"
#include "kernels/rules.h"

static const ht_kernel_field fields[] = {HT_I32_FIELD(ht_integer_binary_parameters, function, 0, HT_INTEGER_PRELU),
                                         HT_REQUANTIZE_FIELDS(ht_integer_binary_parameters, requantize),
                                         HT_I32_FIELD(ht_integer_binary_parameters, zero, INT16_MIN, UINT16_MAX),
                                         HT_F32_FIELD(ht_integer_binary_parameters, scale),
                                         HT_I32_FIELD(ht_integer_binary_parameters, left, 0, 31),
                                         HT_I32_FIELD(ht_integer_binary_parameters, multiplier, INT32_MIN, INT32_MAX),
                                         HT_I32_FIELD(ht_integer_binary_parameters, shift, -31, 30)};

static const char *check(const ht_kernel_call *call) {
    const ht_integer_binary_parameters *p = HT_PARAMETERS(ht_integer_binary_parameters, call);
    const ht_tensor_desc *x = &call->inputs[0], *z = &call->inputs[1], *y = &call->outputs[0];
    if (!ht__check_counts(call, 2, 2, 1, 1) || !ht__check_codes(x->type) || !ht__check_codes(z->type) ||
        !ht__check_codes(y->type) || !ht__check_limits(&p->requantize, y->type)) {
        return "operands or limits are no codes";
    }
    return ht__check_broadcasts(x, y) && ht__check_broadcasts(z, y) ? NULL : "operands do not broadcast to the result";
}

static const ht_kernel_rules rules = HT_RULES(fields, check);

static const ht_kernel_variant *const variants[] = {
#if defined(__x86_64__)
    &ht__integer_binary_avx512,
#endif
    &ht__integer_binary_rows,
    &ht__integer_binary_reference,
};

const ht_kernel_family ht__integer_binary_family = {"integer_binary", variants, sizeof variants / sizeof variants[0],
                                                    &rules};
