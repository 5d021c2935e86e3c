/* The one list of kernel families. */
#include "kernels/elementwise/elementwise.h"
#include "kernels/matmul/matmul.h"
#include "kernels/move/move.h"
#include "kernels/reduce/reduce.h"
#include "kernels/softmax/softmax.h"

const ht_kernel_family *const ht__kernel_families[] = {&ht__matmul_family,
                                                       &ht__unary_family,
                                                       &ht__binary_family,
                                                       &ht__reduce_family,
                                                       &ht__softmax_family,
                                                       &ht__softmax_grad_family,
                                                       &ht__cross_entropy_family,
                                                       &ht__cross_entropy_grad_family,
                                                       &ht__squared_error_family,
                                                       &ht__squared_error_grad_family,
                                                       &ht__transpose_family,
                                                       &ht__copy_family,
                                                       &ht__concat_family,
                                                       &ht__pad_family,
                                                       &ht__slice_family,
                                                       &ht__gather_family,
                                                       &ht__cast_family,
                                                       &ht__expand_family,
                                                       NULL};
