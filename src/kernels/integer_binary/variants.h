/* The runtime's variants of the elementwise functions of codes. */
#ifndef HT_KERNELS_INTEGER_BINARY_VARIANTS_H
#define HT_KERNELS_INTEGER_BINARY_VARIANTS_H

#include "kernels/integer_binary/integer_binary.h"

#if defined(__x86_64__)
extern const ht_kernel_variant ht__integer_binary_avx512;
#endif
extern const ht_kernel_variant ht__integer_binary_rows, ht__integer_binary_reference;

/* y for one pair of codes. */
int32_t ht__integer_binary_value(const ht_integer_binary_parameters *p, int32_t x, int32_t z);

#endif
