/* Finding the neighbours of a value in a sorted table of up to 2^16 levels, many values at a time.
 *
 * The table's span is cut into equal buckets, of values or, when levels crowd around zero, of the floats' bits (which
 * count logarithmically); each knows the last level before it. From there a short descent by
 * halving steps, as many as the fullest bucket needs, ends at the level at or below the value. No branch depends on
 * the values, so the loops vectorise.
 */
#ifndef HT_QUANT_LOOKUP_H
#define HT_QUANT_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HT_LOOKUP_BUCKETS = 1 << 17 };

typedef struct ht_lookup {
    const float *levels;   /* ascending, distinct, finite; owned by whoever built the table */
    int32_t count;         /* >= 1 */
    const int32_t *starts; /* one per bucket */
    int32_t buckets;
    float half_low, inverse; /* bucket of x = (x/2 - half_low) * inverse, or */
    bool by_bits;            /* (ordered bits of x - low_bits) >> shift */
    int32_t low_bits, shift;
    int32_t stride; /* first step of the descent, a power of two or 0 */
} ht_lookup;

/* `starts` has room for HT_LOOKUP_BUCKETS entries and must outlive the lookup, as must `levels`. */
void ht__lookup_build(ht_lookup *lookup, const float *levels, int32_t count, int32_t *starts);
/* For each value / scale (rounded once): lower[i], the index of the largest level at or below it, 0 when there is none,
 * and fraction[i] in [0, 1], the part of the way to the next level; 0 below the first and from the last level on;
 * exactly one half only for a tie. scale > 0. */
void ht__lookup_locate(const ht_lookup *lookup, float scale, const float *values, size_t count, int32_t *lower,
                       float *fraction);
/* values[i] = levels[chosen[i]] * scale. */
void ht__lookup_decode(const ht_lookup *lookup, float scale, const int32_t *chosen, size_t count, float *values);

#endif
