/* Tiles of byte products with AVX2. Its multiplication of bytes saturates, so bytes at even and at odd places are
 * widened to 16 bits each, multiplied and added in pairs: exact for all codes and weights. */
#include "kernels/byte_product.h"

#if defined(__x86_64__)
#include "cpu/features.h"
#include "kernels/byte_codes_avx2.h"
#include "kernels/byte_tile.h"

#define MOST_ROWS 4 /* 8 sums, 4 vectors of weights, 2 of x, a product: 15 of 16 registers */

/* The sums of eight columns + the products of four bytes each. */
HT_AVX2_INLINE __m256i add_products(__m256i sums, const __m256i weights[2], __m256i x_even, __m256i x_odd) {
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(x_even, weights[0]));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(x_odd, weights[1]));
}

/* `vectors` is 1: there are registers for no more. */
HT_AVX2_INLINE void block(const ht_byte_tile *t, int rows, int vectors, int64_t column, int64_t width) {
    (void)vectors;
    const int8_t *w = t->weights + column * HT_BYTE_GROUP;
    const __m256i low_bytes = _mm256_set1_epi16(0xFF);
    __m256i sums[MOST_ROWS][2];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
        sums[r][0] = _mm256_loadu_si256((const void *)(t->terms.starts + column));
        sums[r][1] = _mm256_loadu_si256((const void *)(t->terms.starts + column + 8));
    }
    for (int64_t d = 0; d < t->depth; d += HT_BYTE_GROUP, w += width * HT_BYTE_GROUP) {
        __m256i weights[2][2]; /* by eight columns: bytes 0 and 2, bytes 1 and 3 */
#pragma GCC unroll 2
        for (int v = 0; v < 2; ++v) {
            __m256i bytes = _mm256_loadu_si256((const void *)(w + v * 32));
            weights[v][0] = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
            weights[v][1] = _mm256_srai_epi16(bytes, 8);
        }
#pragma GCC unroll 4
        for (int r = 0; r < rows; ++r) {
            int32_t four;
            memcpy(&four, t->x + r * t->x_row + d, sizeof four);
            __m256i x = _mm256_set1_epi32(four);
            __m256i x_even = _mm256_and_si256(x, low_bytes), x_odd = _mm256_srli_epi16(x, 8);
            sums[r][0] = add_products(sums[r][0], weights[0], x_even, x_odd);
            sums[r][1] = add_products(sums[r][1], weights[1], x_even, x_odd);
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
        ht__avx2_finish(t, r, column, sums[r][0], sums[r][1]);
    }
}

HT_BYTE_TILE(HT_AVX2, 1, 1)
HT_BYTE_TILE(HT_AVX2, 2, 1)
HT_BYTE_TILE(HT_AVX2, 3, 1)
HT_BYTE_TILE(HT_AVX2, 4, 1)

static void tile(const ht_byte_tile *t, int rows) {
    static void (*const tiles[MOST_ROWS])(const ht_byte_tile *) = {tile_1, tile_2, tile_3, tile_4};
    tiles[rows - 1](t);
}

const ht_byte_engine ht__byte_engine_avx2 = {.needs = HT_CPU_BIT(HT_CPU_AVX2),
                                             .takes_unsigned = true,
                                             .group = HT_BYTE_GROUP,
                                             .rows = {MOST_ROWS, MOST_ROWS, MOST_ROWS, MOST_ROWS},
                                             .round_depth = ht__byte_round_depth,
                                             .tile = tile,
                                             .copy = ht__byte_copy_lines};
#endif
