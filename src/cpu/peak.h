/* The measured ceiling that kernels are compared with. */
#ifndef HT_CPU_PEAK_H
#define HT_CPU_PEAK_H

#include "base/pool.h"

/* f32 operations per second (a fused multiply-add counts two) of independent fused multiply-adds in registers, on all
 * threads of the pool at once, with the features of `mask` (cpu/features.h); the best of several rounds, some tens of
 * milliseconds together. */
double ht__cpu_peak_f32(uint32_t mask, ht_pool *pool);
/* The same for products of 8-bit codes summed in 32 bits: in tile registers where there are some, else in vectors. */
double ht__cpu_peak_int8(uint32_t mask, ht_pool *pool);
/* Monotonic time in seconds. */
double ht__cpu_seconds(void);

#endif
