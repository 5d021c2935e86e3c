/* Tiles of f32 products with AVX2 and FMA: up to twelve vectors of sums in registers. */
#include "kernels/float_product.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu/features.h"

#define LANES 8
#define MOST_ROWS 6 /* 12 sums, 2 vectors of weights, one of x: 15 of 16 registers */
#define FMA __attribute__((target("avx2,fma")))
#define FMA_INLINE static inline __attribute__((always_inline, target("avx2,fma")))

/* A mask of the columns of vector v. */
FMA_INLINE __m256i columns_of(int64_t columns, int v) {
    int64_t left = columns - v * LANES;
    __m256i count = _mm256_set1_epi32((int)(left < LANES ? left : LANES));
    return _mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* All loops have constant bounds once this is inlined, so that the sums become registers. */
FMA_INLINE void tile(const ht_float_tile *t, int rows, int vectors) {
    __m256 sums[MOST_ROWS][HT_FLOAT_VECTORS];
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            sums[r][v] = t->adds ? _mm256_maskload_ps(t->y + r * t->y_row + v * LANES, columns_of(t->columns, v))
                                 : _mm256_setzero_ps();
        }
    }
    const float *x = t->x, *w = t->weights, *end = x + t->depth;
    for (; x != end; ++x, w += vectors * LANES) {
        __m256 weights[HT_FLOAT_VECTORS];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            weights[v] = _mm256_loadu_ps(w + v * LANES);
        }
#pragma GCC unroll 6
        for (int r = 0; r < rows; ++r) {
            __m256 row = _mm256_broadcast_ss(x + r * HT_FLOAT_ROW_STEP);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                sums[r][v] = _mm256_fmadd_ps(row, weights[v], sums[r][v]);
            }
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            float *y = t->y + r * t->y_row + v * LANES;
            if (t->columns >= (v + 1) * LANES) {
                _mm256_storeu_ps(y, sums[r][v]);
            } else {
                _mm256_maskstore_ps(y, columns_of(t->columns, v), sums[r][v]);
            }
        }
    }
}

#define TILE(rows, vectors) \
    FMA static void tile_##rows##x##vectors(const ht_float_tile *t) { tile(t, rows, vectors); }
#define EACH(X, v) X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v)
EACH(TILE, 1)
EACH(TILE, 2)

#define ENTRY(rows, vectors) [rows - 1] = tile_##rows##x##vectors,
static void (*const tiles[HT_FLOAT_VECTORS][MOST_ROWS])(const ht_float_tile *) = {{EACH(ENTRY, 1)}, {EACH(ENTRY, 2)}};

static void any_tile(const ht_float_tile *t, int rows) { tiles[t->columns > LANES ? 1 : 0][rows - 1](t); }

const ht_float_engine ht__float_engine_fma = {.needs = HT_CPU_BIT(HT_CPU_AVX2) | HT_CPU_BIT(HT_CPU_FMA),
                                              .lanes = LANES,
                                              .most_rows = MOST_ROWS,
                                              .tile = any_tile};
#endif
