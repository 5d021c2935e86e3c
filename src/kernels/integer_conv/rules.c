/* Sound calls of integer convolutions, for files. */
#include "kernels/rules.h"
#include "kernels/integer_conv/variants.h"

static const ht_kernel_field fields[] = {HT_CONV_FIELDS(ht_integer_conv_parameters, conv.),
                                         HT_REQUANTIZE_FIELDS(ht_integer_conv_parameters, requantize)};

static const char *check(const ht_kernel_call *call) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *x = &call->inputs[HT_PRODUCT_X], *w = &call->inputs[HT_PRODUCT_W], *y = &call->outputs[0];
    const char *fault = ht__check_product(call, &p->requantize, y->rank > 1 ? y->dims[1] : 0);
    return fault != NULL ? fault : ht__check_conv(&p->conv, x, w, y);
}

/* The map of the convolution is the result here. */
static const char *check_transposed(const ht_kernel_call *call) {
    const ht_integer_conv_parameters *p = HT_PARAMETERS(ht_integer_conv_parameters, call);
    const ht_tensor_desc *x = &call->inputs[HT_PRODUCT_X], *w = &call->inputs[HT_PRODUCT_W], *y = &call->outputs[0];
    const char *fault = ht__check_product(call, &p->requantize, y->rank > 1 ? y->dims[1] : 0);
    return fault != NULL ? fault : ht__check_conv(&p->conv, y, w, x);
}

const ht_kernel_rules ht__integer_conv_rules = HT_RULES(fields, check);
const ht_kernel_rules ht__integer_conv_transpose_rules = HT_RULES(fields, check_transposed);
