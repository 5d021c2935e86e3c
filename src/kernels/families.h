/* The families that plan files may name. A list of its own, so that a program that only runs plans links neither
 * gradients nor losses; ht__kernel_families (kernel.h) has all. */
#ifndef HT_KERNELS_FAMILIES_H
#define HT_KERNELS_FAMILIES_H

#include "kernels/kernel.h"

/* All families with rules; ends with NULL. */
extern const ht_kernel_family *const ht__plan_families[];

#endif
