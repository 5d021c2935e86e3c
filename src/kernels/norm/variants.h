/* The runtime's variants of the batch normalisation families. */
#ifndef HT_KERNELS_NORM_VARIANTS_H
#define HT_KERNELS_NORM_VARIANTS_H

#include "kernels/norm/norm.h"

extern const ht_kernel_variant ht__batch_norm_f32_reference, ht__batch_norm_train_f32_reference,
    ht__batch_norm_grad_f32_reference;

extern const ht_kernel_variant ht__batch_norm_f32_rows, ht__batch_norm_train_f32_rows, ht__batch_norm_grad_f32_rows;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__batch_norm_rules;

#endif
