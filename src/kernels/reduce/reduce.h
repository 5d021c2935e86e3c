/* Reductions over a set of axes. Input x f32 (any layout; the output has the plain layout or rank < 3), output y with
 * the reduced axes of size 1 or removed. Sums run in the order of the logical index, in double. */
#ifndef HT_KERNELS_REDUCE_H
#define HT_KERNELS_REDUCE_H

#include "kernels/kernel.h"

typedef enum ht_reduce { HT_REDUCE_SUM, HT_REDUCE_MEAN, HT_REDUCE_MAX, HT_REDUCE_MIN } ht_reduce;

typedef struct ht_reduce_parameters {
    ht_reduce function;
    bool axes[HT_MAX_RANK]; /* axes[i]: axis i of x is reduced */
} ht_reduce_parameters;

extern const ht_kernel_family ht__reduce_family;

#endif
