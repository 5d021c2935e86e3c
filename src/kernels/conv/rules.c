/* Sound calls of convolutions, for files. */
#include "kernels/rules.h"
#include "kernels/conv/variants.h"

static const ht_kernel_field fields[] = {HT_CONV_FIELDS(ht_conv_parameters, )};

static const char *check(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 2, 3, 1, 1)) {
        return "operands are missing";
    }
    const ht_tensor_desc *y = &call->outputs[0];
    const char *fault = ht__check_conv(HT_PARAMETERS(ht_conv_parameters, call), &call->inputs[0], &call->inputs[1], y);
    return fault == NULL && !ht__check_vector(call, 2, HT_F32, y->dims[1]) ? "the bias does not fit" : fault;
}

/* The map of the convolution is the result here. */
static const char *check_backward(const ht_kernel_call *call) {
    if (!ht__check_counts(call, 2, 3, 1, 1)) {
        return "operands are missing";
    }
    const ht_tensor_desc *x = &call->outputs[0];
    const char *fault = ht__check_conv(HT_PARAMETERS(ht_conv_parameters, call), x, &call->inputs[1], &call->inputs[0]);
    return fault == NULL && !ht__check_vector(call, 2, HT_F32, x->dims[1]) ? "the bias does not fit" : fault;
}

const ht_kernel_rules ht__conv_rules = HT_RULES(fields, check);
const ht_kernel_rules ht__conv_grad_input_rules = HT_RULES(fields, check_backward);
