/* The runtime's variants of softmax and the losses. */
#ifndef HT_KERNELS_SOFTMAX_VARIANTS_H
#define HT_KERNELS_SOFTMAX_VARIANTS_H

#include "kernels/softmax/softmax.h"

extern const ht_kernel_variant ht__softmax_reference, ht__softmax_f32_lines, ht__softmax_grad_f32_reference;
extern const ht_kernel_variant ht__cross_entropy_f32_reference, ht__cross_entropy_grad_f32_reference;
extern const ht_kernel_variant ht__squared_error_f32_reference, ht__squared_error_grad_f32_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__softmax_rules;

#endif
