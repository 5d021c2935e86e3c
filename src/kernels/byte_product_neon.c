/* Tiles of byte products with the NEON that every 64-bit Arm has: bytes are multiplied to 16 bits, and neighbouring
 * products added to sums of 32. A column has two sums, of its even and its odd pairs of products, until the end. */
#include "kernels/byte_product.h"

#if defined(__aarch64__)
#include "cpu/features.h"
#include "kernels/byte_codes_neon.h"
#include "kernels/byte_tile.h"

#define MOST_ROWS 3 /* 24 vectors of sums, 3 of x, one of weights, two of products: 30 of 32 registers */
#define PAIRS 8     /* vectors of two columns */

HT_NEON_INLINE void add_products(int32x4_t sums[2], int8x16_t weights, int8x16_t x) {
    sums[0] = vpadalq_s16(sums[0], vmull_s8(vget_low_s8(weights), vget_low_s8(x)));
    sums[1] = vpadalq_s16(sums[1], vmull_high_s8(weights, x));
}

/* `vectors` is 1: there are registers for no more. */
HT_NEON_INLINE void block(const ht_byte_tile *t, int rows, int vectors, int64_t column, int64_t width) {
    (void)vectors;
    const int8_t *w = t->weights + column * HT_BYTE_GROUP;
    int32x4_t sums[MOST_ROWS][PAIRS];
#pragma GCC unroll 3
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < PAIRS; ++v) {
            sums[r][v] = vdupq_n_s32(0);
        }
    }
    for (int64_t d = 0; d < t->depth; d += HT_BYTE_GROUP, w += width * HT_BYTE_GROUP) {
        int8x16_t x[MOST_ROWS];
#pragma GCC unroll 3
        for (int r = 0; r < rows; ++r) {
            int32_t four;
            memcpy(&four, t->x + r * t->x_row + d, sizeof four);
            x[r] = vreinterpretq_s8_s32(vdupq_n_s32(four));
        }
#pragma GCC unroll 4
        for (int v = 0; v < PAIRS; v += 2) {
            HT_NEON_KEEP_ORDER();
            int8x16_t weights = vld1q_s8(w + 8 * v);
#pragma GCC unroll 3
            for (int r = 0; r < rows; ++r) {
                add_products(&sums[r][v], weights, x[r]);
            }
        }
    }
#pragma GCC unroll 3
    for (int r = 0; r < rows; ++r) {
        int32x4_t whole[PAIRS / 2];
#pragma GCC unroll 4
        for (int v = 0; v < PAIRS / 2; ++v) {
            int32x4_t starts = vld1q_s32(t->terms.starts + column + 4 * v);
            whole[v] = vaddq_s32(starts, vpaddq_s32(sums[r][2 * v], sums[r][2 * v + 1]));
        }
        ht__neon_finish(t, r, column, whole);
    }
}

HT_BYTE_TILE(, 1, 1)
HT_BYTE_TILE(, 2, 1)
HT_BYTE_TILE(, 3, 1)

static void tile(const ht_byte_tile *t, int rows) {
    static void (*const tiles[MOST_ROWS])(const ht_byte_tile *) = {tile_1, tile_2, tile_3};
    tiles[rows - 1](t);
}

const ht_byte_engine ht__byte_engine_neon = {.needs = HT_CPU_BIT(HT_CPU_NEON),
                                             .takes_signed = true,
                                             .group = HT_BYTE_GROUP,
                                             .rows = {MOST_ROWS, MOST_ROWS, MOST_ROWS, MOST_ROWS},
                                             .round_depth = ht__byte_round_depth,
                                             .tile = tile,
                                             .copy = ht__byte_copy_lines};
#endif
