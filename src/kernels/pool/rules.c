/* Sound calls of pooling, for files. */
#include "kernels/rules.h"
#include "kernels/pool/variants.h"

static const ht_kernel_field fields[] = {HT_POOL_FIELDS(ht_pool_parameters, )};

static const char *check(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 1, 1, 1, 2)) {
        return "operands are missing";
    }
    const ht_pool_parameters *p = HT_PARAMETERS(ht_pool_parameters, call);
    bool indexed = call->output_count > 1 && call->outputs[1].type != HT_NONE;
    if (indexed && (call->outputs[1].type != HT_I64 ||
                    ht__desc_elements(&call->outputs[1]) != ht__desc_elements(&call->outputs[0]))) {
        return "indices do not fit";
    }
    return p->kind == HT_POOL_NORM && p->power < 1 ? "the norm has no power"
                                                   : ht__check_pool(p, &call->inputs[0], &call->outputs[0]);
}

const ht_kernel_rules ht__pool_rules = HT_RULES(fields, check);
