/* Empty families, overridden as each one lands; this file goes when the last has. */
#include "kernels/kernel.h"
extern const ht_kernel_family ht__conv_family; __attribute__((weak)) const ht_kernel_family ht__conv_family = {"conv", NULL, 0};
extern const ht_kernel_family ht__conv_grad_input_family; __attribute__((weak)) const ht_kernel_family ht__conv_grad_input_family = {"conv_grad_input", NULL, 0};
extern const ht_kernel_family ht__conv_grad_weight_family; __attribute__((weak)) const ht_kernel_family ht__conv_grad_weight_family = {"conv_grad_weight", NULL, 0};
extern const ht_kernel_family ht__pool_family; __attribute__((weak)) const ht_kernel_family ht__pool_family = {"pool", NULL, 0};
extern const ht_kernel_family ht__pool_grad_family; __attribute__((weak)) const ht_kernel_family ht__pool_grad_family = {"pool_grad", NULL, 0};
extern const ht_kernel_family ht__batch_norm_family; __attribute__((weak)) const ht_kernel_family ht__batch_norm_family = {"batch_norm", NULL, 0};
extern const ht_kernel_family ht__batch_norm_train_family; __attribute__((weak)) const ht_kernel_family ht__batch_norm_train_family = {"batch_norm_train", NULL, 0};
extern const ht_kernel_family ht__batch_norm_grad_family; __attribute__((weak)) const ht_kernel_family ht__batch_norm_grad_family = {"batch_norm_grad", NULL, 0};
extern const ht_kernel_family ht__dropout_family; __attribute__((weak)) const ht_kernel_family ht__dropout_family = {"dropout", NULL, 0};
extern const ht_kernel_family ht__quantize_family; __attribute__((weak)) const ht_kernel_family ht__quantize_family = {"quantize", NULL, 0};
extern const ht_kernel_family ht__dequantize_family; __attribute__((weak)) const ht_kernel_family ht__dequantize_family = {"dequantize", NULL, 0};
extern const ht_kernel_family ht__fake_quantize_family; __attribute__((weak)) const ht_kernel_family ht__fake_quantize_family = {"fake_quantize", NULL, 0};
extern const ht_kernel_family ht__fake_quantize_grad_family; __attribute__((weak)) const ht_kernel_family ht__fake_quantize_grad_family = {"fake_quantize_grad", NULL, 0};
