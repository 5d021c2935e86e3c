/* Inverted dropout. Inputs x f32, step i64 [] (which training step this is); output y = x * (1 / (1 - ratio)) where
 * kept, else 0. Element i (in memory order) is dropped when ht__random_at(seed, stream, step * elements + i) < ratio:
 * the same for any number of threads, and the gradient is the same kernel applied to dy. */
#ifndef HT_KERNELS_DROPOUT_H
#define HT_KERNELS_DROPOUT_H

#include "kernels/kernel.h"

typedef struct ht_dropout_parameters {
    float ratio; /* 0 <= ratio < 1 */
    uint64_t seed, stream;
} ht_dropout_parameters;

extern const ht_kernel_family ht__dropout_family;

#endif
