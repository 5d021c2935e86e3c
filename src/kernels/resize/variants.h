/* The runtime's variants of the resize family. */
#ifndef HT_KERNELS_RESIZE_VARIANTS_H
#define HT_KERNELS_RESIZE_VARIANTS_H

#include "kernels/resize/resize.h"

extern const ht_kernel_variant ht__resize_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__resize_rules;

#endif
