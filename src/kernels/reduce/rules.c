/* Sound calls of reductions, for files. */
#include "kernels/reduce/rules.h"

#include "kernels/reduce/variants.h"
#include "kernels/rules.h"

static const ht_kernel_field fields[] = {HT_I32_FIELD(ht_reduce_parameters, function, 0, HT_REDUCE_LOG_SUM_EXP),
                                         HT_BOOL_FIELD(ht_reduce_parameters, axes)};

bool ht__check_reduced(const ht_tensor_desc *x, const bool *axes, const ht_tensor_desc *y) {
    int64_t kept = 1;
    for (int32_t i = 0; i < x->rank; ++i) {
        kept *= axes[i] ? 1 : x->dims[i];
    }
    return kept == ht__desc_elements(y);
}

static const char *check(const ht_kernel_call *call) {
    bool fits = ht__check_counts(call, 1, 1, 1, 1) &&
                ht__check_reduced(&call->inputs[0], HT_PARAMETERS(ht_reduce_parameters, call)->axes, &call->outputs[0]);
    return fits ? NULL : "the result does not fit";
}

const ht_kernel_rules ht__reduce_rules = HT_RULES(fields, check);
