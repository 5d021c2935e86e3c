/* Sound calls of the normalisation of lines, for files. */
#include "kernels/rules.h"
#include "kernels/line_norm/variants.h"

static const ht_kernel_field fields[] = {HT_I64_FIELD(ht_line_norm_parameters, length, 1, INT64_C(1) << 40),
                                         HT_I64_FIELD(ht_line_norm_parameters, step, 1, INT64_C(1) << 40),
                                         HT_F32_FIELD(ht_line_norm_parameters, epsilon),
                                         HT_BOOL_FIELD(ht_line_norm_parameters, centred)};

static const char *check(const ht_kernel_call *call) {
    int64_t length = HT_PARAMETERS(ht_line_norm_parameters, call)->length;
    if (!ht__check_counts(call, 1, 3, 1, 3) || !ht__check_alike(&call->inputs[0], &call->outputs[0])) {
        return "operands do not fit";
    }
    int64_t elements = ht__desc_elements(&call->inputs[0]);
    bool fits = elements % length == 0;
    for (uint32_t i = 1; i < 3; ++i) {
        fits = fits && (!ht__has_operand(call, i) || ht__desc_elements(&call->inputs[i]) > 0);
        fits = fits && (i >= call->output_count || call->outputs[i].type == HT_NONE ||
                        ht__desc_elements(&call->outputs[i]) == elements / length);
    }
    return fits ? NULL : "lines do not fit";
}

const ht_kernel_rules ht__line_norm_rules = HT_RULES(fields, check);
