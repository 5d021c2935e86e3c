/* The runtime's variants of the integer convolution. */
#ifndef HT_KERNELS_INTEGER_CONV_VARIANTS_H
#define HT_KERNELS_INTEGER_CONV_VARIANTS_H

#include "kernels/byte_product.h"
#include "kernels/integer_conv/integer_conv.h"

/* Are weights, their zero points and the bias constants, of 8 bits and of 32, so that a variant may pack them? */
bool ht__integer_conv_is_packable(const ht_kernel_call *call, const char **reason);

/* Do all filters of a packable call suit products of bytes (ht__byte_column_fits)? Those packed already do. */
bool ht__integer_conv_weights_fit(const ht_kernel_call *call);
#define HT_INTEGER_CONV_DECLARE(isa) extern const ht_kernel_variant ht__integer_conv_##isa;
HT_BYTE_ENGINE_LIST(HT_INTEGER_CONV_DECLARE)
#undef HT_INTEGER_CONV_DECLARE
#if defined(__x86_64__)
extern const ht_kernel_variant ht__integer_conv_depthwise_avx512vnni;
#endif
extern const ht_kernel_variant ht__integer_conv_tiles, ht__integer_conv_depthwise, ht__integer_conv_reference;
/* Sound calls (kernels/rules.h); those of the transposed convolution are described alike. */
extern const ht_kernel_rules ht__integer_conv_rules, ht__integer_conv_transpose_rules;

#endif
