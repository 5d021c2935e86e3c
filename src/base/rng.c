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

/* The same rounds as ht__philox for LANES counters from `counter` on, laid out so that they vectorise. */
enum { LANES = 16 };

HT_CLONES
static void philox_lanes(uint64_t seed, uint64_t stream, uint64_t counter, float out[4 * LANES]) {
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    for (uint32_t i = 0; i < LANES; ++i) {
        c0[i] = (uint32_t)(counter + i);
        c1[i] = (uint32_t)((counter + i) >> 32);
        c2[i] = (uint32_t)stream;
        c3[i] = (uint32_t)(stream >> 32);
    }
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < LANES; ++i) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c1[i] = (uint32_t)p1;
            c3[i] = (uint32_t)p0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < LANES; ++i) {
        out[4 * i] = unit24(c0[i]);
        out[4 * i + 1] = unit24(c1[i]);
        out[4 * i + 2] = unit24(c2[i]);
        out[4 * i + 3] = unit24(c3[i]);
    }
}

void ht__random_fill(uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t count) {
    size_t i = 0;
    for (; i < count && (first + i) % 4 != 0; ++i) {
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
