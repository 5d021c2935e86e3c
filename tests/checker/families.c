/* Which generator makes the calls of which family. */
#include "checker.h"
#include "kernels/conv/conv.h"
#include "kernels/dropout/dropout.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/matmul/matmul.h"
#include "kernels/move/move.h"
#include "kernels/norm/norm.h"
#include "kernels/pool/pool.h"
#include "kernels/quantize/quantize.h"
#include "kernels/reduce/reduce.h"
#include "kernels/resize/resize.h"
#include "kernels/softmax/softmax.h"

const check_family check_families[] = {{&ht__conv_family, make_conv},
                                       {&ht__conv_grad_input_family, make_conv_grad_input},
                                       {&ht__conv_grad_weight_family, make_conv_grad_weight},
                                       {&ht__matmul_family, make_matmul},
                                       {&ht__pool_family, make_pool},
                                       {&ht__pool_grad_family, make_pool_grad},
                                       {&ht__batch_norm_family, make_batch_norm},
                                       {&ht__batch_norm_train_family, make_batch_norm_train},
                                       {&ht__batch_norm_grad_family, make_batch_norm_grad},
                                       {&ht__unary_family, make_unary},
                                       {&ht__binary_family, make_binary},
                                       {&ht__reduce_family, make_reduce},
                                       {&ht__resize_family, make_resize},
                                       {&ht__softmax_family, make_softmax},
                                       {&ht__softmax_grad_family, make_softmax_grad},
                                       {&ht__cross_entropy_family, make_cross_entropy},
                                       {&ht__cross_entropy_grad_family, make_cross_entropy_grad},
                                       {&ht__squared_error_family, make_squared_error},
                                       {&ht__squared_error_grad_family, make_squared_error_grad},
                                       {&ht__transpose_family, make_transpose},
                                       {&ht__copy_family, make_copy},
                                       {&ht__concat_family, make_concat},
                                       {&ht__pad_family, make_pad},
                                       {&ht__slice_family, make_slice},
                                       {&ht__gather_family, make_gather},
                                       {&ht__cast_family, make_cast},
                                       {&ht__expand_family, make_expand},
                                       {&ht__quantize_family, make_quantize},
                                       {&ht__dequantize_family, make_dequantize},
                                       {&ht__fake_quantize_family, make_fake_quantize},
                                       {&ht__fake_quantize_grad_family, make_fake_quantize_grad},
                                       {&ht__dropout_family, make_dropout}};
const size_t check_family_count = sizeof check_families / sizeof check_families[0];
