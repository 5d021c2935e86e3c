#include "kernels/conv/variants.h"

static const ht_kernel_variant *const conv[] = {&ht__conv_f32_rows, &ht__conv_f32_reference};
static const ht_kernel_variant *const grad_input[] = {&ht__conv_grad_input_f32_rows,
                                                      &ht__conv_grad_input_f32_reference};
static const ht_kernel_variant *const grad_weight[] = {&ht__conv_grad_weight_f32_rows,
                                                       &ht__conv_grad_weight_f32_reference};

const ht_kernel_family ht__conv_family = {"conv", conv, 2, &ht__conv_rules};
const ht_kernel_family ht__conv_grad_input_family = {"conv_grad_input", grad_input, 2, &ht__conv_grad_input_rules};
const ht_kernel_family ht__conv_grad_weight_family = {"conv_grad_weight", grad_weight, 2, NULL};
