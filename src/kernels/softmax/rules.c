/* Sound calls of softmax, for files. */
#include "kernels/rules.h"
#include "kernels/softmax/variants.h"

static const ht_kernel_field fields[] = {HT_I32_FIELD(ht_softmax_parameters, axis, 0, HT_MAX_RANK - 1),
                                         HT_BOOL_FIELD(ht_softmax_parameters, logarithm),
                                         HT_F32_FIELD(ht_softmax_parameters, smoothing)};

static const char *check(const ht_kernel_call *call) {
    bool fits = ht__check_counts(call, 1, 1, 1, 1) && ht__check_alike(&call->inputs[0], &call->outputs[0]) &&
                HT_PARAMETERS(ht_softmax_parameters, call)->axis < call->inputs[0].rank;
    return fits ? NULL : "axis or shapes do not fit";
}

const ht_kernel_rules ht__softmax_rules = HT_RULES(fields, check);
