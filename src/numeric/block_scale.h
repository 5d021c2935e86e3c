/* The shared scale of block-scaled (MX) numbers: E8M0, a power of two in one byte.
 * Source: OCP Microscaling Formats (MX) Specification 1.0, sections 5.2 and 6.3.
 */
#ifndef HT_NUMERIC_BLOCK_SCALE_H
#define HT_NUMERIC_BLOCK_SCALE_H

#include "numeric/format.h"

enum { HT_BLOCK_SCALE_BITS = 8 };

/* 2^(floor(log2(largest)) - floor(log2(largest value of the element format))), cut to 2^-126 .. 2^127; 2^-126 for a
 * block of zeros. `largest` is the largest magnitude of the block, finite, >= 0. Elements between the format's largest
 * value and the next power of two saturate: that is the specification's rule. */
float ht__block_scale(const ht_number_format *element, double largest);

#endif
