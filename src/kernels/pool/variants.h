/* The runtime's variants of the pooling families. */
#ifndef HT_KERNELS_POOL_VARIANTS_H
#define HT_KERNELS_POOL_VARIANTS_H

#include "kernels/pool/pool.h"

extern const ht_kernel_variant ht__pool_reference, ht__pool_grad_f32_reference;

extern const ht_kernel_variant ht__pool_f32_rows, ht__pool_grad_f32_rows;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__pool_rules;

#endif
