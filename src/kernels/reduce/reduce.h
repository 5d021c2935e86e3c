/* Reductions over a set of axes. Input x of any type (any layout; the output has the plain layout or rank < 3), output
 * y of the same type with the reduced axes of size 1 or removed. Sums of floats run in the order of the logical index,
 * in double; those of integers are exact and wrap. */
#ifndef HT_KERNELS_REDUCE_H
#define HT_KERNELS_REDUCE_H

#include "kernels/kernel.h"

typedef enum ht_reduce {
    HT_REDUCE_SUM,
    HT_REDUCE_MEAN,
    HT_REDUCE_MAX,
    HT_REDUCE_MIN,
    HT_REDUCE_PROD,
    HT_REDUCE_L1,         /* sum |x| */
    HT_REDUCE_L2,         /* sqrt(sum x^2) */
    HT_REDUCE_SUM_SQUARE, /* sum x^2 */
    HT_REDUCE_LOG_SUM,    /* log(sum x) */
    HT_REDUCE_LOG_SUM_EXP /* log(sum exp(x)), without overflow */
} ht_reduce;

typedef struct ht_reduce_parameters {
    ht_reduce function;
    bool axes[HT_MAX_RANK]; /* axes[i]: axis i of x is reduced */
} ht_reduce_parameters;

extern const ht_kernel_family ht__reduce_family;

#endif
