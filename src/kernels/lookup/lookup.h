/* A function of codes as a table: y = table[x - smallest code of x's type].
 *
 * Inputs x u8, i8, u16 or i16, and the table of y's type with 256 or 65,536 entries; output y like x, u8, i8, u16 or
 * i16, of the same layout. */
#ifndef HT_KERNELS_LOOKUP_H
#define HT_KERNELS_LOOKUP_H

#include "kernels/kernel.h"

extern const ht_kernel_family ht__lookup_family;

#endif
