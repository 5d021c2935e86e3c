/* Sound calls of integer matrix products, for files. */
#include "kernels/matmul/rules.h"
#include "kernels/integer_matmul/variants.h"
#include "kernels/rules.h"

static const ht_kernel_field fields[] = {
    HT_BOOL_FIELD(ht_integer_matmul_parameters, transpose_x), HT_BOOL_FIELD(ht_integer_matmul_parameters, transpose_w),
    HT_REQUANTIZE_FIELDS_TO(ht_integer_matmul_parameters, requantize, HT_REQUANTIZE_REAL)};

static const char *check(const ht_kernel_call *call) {
    const ht_integer_matmul_parameters *p = HT_PARAMETERS(ht_integer_matmul_parameters, call);
    const ht_tensor_desc *y = &call->outputs[0];
    const char *fault = ht__check_product(call, &p->requantize, y->rank > 0 ? y->dims[y->rank - 1] : 0);
    if (fault != NULL) {
        return fault;
    }
    return ht__check_matrices(&call->inputs[HT_PRODUCT_X], p->transpose_x, &call->inputs[HT_PRODUCT_W], p->transpose_w,
                              y);
}

const ht_kernel_rules ht__integer_matmul_rules = HT_RULES(fields, check);
