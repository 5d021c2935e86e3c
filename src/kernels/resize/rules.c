/* Sound calls of resizing, for files. */
#include "kernels/resize/rules.h"

#include <math.h>

#include "kernels/resize/variants.h"
#include "kernels/rules.h"

static const ht_kernel_field fields[] = {HT_RESIZE_FIELDS(ht_resize_parameters, )};

bool ht__check_resize(const ht_resize_parameters *p, const ht_tensor_desc *x, const ht_tensor_desc *y) {
    bool fits = x->type == y->type && x->rank == y->rank && x->layout == y->layout &&
                (ht__desc_elements(x) > 0 || ht__desc_elements(y) == 0);
    for (int32_t i = 0; fits && i < x->rank; ++i) {
        fits = isfinite(p->scale[i]) && p->scale[i] > 0.0f;
    }
    return fits;
}

static const char *check(const ht_kernel_call *call) {
    bool fits = ht__check_counts(call, 1, 1, 1, 1) &&
                ht__check_resize(HT_PARAMETERS(ht_resize_parameters, call), &call->inputs[0], &call->outputs[0]);
    return fits ? NULL : "sizes or scales do not fit";
}

const ht_kernel_rules ht__resize_rules = HT_RULES(fields, check);
