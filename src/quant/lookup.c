#include "quant/lookup.h"

#include "base/clones.h"
#include "numeric/ordered.h"

/* A stride from which on another division into buckets is worth trying. */
enum { CROWDED = 4 };

/* Both never decrease with x, whatever the roundings: so a level in an earlier bucket is never above x. */
static inline int32_t value_bucket(const ht_lookup *lookup, float x) {
    int32_t bucket = (int32_t)((x * 0.5f - lookup->half_low) * lookup->inverse);
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
        while (next < lookup->count && bucket_of(lookup, lookup->levels[next]) <= bucket) {
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

void ht__lookup_build(ht_lookup *lookup, const float *levels, int32_t count, int32_t *starts) {
    int32_t buckets = 16;
    while (buckets < 2 * count && buckets < HT_LOOKUP_BUCKETS) {
        buckets *= 2;
    }
    double half_span = 0.5 * levels[count - 1] - 0.5 * levels[0];
    double inverse = half_span > 0.0 ? buckets / half_span : 0.0;
    /* A span too small to divide by makes one bucket of them all. */
    *lookup = (ht_lookup){.levels = levels,
                          .count = count,
                          .starts = starts,
                          .buckets = buckets,
                          .half_low = levels[0] * 0.5f,
                          .inverse = inverse < 1e38 ? (float)inverse : 0.0f,
                          .low_bits = ht__ordered(levels[0])};
    uint32_t span = (uint32_t)ht__ordered(levels[count - 1]) - (uint32_t)lookup->low_bits;
    while (span >> lookup->shift >= (uint32_t)buckets) {
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

/* quotient[i] = values[i] / scale within the table's span, lower[i] = the start of its bucket. */
HT_CLONES
static void enter_by_value(const ht_lookup *lookup, float scale, const float *restrict values, size_t count,
                           int32_t *restrict lower, float *restrict quotient) {
    const int32_t *restrict starts = lookup->starts;
    const float first = lookup->levels[0], last = lookup->levels[lookup->count - 1];
    const float half_low = lookup->half_low, inverse = lookup->inverse;
    const int32_t last_bucket = lookup->buckets - 1;
    for (size_t i = 0; i < count; ++i) {
        float x = values[i] / scale;
        x = x < first ? first : x;
        x = x > last ? last : x;
        quotient[i] = x;
        int32_t bucket = (int32_t)((x * 0.5f - half_low) * inverse);
        bucket = bucket < last_bucket ? bucket : last_bucket;
        lower[i] = starts[bucket];
    }
}

HT_CLONES
static void enter_by_bits(const ht_lookup *lookup, float scale, const float *restrict values, size_t count,
                          int32_t *restrict lower, float *restrict quotient) {
    const int32_t *restrict starts = lookup->starts;
    const float first = lookup->levels[0], last = lookup->levels[lookup->count - 1];
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
    const float *restrict levels = lookup->levels;
    const int32_t last_level = lookup->count - 1;
    for (int32_t stride = lookup->stride; stride > 0; stride /= 2) {
        for (size_t i = 0; i < count; ++i) {
            int32_t candidate = lower[i] + stride;
            candidate = candidate < last_level ? candidate : last_level;
            lower[i] = levels[candidate] <= quotient[i] ? candidate : lower[i];
        }
    }
}

/* `fraction` holds the values on entry. */
HT_CLONES
static void fractions(const ht_lookup *lookup, size_t count, const int32_t *restrict lower, float *restrict fraction) {
    const float *restrict levels = lookup->levels;
    const int32_t last_level = lookup->count - 1;
    for (size_t i = 0; i < count; ++i) {
        int32_t level = lower[i], next = level < last_level ? level + 1 : last_level;
        /* In double the differences are exact: which half the value lies in, and a tie, are told for certain. */
        double below = (double)fraction[i] - (double)levels[level];
        double gap = (double)levels[next] - (double)levels[level];
        double balance = below + below - gap;
        float width = (float)gap;
        float part = (float)below / (width > 0.0f ? width : 1.0f);
        float at_most = balance < 0.0 ? 0x1.fffffep-2f : balance > 0.0 ? 1.0f : 0.5f;
        float at_least = balance < 0.0 ? 0.0f : balance > 0.0 ? 0x1.000002p-1f : 0.5f;
        part = part < at_most ? part : at_most;
        part = part > at_least ? part : at_least;
        fraction[i] = width > 0.0f ? part : 0.0f;
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
    fractions(lookup, count, lower, fraction);
}

void ht__lookup_decode(const ht_lookup *lookup, float scale, const int32_t *chosen, size_t count, float *values) {
    decode(lookup->levels, scale, chosen, count, values);
}
