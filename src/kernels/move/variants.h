/* The runtime's variants of the move families. */
#ifndef HT_KERNELS_MOVE_VARIANTS_H
#define HT_KERNELS_MOVE_VARIANTS_H

#include "kernels/move/move.h"

extern const ht_kernel_variant ht__transpose_walk, ht__expand_walk;
extern const ht_kernel_variant ht__transpose_reference, ht__copy_reference, ht__concat_reference, ht__pad_reference,
    ht__slice_reference, ht__gather_reference, ht__cast_codes, ht__cast_reference, ht__expand_reference;
/* Sound calls (kernels/rules.h). */
extern const ht_kernel_rules ht__transpose_rules, ht__copy_rules, ht__concat_rules, ht__pad_rules, ht__slice_rules,
    ht__gather_rules, ht__cast_rules, ht__expand_rules;

#endif
