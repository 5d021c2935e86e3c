/* Sound calls of batch normalisation, for files. */
#include "kernels/rules.h"
#include "kernels/norm/variants.h"

static const ht_kernel_field fields[] = {HT_F32_FIELD(ht_batch_norm_parameters, epsilon),
                                         HT_F32_FIELD(ht_batch_norm_parameters, momentum),
                                         HT_BOOL_FIELD(ht_batch_norm_parameters, relu)};

static const char *check(const ht_kernel_call *call) {
    const ht_tensor_desc *x = &call->inputs[0];
    bool fits = ht__check_counts(call, 5, 5, 1, 1) && x->rank >= 2 && ht__check_alike(x, &call->outputs[0]) &&
                x->layout == call->outputs[0].layout;
    for (uint32_t i = 1; fits && i < 5; ++i) {
        fits = ht__check_vector(call, i, HT_F32, x->dims[1]);
    }
    return fits ? NULL : "operands do not fit";
}

const ht_kernel_rules ht__batch_norm_rules = HT_RULES(fields, check);
