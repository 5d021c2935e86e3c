#ifndef HT_KERNELS_ATTENTION_VARIANTS_H
#define HT_KERNELS_ATTENTION_VARIANTS_H

#include "kernels/attention/attention.h"

extern const ht_kernel_variant ht__attention_reference;

#endif
