/* The one list of kernel families. */
#include "kernels/attention/attention.h"
#include "kernels/conv/conv.h"
#include "kernels/dropout/dropout.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/integer_binary/integer_binary.h"
#include "kernels/integer_conv/integer_conv.h"
#include "kernels/integer_conv_transpose/integer_conv_transpose.h"
#include "kernels/integer_matmul/integer_matmul.h"
#include "kernels/integer_mean/integer_mean.h"
#include "kernels/integer_pool/integer_pool.h"
#include "kernels/integer_resize/integer_resize.h"
#include "kernels/integer_softmax/integer_softmax.h"
#include "kernels/line_norm/line_norm.h"
#include "kernels/lookup/lookup.h"
#include "kernels/matmul/matmul.h"
#include "kernels/move/move.h"
#include "kernels/norm/norm.h"
#include "kernels/pool/pool.h"
#include "kernels/quantize/quantize.h"
#include "kernels/recurrent/recurrent.h"
#include "kernels/reduce/reduce.h"
#include "kernels/resize/resize.h"
#include "kernels/softmax/softmax.h"

const ht_kernel_family *const ht__kernel_families[] = {&ht__conv_family,
                                                       &ht__conv_grad_input_family,
                                                       &ht__conv_grad_weight_family,
                                                       &ht__matmul_family,
                                                       &ht__pool_family,
                                                       &ht__pool_grad_family,
                                                       &ht__batch_norm_family,
                                                       &ht__batch_norm_train_family,
                                                       &ht__batch_norm_grad_family,
                                                       &ht__line_norm_family,
                                                       &ht__attention_family,
                                                       &ht__dropout_family,
                                                       &ht__quantize_family,
                                                       &ht__dequantize_family,
                                                       &ht__dynamic_quantize_family,
                                                       &ht__fake_quantize_family,
                                                       &ht__fake_quantize_grad_family,
                                                       &ht__unary_family,
                                                       &ht__binary_family,
                                                       &ht__recurrent_family,
                                                       &ht__reduce_family,
                                                       &ht__resize_family,
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
                                                       &ht__integer_binary_family,
                                                       &ht__integer_conv_family,
                                                       &ht__integer_conv_transpose_family,
                                                       &ht__integer_matmul_family,
                                                       &ht__integer_mean_family,
                                                       &ht__integer_pool_family,
                                                       &ht__integer_resize_family,
                                                       &ht__integer_softmax_family,
                                                       &ht__lookup_family,
                                                       NULL};
