#ifndef HT_KERNELS_RECURRENT_VARIANTS_H
#define HT_KERNELS_RECURRENT_VARIANTS_H

#include "kernels/recurrent/recurrent.h"

extern const ht_kernel_variant ht__recurrent_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__recurrent_rules;

#endif
