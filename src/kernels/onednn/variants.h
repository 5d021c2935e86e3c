/* The variants that oneDNN computes. */
#ifndef HT_KERNELS_ONEDNN_VARIANTS_H
#define HT_KERNELS_ONEDNN_VARIANTS_H

#include "kernels/kernel.h"

extern const ht_kernel_variant ht__conv_bf16_onednn, ht__conv_f32_onednn;
extern const ht_kernel_variant ht__conv_grad_input_bf16_onednn, ht__conv_grad_input_f32_onednn;
extern const ht_kernel_variant ht__conv_grad_weight_bf16_onednn, ht__conv_grad_weight_f32_onednn;
extern const ht_kernel_variant ht__matmul_f32_onednn;

#endif
