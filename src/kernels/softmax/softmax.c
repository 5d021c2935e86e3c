#include "kernels/softmax/variants.h"

static const ht_kernel_variant *const softmax[] = {&ht__softmax_f32_lines, &ht__softmax_reference};
static const ht_kernel_variant *const softmax_grad[] = {&ht__softmax_grad_f32_reference};
static const ht_kernel_variant *const cross_entropy[] = {&ht__cross_entropy_f32_reference};
static const ht_kernel_variant *const cross_entropy_grad[] = {&ht__cross_entropy_grad_f32_reference};
static const ht_kernel_variant *const squared_error[] = {&ht__squared_error_f32_reference};
static const ht_kernel_variant *const squared_error_grad[] = {&ht__squared_error_grad_f32_reference};

const ht_kernel_family ht__softmax_family = {"softmax", softmax, 2, &ht__softmax_rules};
const ht_kernel_family ht__softmax_grad_family = {"softmax_grad", softmax_grad, 1, NULL};
const ht_kernel_family ht__cross_entropy_family = {"cross_entropy", cross_entropy, 1, NULL};
const ht_kernel_family ht__cross_entropy_grad_family = {"cross_entropy_grad", cross_entropy_grad, 1, NULL};
const ht_kernel_family ht__squared_error_family = {"squared_error", squared_error, 1, NULL};
const ht_kernel_family ht__squared_error_grad_family = {"squared_error_grad", squared_error_grad, 1, NULL};
