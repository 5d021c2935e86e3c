/* The runtime's variants of the elementwise families. */
#ifndef HT_KERNELS_ELEMENTWISE_VARIANTS_H
#define HT_KERNELS_ELEMENTWISE_VARIANTS_H

#include "kernels/elementwise/elementwise.h"

extern const ht_kernel_variant ht__unary_f32_flat, ht__unary_reference;
extern const ht_kernel_variant ht__binary_f32_rows, ht__binary_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__unary_rules, ht__binary_rules;

#endif
