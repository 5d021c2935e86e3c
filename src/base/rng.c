#include "base/rng.h"

#include <math.h>

#include "base/clones.h"

void ht__philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t out[4]) {
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = (uint32_t)stream,
             c3 = (uint32_t)(stream >> 32);
    for (int round = 0; round < 10; ++round) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Through int: the conversion that vectorises everywhere. */
static inline float unit24(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

float ht__random_at(uint64_t seed, uint64_t stream, uint64_t index) {
    uint32_t words[4];
    ht__philox(seed, stream, index / 4, words);
    return unit24(words[index % 4]);
}

/* One round of ht__philox. A macro, and its ten uses written out, because only a loop body without loops vectorises. */
#define PHILOX_ROUND(n)                                                            \
    do {                                                                           \
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2; \
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ (k0 + (n)*0x9E3779B9u);          \
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ (k1 + (n)*0xBB67AE85u);          \
        c1 = (uint32_t)p1;                                                         \
        c3 = (uint32_t)p0;                                                         \
        c0 = n0;                                                                   \
        c2 = n2;                                                                   \
    } while (0)

enum { LANES = 16 };

/* The numbers of LANES counters from `counter` on, which share their upper half. */
HT_CLONES
static void philox_lanes(uint64_t seed, uint64_t stream, uint64_t counter, float out[4 * LANES]) {
    const uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32), first = (uint32_t)counter,
                   upper = (uint32_t)(counter >> 32), s0 = (uint32_t)stream, s1 = (uint32_t)(stream >> 32);
    uint32_t words[4][LANES];
    for (uint32_t i = 0; i < LANES; ++i) {
        uint32_t c0 = first + i, c1 = upper, c2 = s0, c3 = s1;
        PHILOX_ROUND(0u);
        PHILOX_ROUND(1u);
        PHILOX_ROUND(2u);
        PHILOX_ROUND(3u);
        PHILOX_ROUND(4u);
        PHILOX_ROUND(5u);
        PHILOX_ROUND(6u);
        PHILOX_ROUND(7u);
        PHILOX_ROUND(8u);
        PHILOX_ROUND(9u);
        words[0][i] = c0;
        words[1][i] = c1;
        words[2][i] = c2;
        words[3][i] = c3;
    }
    for (int i = 0; i < LANES; ++i) {
        for (int k = 0; k < 4; ++k) {
            out[4 * i + k] = unit24(words[k][i]);
        }
    }
}

void ht__random_fill(uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t count) {
    size_t i = 0;
    /* To a multiple of all lanes, so that their counters never carry into the upper half. */
    for (; i < count && (first + i) % (4 * LANES) != 0; ++i) {
        out[i] = ht__random_at(seed, stream, first + i);
    }
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        philox_lanes(seed, stream, (first + i) / 4, out + i);
    }
    for (; i < count; ++i) {
        out[i] = ht__random_at(seed, stream, first + i);
    }
}

uint32_t ht__rng_u32(ht_rng *rng) {
    uint32_t words[4];
    ht__philox(rng->seed, rng->stream, rng->next / 4, words);
    return words[rng->next++ % 4];
}

double ht__rng_uniform(ht_rng *rng) {
    uint64_t high = ht__rng_u32(rng) >> 6, low = ht__rng_u32(rng) >> 5;
    return (double)(high << 27 | low) * 0x1p-53;
}

double ht__rng_normal(ht_rng *rng) {
    double radius = sqrt(-2.0 * log(1.0 - ht__rng_uniform(rng)));
    return radius * cos(6.283185307179586 * ht__rng_uniform(rng));
}

uint64_t ht__rng_below(ht_rng *rng, uint64_t bound) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    for (;;) {
        uint64_t high = ht__rng_u32(rng);
        uint64_t value = high << 32 | ht__rng_u32(rng);
        if (value < limit) {
            return value % bound;
        }
    }
}

void ht__rng_shuffle(ht_rng *rng, uint32_t *items, size_t count) {
    for (size_t i = count; i > 1; --i) {
        size_t j = (size_t)ht__rng_below(rng, i);
        uint32_t keep = items[i - 1];
        items[i - 1] = items[j];
        items[j] = keep;
    }
}
