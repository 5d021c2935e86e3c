/* Random numbers: Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11).
 *
 * Counter-based: the n-th number of stream s under seed k is a pure function of (k, s, n). Work can so be split over
 * any number of threads and still draw the same numbers.
 */
#ifndef HT_BASE_RNG_H
#define HT_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Four independent 32-bit words for (seed, stream, counter). */
void ht__philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]);

/* The uniform number in [0, 1) with 24 random bits that belongs to element `index` of a stream. */
float ht__random_at(uint64_t seed, uint64_t stream, uint64_t index);
/* out[i] = ht__random_at(seed, stream, first + i), four per Philox call: what elementwise work should use. */
void ht__random_fill(uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t count);

/* A sequential reader of one stream, for shuffles and initialisation. */
typedef struct ht_rng {
    uint64_t seed, stream, next; /* `next` counts 32-bit words taken; save it to resume */
} ht_rng;
uint32_t ht__rng_u32(ht_rng *rng);
/* Uniform in [0, 1). */
double ht__rng_uniform(ht_rng *rng);
/* Standard normal (Box-Muller). */
double ht__rng_normal(ht_rng *rng);
/* Uniform in 0 .. bound-1 without bias; bound >= 1. */
uint64_t ht__rng_below(ht_rng *rng, uint64_t bound);
/* Fisher-Yates shuffle. */
void ht__rng_shuffle(ht_rng *rng, uint32_t *items, size_t count);

#endif
