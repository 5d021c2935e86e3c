/* The runtime's variants of the reduce family. */
#ifndef HT_KERNELS_REDUCE_VARIANTS_H
#define HT_KERNELS_REDUCE_VARIANTS_H

#include "kernels/reduce/reduce.h"

extern const ht_kernel_variant ht__reduce_f32_walk, ht__reduce_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__reduce_rules;

#endif
