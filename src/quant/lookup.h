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
    const float *levels;   /* ascending, distinct, finite, no -0; owned by whoever built the table */
    const float *edges;    /* edges[i]: the smallest value that finds level i, but for the first level */
    bool nearest;          /* edges lie halfway between levels; else they are the levels themselves */
    int32_t count;         /* of levels, >= 1 */
    const int32_t *starts; /* one per bucket */
    int32_t buckets;
    float shrink;              /* 1, or 1/2 where the span would pass the largest float */
    float shrunk_low, inverse; /* bucket of x = (x * shrink - shrunk_low) * inverse, or */
    bool by_bits;              /* (ordered bits of x - low_bits) >> shift */
    int32_t low_bits, shift;
    int32_t stride; /* first step of the descent, a power of two or 0 */
} ht_lookup;

typedef enum ht_lookup_kind {
    HT_LOOKUP_BELOW,     /* the largest level at or below a value, and how far it is from there to the next */
    HT_LOOKUP_NEAREST,   /* the closest level, ties to the even index */
    HT_LOOKUP_NEAREST_UP /* the closest level, ties to the upper one */
} ht_lookup_kind;

/* `starts` has room for HT_LOOKUP_BUCKETS entries, `edges` for `count`; both must outlive the lookup, as must `levels`.
 */
void ht__lookup_build(ht_lookup *lookup, ht_lookup_kind kind, const float *levels, int32_t count, float *edges,
                      int32_t *starts);
/* For each value / scale (rounded once), scale > 0: the index of the level that the lookup was built to find in
 * lower[i]. HT_LOOKUP_BELOW also gives, in fraction[i] in [0, 1], the part of the way to the next level (0 below the
 * first and from the last level on), up to rounding; the others set it to 0. */
void ht__lookup_locate(const ht_lookup *lookup, float scale, const float *values, size_t count, int32_t *lower,
                       float *fraction);
/* values[i] = levels[chosen[i]] * scale. */
void ht__lookup_decode(const ht_lookup *lookup, float scale, const int32_t *chosen, size_t count, float *values);

#endif
