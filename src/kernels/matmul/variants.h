/* The runtime's variants of the matmul family. */
#ifndef HT_KERNELS_MATMUL_VARIANTS_H
#define HT_KERNELS_MATMUL_VARIANTS_H

#include "kernels/float_product.h"
#include "kernels/matmul/matmul.h"

#define HT_MATMUL_DECLARE(isa) extern const ht_kernel_variant ht__matmul_f32_##isa;
HT_FLOAT_ENGINE_LIST(HT_MATMUL_DECLARE)
#undef HT_MATMUL_DECLARE
extern const ht_kernel_variant ht__matmul_f32_small, ht__matmul_f32_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__matmul_rules;

#endif
