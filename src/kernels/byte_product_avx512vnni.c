/* Tiles of byte products with AVX-512 VNNI: 24 or so accumulators in registers, each step multiplies four bytes of
 * every row with four of every column. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu/features.h"
#include "kernels/byte_product.h"

#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define VNNI_INLINE \
    static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

/* The code of each sum as i32, not yet clamped to y's range but exact wherever that matters: products beyond i16 only
 * meet the saturation below. */
VNNI_INLINE __m512i scaled(__m512i sums, __m512 multipliers) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), multipliers));
}

/* `columns` codes of one row. Saturation to i16, the zero point, saturation to 8 bits, and the limits of a fused
 * activation: the same as one clamp, since the limits lie in y's range. */
VNNI_INLINE void store_codes(const ht_byte_tile *t, const __m512i *sums, const __m512 *multipliers, int vectors,
                             int row) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i part[HT_BYTE_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
        part[v] = v < vectors ? scaled(sums[v], multipliers[v]) : _mm512_setzero_si512();
    }
    __m512i zero = _mm512_set1_epi16((int16_t)t->zero);
    __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(part[0], part[1]), zero);
    __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(part[2], part[3]), zero);
    __m512i codes;
    if (t->is_signed) {
        codes = _mm512_packs_epi16(low, high);
        codes = _mm512_max_epi8(codes, _mm512_set1_epi8((int8_t)t->low));
        codes = _mm512_min_epi8(codes, _mm512_set1_epi8((int8_t)t->high));
    } else {
        codes = _mm512_packus_epi16(low, high);
        codes = _mm512_max_epu8(codes, _mm512_set1_epi8((int8_t)t->low));
        codes = _mm512_min_epu8(codes, _mm512_set1_epi8((int8_t)t->high));
    }
    codes = _mm512_permutexvar_epi32(order, codes);
    __mmask64 mask = t->columns >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << t->columns) - 1;
    _mm512_mask_storeu_epi8((uint8_t *)t->y + row * t->y_row, mask, codes);
}

/* All loops have constant bounds once this is inlined, so that the accumulators become registers. */
VNNI_INLINE void tile(const ht_byte_tile *t, int rows, int vectors) {
    __m512i sums[HT_BYTE_MOST_ROWS][HT_BYTE_VECTORS];
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            sums[r][v] = _mm512_loadu_si512(t->starts + v * HT_BYTE_LANES);
        }
    }
    const uint8_t *x = t->x;
    const int8_t *w = t->weights;
    int64_t x_row = t->x_row;
    for (int64_t d = 0; d < t->depth; d += HT_BYTE_GROUP) {
        __m512i weights[HT_BYTE_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            weights[v] = _mm512_loadu_si512(w + v * HT_BYTE_LANES * HT_BYTE_GROUP);
        }
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            int32_t four;
            __builtin_memcpy(&four, x + r * x_row + d, sizeof four);
            __m512i row = _mm512_set1_epi32(four);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) {
                sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], row, weights[v]);
            }
        }
        w += vectors * HT_BYTE_LANES * HT_BYTE_GROUP;
    }
    if (t->multipliers != NULL) {
        __m512 multipliers[HT_BYTE_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            multipliers[v] = _mm512_loadu_ps(t->multipliers + v * HT_BYTE_LANES);
        }
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            store_codes(t, sums[r], multipliers, vectors, r);
        }
        return;
    }
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            _mm512_storeu_si512((int32_t *)t->y + r * t->y_row + v * HT_BYTE_LANES, sums[r][v]);
        }
    }
}

#define TILE(rows, vectors) \
    VNNI static void tile_##rows##x##vectors(const ht_byte_tile *t) { tile(t, rows, vectors); }
#define EACH_1(X, v) X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v)
#define EACH_2(X, v) EACH_1(X, v) X(7, v) X(8, v)
#define EACH_3(X, v) EACH_2(X, v) X(9, v) X(10, v) X(11, v) X(12, v)
#define EACH_4(X, v) EACH_3(X, v) X(13, v) X(14, v)
EACH_4(TILE, 1)
EACH_3(TILE, 2)
EACH_2(TILE, 3)
EACH_1(TILE, 4)

#define ENTRY(rows, vectors) [rows - 1] = tile_##rows##x##vectors,
static void (*const tiles[HT_BYTE_VECTORS][HT_BYTE_MOST_ROWS])(const ht_byte_tile *) = {
    {EACH_4(ENTRY, 1)}, {EACH_3(ENTRY, 2)}, {EACH_2(ENTRY, 3)}, {EACH_1(ENTRY, 4)}};

static void any_tile(const ht_byte_tile *t, int rows) {
    tiles[(t->columns + HT_BYTE_LANES - 1) / HT_BYTE_LANES - 1][rows - 1](t);
}

VNNI static void copy(uint8_t *to, const uint8_t *from, int64_t from_step, int64_t lines, int64_t bytes, uint8_t flip) {
    __m512i flips = _mm512_set1_epi8((char)flip);
    int64_t whole = (bytes - 1) / 64 * 64;
    __mmask64 rest = ~(__mmask64)0 >> (64 - (bytes - whole));
    for (int64_t i = 0; i < lines; ++i, from += from_step, to += bytes) {
        for (int64_t k = 0; k < whole; k += 64) {
            _mm512_storeu_si512(to + k, _mm512_xor_si512(_mm512_loadu_si512(from + k), flips));
        }
        /* Reads nothing behind the line; what it writes too much, the next line writes again. */
        _mm512_storeu_si512(to + whole, _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, from + whole), flips));
    }
}

const ht_byte_engine ht__byte_engine_avx512vnni = {.needs = UINT32_C(1) << HT_CPU_AVX512 | UINT32_C(1)
                                                                                               << HT_CPU_AVX512_VNNI,
                                                   .rows = {14, 12, 8, 6},
                                                   .tile = any_tile,
                                                   .copy = copy};
#endif
