#include "kernels/onednn/onednn.h"

#include "kernels/onednn/variants.h"

const ht_kernel_variant *const ht__onednn_variants[] = {
    &ht__conv_bf16_onednn,
    &ht__conv_f32_onednn,
    &ht__conv_grad_input_bf16_onednn,
    &ht__conv_grad_input_f32_onednn,
    &ht__conv_grad_weight_bf16_onednn,
    &ht__conv_grad_weight_f32_onednn,
    &ht__matmul_f32_onednn,
};
const size_t ht__onednn_variant_count = sizeof ht__onednn_variants / sizeof ht__onednn_variants[0];
