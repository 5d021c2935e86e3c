#include "quant/lookup.h"

#include "base/clones.h"
#include "numeric/ordered.h"

/* A stride from which on another division into buckets is worth trying. */
enum { CROWDED = 4 };

/* Both never decrease with x, whatever the roundings: so a level in an earlier bucket is never above x. */
static inline int32_t value_bucket(const ht_lookup *lookup, float x) {
    int32_t bucket = (int32_t)((x * lookup->shrink - lookup->shrunk_low) * lookup->inverse);
    return bucket < lookup->buckets - 1 ? bucket : lookup->buckets - 1;
}

static inline int32_t bits_bucket(const ht_lookup *lookup, float x) {
    return (int32_t)(((uint32_t)ht__ordered(x) - (uint32_t)lookup->low_bits) >> lookup->shift);
}

static int32_t bucket_of(const ht_lookup *lookup, float x) {
    return lookup->by_bits ? bits_bucket(lookup, x) : value_bucket(lookup, x);
}

/* Fills the buckets' starts, and the stride that the fullest one needs. */
static void fill_starts(ht_lookup *lookup, int32_t *starts) {
    int32_t next = 0, fullest = 0;
    for (int32_t bucket = 0; bucket < lookup->buckets; ++bucket) {
        int32_t first = starts[bucket] = next > 0 ? next - 1 : 0;
        while (next < lookup->count && bucket_of(lookup, lookup->edges[next]) <= bucket) {
            ++next;
        }
        int32_t reach = next - 1 - first;
        fullest = reach > fullest ? reach : fullest;
    }
    lookup->stride = 0;
    while (2 * lookup->stride - 1 < fullest) {
        lookup->stride = lookup->stride > 0 ? lookup->stride * 2 : 1;
    }
}

/* The smallest float that is closer to `above` than to `below`, or as close when ties go up. */
static float edge_between(float below, float above, bool ties_up) {
    double middle = 0.5 * (double)below + 0.5 * (double)above;
    float edge = (float)middle;
    bool too_low = (double)edge < middle || ((double)edge == middle && !ties_up);
    int32_t key = ht__ordered(edge + 0.0f) + (too_low ? 1 : 0);
    /* One step down may still be enough when the middle was rounded up. */
    float lower = ht__unordered(key - 1);
    bool enough = (double)lower > middle || ((double)lower == middle && ties_up);
    return enough ? lower : ht__unordered(key);
}

static void fill_edges(ht_lookup *lookup, ht_lookup_kind kind, float *edges) {
    edges[0] = lookup->levels[0];
    for (int32_t i = 1; i < lookup->count; ++i) {
        bool up = kind == HT_LOOKUP_NEAREST_UP || i % 2 == 0;
        edges[i] = kind == HT_LOOKUP_BELOW ? lookup->levels[i]
                                           : edge_between(lookup->levels[i - 1], lookup->levels[i], up) + 0.0f;
    }
}

/* Buckets of values, or of bits where many edges would share one. A span too small to divide by makes one bucket of
 * all. */
static void divide(ht_lookup *lookup, int32_t *starts) {
    const float *edges = lookup->edges;
    double span = (double)edges[lookup->count - 1] - (double)edges[0];
    lookup->shrink = span > 0x1p127 ? 0.5f : 1.0f;
    double inverse = span > 0.0 ? lookup->buckets / (span * (double)lookup->shrink) : 0.0;
    lookup->inverse = inverse < 1e38 ? (float)inverse : 0.0f;
    lookup->shrunk_low = edges[0] * lookup->shrink;
    lookup->low_bits = ht__ordered(edges[0]);
    uint32_t bits = (uint32_t)ht__ordered(edges[lookup->count - 1]) - (uint32_t)lookup->low_bits;
    while (bits >> lookup->shift >= (uint32_t)lookup->buckets) {
        ++lookup->shift;
    }
    fill_starts(lookup, starts);
    int32_t stride = lookup->stride;
    if (stride > CROWDED) {
        lookup->by_bits = true;
        fill_starts(lookup, starts);
        lookup->by_bits = lookup->stride < stride;
        if (!lookup->by_bits) {
            fill_starts(lookup, starts);
        }
    }
}

void ht__lookup_build(ht_lookup *lookup, ht_lookup_kind kind, const float *levels, int32_t count, float *edges,
                      int32_t *starts) {
    int32_t buckets = 16;
    while (buckets < 2 * count && buckets < HT_LOOKUP_BUCKETS) {
        buckets *= 2;
    }
    *lookup = (ht_lookup){.levels = levels,
                          .edges = edges,
                          .nearest = kind != HT_LOOKUP_BELOW,
                          .count = count,
                          .starts = starts,
                          .buckets = buckets};
    fill_edges(lookup, kind, edges);
    divide(lookup, starts);
}

/* quotient[i] = values[i] / scale within the table's span, lower[i] = the start of its bucket. */
HT_CLONES
static void enter_by_value(const ht_lookup *lookup, float scale, const float *restrict values, size_t count,
                           int32_t *restrict lower, float *restrict quotient) {
    const int32_t *restrict starts = lookup->starts;
    const float first = lookup->edges[0], last = lookup->edges[lookup->count - 1];
    const float shrink = lookup->shrink, shrunk_low = lookup->shrunk_low, inverse = lookup->inverse;
    const int32_t last_bucket = lookup->buckets - 1;
    for (size_t i = 0; i < count; ++i) {
        float x = values[i] / scale;
        x = x < first ? first : x;
        x = x > last ? last : x;
        quotient[i] = x;
        int32_t bucket = (int32_t)((x * shrink - shrunk_low) * inverse);
        bucket = bucket < last_bucket ? bucket : last_bucket;
        lower[i] = starts[bucket];
    }
}

HT_CLONES
static void enter_by_bits(const ht_lookup *lookup, float scale, const float *restrict values, size_t count,
                          int32_t *restrict lower, float *restrict quotient) {
    const int32_t *restrict starts = lookup->starts;
    const float first = lookup->edges[0], last = lookup->edges[lookup->count - 1];
    const uint32_t low_bits = (uint32_t)lookup->low_bits;
    const int32_t shift = lookup->shift;
    for (size_t i = 0; i < count; ++i) {
        float x = values[i] / scale + 0.0f; /* -0 becomes 0 */
        x = x < first ? first : x;
        x = x > last ? last : x;
        quotient[i] = x;
        lower[i] = starts[(int32_t)(((uint32_t)ht__ordered(x) - low_bits) >> shift)];
    }
}

HT_CLONES
static void descend(const ht_lookup *lookup, size_t count, const float *restrict quotient, int32_t *restrict lower) {
    const float *restrict edges = lookup->edges;
    const int32_t last_level = lookup->count - 1;
    for (int32_t stride = lookup->stride; stride > 0; stride /= 2) {
        for (size_t i = 0; i < count; ++i) {
            int32_t candidate = lower[i] + stride;
            candidate = candidate < last_level ? candidate : last_level;
            lower[i] = edges[candidate] <= quotient[i] ? candidate : lower[i];
        }
    }
}

/* `fraction` holds the values on entry. Differences and quotient are rounded: a value may be taken for a tie, or for
 * the other side of one, within 2^-22 of the distance between its neighbours. */
HT_CLONES
static void fractions(const ht_lookup *lookup, size_t count, const int32_t *restrict lower, float *restrict fraction) {
    const float *restrict levels = lookup->levels;
    const int32_t last_level = lookup->count - 1;
    const float shrink = lookup->shrink;
    for (size_t i = 0; i < count; ++i) {
        int32_t level = lower[i], next = level < last_level ? level + 1 : last_level;
        float here = levels[level] * shrink;
        float below = fraction[i] * shrink - here, gap = levels[next] * shrink - here;
        float part = below / (gap > 0.0f ? gap : 1.0f);
        part = part < 1.0f ? part : 1.0f;
        fraction[i] = gap > 0.0f && part > 0.0f ? part : 0.0f;
    }
}

HT_CLONES
static void decode(const float *restrict levels, float scale, const int32_t *restrict chosen, size_t count,
                   float *restrict values) {
    for (size_t i = 0; i < count; ++i) {
        values[i] = levels[chosen[i]] * scale;
    }
}

void ht__lookup_locate(const ht_lookup *lookup, float scale, const float *values, size_t count, int32_t *lower,
                       float *fraction) {
    if (lookup->by_bits) {
        enter_by_bits(lookup, scale, values, count, lower, fraction);
    } else {
        enter_by_value(lookup, scale, values, count, lower, fraction);
    }
    descend(lookup, count, fraction, lower);
    if (lookup->nearest) {
        memset(fraction, 0, count * sizeof *fraction);
    } else {
        fractions(lookup, count, lower, fraction);
    }
}

void ht__lookup_decode(const ht_lookup *lookup, float scale, const int32_t *chosen, size_t count, float *values) {
    decode(lookup->levels, scale, chosen, count, values);
}
