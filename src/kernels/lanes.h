/* Eight floats at once, in the compiler's vector extension: portable, and kept in registers where arrays would not be.
 * (Functions take vectors by address: how they would be passed depends on the instruction set.) */
#ifndef HT_KERNELS_LANES_H
#define HT_KERNELS_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/activation.h"

#define HT_LANES 8
#define HT_INLINE static inline __attribute__((always_inline))

typedef float ht_lanes __attribute__((vector_size(sizeof(float) * HT_LANES)));
typedef int32_t ht_lanes_mask __attribute__((vector_size(sizeof(int32_t) * HT_LANES)));

/* The first `count` of eight neighbouring floats, 0 behind them. */
HT_INLINE void ht__lanes_load(ht_lanes *out, const float *from, int64_t count) {
    *out = (ht_lanes){0};
    memcpy(out, from, count < HT_LANES ? (size_t)count * sizeof(float) : sizeof *out);
}

/* Stores the first `count` of them. */
HT_INLINE void ht__lanes_store(float *to, const ht_lanes *value, int64_t count) {
    memcpy(to, value, count < HT_LANES ? (size_t)count * sizeof(float) : sizeof *value);
}

/* ht__activate for all eight. */
HT_INLINE void ht__lanes_activate(ht_activation activation, float clip_low, float clip_high, ht_lanes *x) {
    ht_lanes low = {0}, high = {0};
    if (activation == HT_ACTIVATION_NONE) {
        return;
    }
    low += activation == HT_ACTIVATION_CLIP ? clip_low : 0.0f;
    high += activation == HT_ACTIVATION_CLIP ? clip_high : INFINITY;
    ht_lanes_mask below = *x < low;
    *x = (ht_lanes)(((ht_lanes_mask)low & below) | ((ht_lanes_mask)*x & ~below));
    ht_lanes_mask above = *x > high;
    *x = (ht_lanes)(((ht_lanes_mask)high & above) | ((ht_lanes_mask)*x & ~above));
}

#endif
