/* The runtime's variants of the convolution families. */
#ifndef HT_KERNELS_CONV_VARIANTS_H
#define HT_KERNELS_CONV_VARIANTS_H

#include "kernels/conv/conv.h"

extern const ht_kernel_variant ht__conv_f32_rows, ht__conv_grad_input_f32_rows, ht__conv_grad_weight_f32_rows;
extern const ht_kernel_variant ht__conv_f32_reference, ht__conv_grad_input_f32_reference,
    ht__conv_grad_weight_f32_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__conv_rules, ht__conv_grad_input_rules;

#endif
