#include "kernels/quantize/variants.h"

static const ht_kernel_variant *const quantize[] = {&ht__quantize_codes, &ht__quantize_reference};
static const ht_kernel_variant *const dequantize[] = {&ht__dequantize_codes, &ht__dequantize_reference};
static const ht_kernel_variant *const dynamic[] = {&ht__dynamic_quantize_flat, &ht__dynamic_quantize_reference};
static const ht_kernel_variant *const fake_quantize[] = {&ht__fake_quantize_f32_flat, &ht__fake_quantize_f32_reference};
static const ht_kernel_variant *const fake_quantize_grad[] = {&ht__fake_quantize_grad_f32_flat,
                                                              &ht__fake_quantize_grad_f32_reference};

const ht_kernel_family ht__quantize_family = {"quantize", quantize, 2, &ht__quantize_rules};
const ht_kernel_family ht__dequantize_family = {"dequantize", dequantize, 2, &ht__dequantize_rules};
const ht_kernel_family ht__dynamic_quantize_family = {"dynamic_quantize", dynamic, 2, &ht__dynamic_quantize_rules};
const ht_kernel_family ht__fake_quantize_family = {"fake_quantize", fake_quantize, 2, &ht__fake_quantize_rules};
const ht_kernel_family ht__fake_quantize_grad_family = {"fake_quantize_grad", fake_quantize_grad, 2, NULL};
