/* What the convolutions of ONNX that take codes share: QLinearConv and ConvInteger. */
#ifndef HT_OPS_QLINEAR_CONV_H
#define HT_OPS_QLINEAR_CONV_H

#include "kernels/requantize.h"
#include "ops/common.h"

/* x is input 0, the weights are input `w`; the output has `type`. */
ht_status ht__qlinear_conv_infer(ht_node *node, uint32_t w, ht_type type, ht_error *err);
/* `order`: which input is which operand of a product (requantize.h), -1: none. */
ht_status ht__qlinear_conv_lower(const ht_node *node, uint32_t w, const ht_requantize_parameters *requantize,
                                 const int32_t order[HT_PRODUCT_OPERANDS], ht_kernel_call *call,
                                 int32_t operands[HT_MAX_INPUTS], ht_error *err);
/* Have the operands of a product with `columns` columns the types and numbers of elements that its kernel reads? A
 * scale or zero point per row is HT_ERROR_UNSUPPORTED, anything else that does not fit HT_ERROR_MISMATCH. */
ht_status ht__qlinear_check(const ht_node *node, const int32_t order[HT_PRODUCT_OPERANDS], int64_t columns,
                            ht_error *err);
/* The rule `float` with the whole range of output 0's type. */
ht_requantize_parameters ht__qlinear_requantize(const ht_node *node);
/* Puts `order` in place; the last operands that are absent are left out. */
void ht__qlinear_operands(const int32_t order[HT_PRODUCT_OPERANDS], const ht_node *node, ht_kernel_call *call,
                          int32_t operands[HT_MAX_INPUTS]);

#endif
