/* Tiles of byte products with AVX-VNNI: the instruction of AVX-512 VNNI in 256-bit vectors, for processors without
 * AVX-512. */
#include "kernels/byte_product.h"

#if defined(__x86_64__)
#include "cpu/features.h"
#include "kernels/byte_codes_avx2.h"
#include "kernels/byte_tile.h"

#define AVX_VNNI __attribute__((target("avx2,avxvnni")))
#define MOST_ROWS 6 /* 12 sums, 2 vectors of weights, one of x: 15 of 16 registers */

AVX_VNNI static inline __attribute__((always_inline)) void block(const ht_byte_tile *t, int rows, int vectors,
                                                                 int64_t column, int64_t width) {
    const int8_t *w = t->weights + column * HT_BYTE_GROUP;
    __m256i sums[MOST_ROWS][2 * HT_BYTE_VECTORS];
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < 2 * vectors; ++v) {
            sums[r][v] = _mm256_loadu_si256((const void *)(t->terms.starts + column + v * 8));
        }
    }
    for (int64_t d = 0; d < t->depth; d += HT_BYTE_GROUP, w += width * HT_BYTE_GROUP) {
#pragma GCC unroll 6
        for (int r = 0; r < rows; ++r) {
            int32_t four;
            memcpy(&four, t->x + r * t->x_row + d, sizeof four);
            __m256i x = _mm256_set1_epi32(four);
#pragma GCC unroll 8
            for (int v = 0; v < 2 * vectors; ++v) {
                sums[r][v] = _mm256_dpbusd_avx_epi32(sums[r][v], x, _mm256_loadu_si256((const void *)(w + v * 32)));
            }
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            ht__avx2_finish(t, r, column + v * HT_BYTE_LANES, sums[r][2 * v], sums[r][2 * v + 1]);
        }
    }
}

HT_BYTE_TILE(AVX_VNNI, 1, 4)
HT_BYTE_TILE(AVX_VNNI, 2, 2)
HT_BYTE_TILE(AVX_VNNI, 3, 2)
HT_BYTE_TILE(AVX_VNNI, 4, 1)
HT_BYTE_TILE(AVX_VNNI, 5, 1)
HT_BYTE_TILE(AVX_VNNI, 6, 1)

static void tile(const ht_byte_tile *t, int rows) {
    static void (*const tiles[MOST_ROWS])(const ht_byte_tile *) = {tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
    tiles[rows - 1](t);
}

const ht_byte_engine ht__byte_engine_avxvnni = {.needs = HT_CPU_BIT(HT_CPU_AVX2) | HT_CPU_BIT(HT_CPU_AVX_VNNI),
                                                .takes_unsigned = true,
                                                .group = HT_BYTE_GROUP,
                                                .rows = {MOST_ROWS, MOST_ROWS, MOST_ROWS, MOST_ROWS},
                                                .round_depth = ht__byte_round_depth,
                                                .tile = tile,
                                                .copy = ht__byte_copy_lines};
#endif
