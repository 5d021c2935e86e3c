/* Tiles of byte products with the dot product instructions of Armv8.2: sdot adds four products of signed bytes to each
 * of four sums. */
#include "kernels/byte_product.h"

#if defined(__aarch64__)
#include "cpu/features.h"
#include "kernels/byte_codes_neon.h"
#include "kernels/byte_tile.h"

#define DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define MOST_ROWS 6 /* 24 sums, 6 vectors of x, one of weights: 31 of 32 registers */
#define STEPS 4     /* groups of four bytes in a vector of x */

DOTPROD static inline __attribute__((always_inline)) void block(const ht_byte_tile *t, int rows, int vectors,
                                                                int64_t column, int64_t width) {
    const int8_t *w = t->weights + column * HT_BYTE_GROUP;
    const int64_t step = width * HT_BYTE_GROUP;
    int32x4_t sums[MOST_ROWS][4 * HT_BYTE_VECTORS];
    int8x16_t x[MOST_ROWS];
    int64_t d = 0;
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < 4 * vectors; ++v) {
            sums[r][v] = vld1q_s32(t->terms.starts + column + 4 * v);
        }
    }
    for (; d + STEPS * HT_BYTE_GROUP <= t->depth; d += STEPS * HT_BYTE_GROUP) {
#pragma GCC unroll 6
        for (int r = 0; r < rows; ++r) {
            x[r] = vld1q_s8((const int8_t *)t->x + r * t->x_row + d);
        }
#define STEP(lane)                                                         \
    _Pragma("GCC unroll 16") for (int v = 0; v < 4 * vectors; ++v) {       \
        HT_NEON_KEEP_ORDER();                                              \
        int8x16_t weights = vld1q_s8(w + 16 * v);                          \
        _Pragma("GCC unroll 6") for (int r = 0; r < rows; ++r) {           \
            sums[r][v] = vdotq_laneq_s32(sums[r][v], weights, x[r], lane); \
        }                                                                  \
    }                                                                      \
    w += step;
        STEP(0)
        STEP(1)
        STEP(2)
        STEP(3)
#undef STEP
    }
    for (; d < t->depth; d += HT_BYTE_GROUP, w += step) {
#pragma GCC unroll 6
        for (int r = 0; r < rows; ++r) {
            int32_t four;
            memcpy(&four, t->x + r * t->x_row + d, sizeof four);
            x[r] = vreinterpretq_s8_s32(vdupq_n_s32(four));
        }
#pragma GCC unroll 16
        for (int v = 0; v < 4 * vectors; ++v) {
#pragma GCC unroll 6
            for (int r = 0; r < rows; ++r) {
                sums[r][v] = vdotq_s32(sums[r][v], vld1q_s8(w + 16 * v), x[r]);
            }
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            ht__neon_finish(t, r, column + v * HT_BYTE_LANES, &sums[r][4 * v]);
        }
    }
}

HT_BYTE_TILE(DOTPROD, 1, 4)
HT_BYTE_TILE(DOTPROD, 2, 2)
HT_BYTE_TILE(DOTPROD, 3, 1)
HT_BYTE_TILE(DOTPROD, 4, 1)
HT_BYTE_TILE(DOTPROD, 5, 1)
HT_BYTE_TILE(DOTPROD, 6, 1)

static void tile(const ht_byte_tile *t, int rows) {
    static void (*const tiles[MOST_ROWS])(const ht_byte_tile *) = {tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
    tiles[rows - 1](t);
}

const ht_byte_engine ht__byte_engine_neon_dotprod = {.needs = HT_CPU_BIT(HT_CPU_DOTPROD),
                                                     .takes_signed = true,
                                                     .group = HT_BYTE_GROUP,
                                                     .rows = {MOST_ROWS, MOST_ROWS, MOST_ROWS, MOST_ROWS},
                                                     .round_depth = ht__byte_round_depth,
                                                     .tile = tile,
                                                     .copy = ht__byte_copy_lines};
#endif
