/* The runtime's variants of the matmul family. */
#ifndef HT_KERNELS_MATMUL_VARIANTS_H
#define HT_KERNELS_MATMUL_VARIANTS_H

#include "kernels/matmul/matmul.h"

extern const ht_kernel_variant ht__matmul_f32_small, ht__matmul_f32_reference;

#endif
