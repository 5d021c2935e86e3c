/* Tiles of byte products with the matrix instructions of Armv8.6: smmla multiplies two rows of eight signed bytes with
 * two columns of eight and adds the products to a matrix of 2 x 2 sums. */
#include "kernels/byte_product.h"

#if defined(__aarch64__)
#include "cpu/features.h"
#include "kernels/byte_codes_neon.h"
#include "kernels/byte_tile.h"

#define I8MM __attribute__((target("arch=armv8.2-a+i8mm")))
#define GROUP 8
#define MOST_PAIRS 3 /* of rows: 24 matrices of sums, 3 vectors of x, some of weights of 32 registers */
#define MATRICES (HT_BYTE_LANES / 2)

/* The rows of a pair in their order; the last one of an odd number is its own partner. */
HT_NEON_INLINE int8x16_t load_pair(const ht_byte_tile *t, int rows, int pair, int64_t d) {
    const int8_t *x = (const int8_t *)t->x + 2 * pair * t->x_row + d;
    return vcombine_s8(vld1_s8(x), vld1_s8(2 * pair + 1 < rows ? x + t->x_row : x));
}

/* Stores the rows of a pair, sixteen columns from `column` on. */
HT_NEON_INLINE void finish_pair(const ht_byte_tile *t, int rows, int pair, int64_t column,
                                const int32x4_t sums[MATRICES]) {
    int32x4_t row[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
        row[v] = vcombine_s32(vget_low_s32(sums[2 * v]), vget_low_s32(sums[2 * v + 1]));
    }
    ht__neon_finish(t, 2 * pair, column, row);
    if (2 * pair + 1 == rows) {
        return;
    }
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
        row[v] = vcombine_s32(vget_high_s32(sums[2 * v]), vget_high_s32(sums[2 * v + 1]));
    }
    ht__neon_finish(t, 2 * pair + 1, column, row);
}

I8MM static inline __attribute__((always_inline)) void block(const ht_byte_tile *t, int rows, int vectors,
                                                             int64_t column, int64_t width) {
    const int8_t *w = t->weights + column * GROUP;
    const int pairs = (rows + 1) / 2;
    int32x4_t sums[MOST_PAIRS][MATRICES * HT_BYTE_VECTORS];
#pragma GCC unroll 3
    for (int p = 0; p < pairs; ++p) {
#pragma GCC unroll 32
        for (int m = 0; m < MATRICES * vectors; ++m) {
            int32x2_t starts = vld1_s32(t->terms.starts + column + 2 * m);
            sums[p][m] = vcombine_s32(starts, starts);
        }
    }
    for (int64_t d = 0; d < t->depth; d += GROUP, w += width * GROUP) {
        int8x16_t x[MOST_PAIRS];
#pragma GCC unroll 3
        for (int p = 0; p < pairs; ++p) {
            x[p] = load_pair(t, rows, p, d);
        }
#pragma GCC unroll 32
        for (int m = 0; m < MATRICES * vectors; ++m) {
            HT_NEON_KEEP_ORDER();
            int8x16_t weights = vld1q_s8(w + 2 * GROUP * m);
#pragma GCC unroll 3
            for (int p = 0; p < pairs; ++p) {
                sums[p][m] = vmmlaq_s32(sums[p][m], x[p], weights);
            }
        }
    }
#pragma GCC unroll 3
    for (int p = 0; p < pairs; ++p) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            finish_pair(t, rows, p, column + v * HT_BYTE_LANES, &sums[p][v * MATRICES]);
        }
    }
}

HT_BYTE_TILE(I8MM, 1, 2)
HT_BYTE_TILE(I8MM, 2, 2)
HT_BYTE_TILE(I8MM, 3, 1)
HT_BYTE_TILE(I8MM, 4, 1)
HT_BYTE_TILE(I8MM, 5, 1)
HT_BYTE_TILE(I8MM, 6, 1)

static int64_t round_depth(int64_t depth) { return ht__byte_round(depth, GROUP); }

static void tile(const ht_byte_tile *t, int rows) {
    static void (*const tiles[2 * MOST_PAIRS])(const ht_byte_tile *) = {tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
    tiles[rows - 1](t);
}

const ht_byte_engine ht__byte_engine_neon_i8mm = {
    .needs = HT_CPU_BIT(HT_CPU_I8MM),
    .takes_signed = true,
    .group = GROUP,
    .rows = {2 * MOST_PAIRS, 2 * MOST_PAIRS, 2 * MOST_PAIRS, 2 * MOST_PAIRS},
    .round_depth = round_depth,
    .tile = tile,
    .copy = ht__byte_copy_lines};
#endif
