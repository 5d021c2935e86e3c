/* The runtime's variants of the dropout family. */
#ifndef HT_KERNELS_DROPOUT_VARIANTS_H
#define HT_KERNELS_DROPOUT_VARIANTS_H

#include "kernels/dropout/dropout.h"

extern const ht_kernel_variant ht__dropout_f32_flat, ht__dropout_f32_reference;

#endif
