/* The runtime's variants of the quantize families. */
#ifndef HT_KERNELS_QUANTIZE_VARIANTS_H
#define HT_KERNELS_QUANTIZE_VARIANTS_H

#include "kernels/quantize/quantize.h"

extern const ht_kernel_variant ht__fake_quantize_f32_flat, ht__fake_quantize_grad_f32_flat;
extern const ht_kernel_variant ht__quantize_codes, ht__dequantize_codes, ht__dynamic_quantize_flat,
    ht__dynamic_quantize_reference;
extern const ht_kernel_variant ht__quantize_reference, ht__dequantize_reference, ht__fake_quantize_f32_reference,
    ht__fake_quantize_grad_f32_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__quantize_rules, ht__dequantize_rules, ht__fake_quantize_rules,
    ht__dynamic_quantize_rules;

#endif
