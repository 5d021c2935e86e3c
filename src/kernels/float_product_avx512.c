/* Tiles of f32 products with AVX-512: up to 28 vectors of sums in registers; each step multiplies one column of x with
 * two vectors of weights. */
#include "kernels/float_product.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu/features.h"

#define LANES 16
#define MOST_ROWS 14
#define STREAMS 4
#define AHEAD 512 /* floats of weights that are asked for ahead of time */
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define AVX512_INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl")))

/* A mask of the columns of vector v. */
static inline __mmask16 columns_of(int64_t columns, int v) {
    int64_t left = columns - v * LANES;
    return (__mmask16)(left >= LANES ? 0xFFFF : left > 0 ? (1 << left) - 1 : 0);
}

/* All loops have constant bounds once this is inlined, so that the sums become registers. */
AVX512_INLINE void tile(const ht_float_tile *t, int rows, int vectors) {
    __m512 sums[MOST_ROWS][HT_FLOAT_VECTORS];
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            sums[r][v] = t->adds ? _mm512_maskz_loadu_ps(columns_of(t->columns, v), t->y + r * t->y_row + v * LANES)
                                 : _mm512_setzero_ps();
        }
    }
    const float *x = t->x, *w = t->weights, *end = x + t->depth;
    for (; x != end; ++x, w += vectors * LANES) {
        __m512 weights[HT_FLOAT_VECTORS];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            weights[v] = _mm512_loadu_ps(w + v * LANES);
            _mm_prefetch((const char *)(w + v * LANES + AHEAD), _MM_HINT_T0);
        }
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            __m512 row = _mm512_set1_ps(x[r * HT_FLOAT_ROW_STEP]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                sums[r][v] = _mm512_fmadd_ps(row, weights[v], sums[r][v]);
            }
        }
    }
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            _mm512_mask_storeu_ps(t->y + r * t->y_row + v * LANES, columns_of(t->columns, v), sums[r][v]);
        }
    }
}

/* One row. The depth is read in four parts side by side, since memory is faster in four streams than in one. */
AVX512_INLINE void one_row(const ht_float_tile *t, int vectors) {
    __m512 sums[STREAMS][HT_FLOAT_VECTORS];
    int64_t part = t->depth / STREAMS, step = vectors * LANES;
    const float *x = t->x, *w = t->weights;
#pragma GCC unroll 4
    for (int s = 0; s < STREAMS; ++s) {
        sums[s][0] = sums[s][1] = _mm512_setzero_ps();
    }
    for (int64_t d = 0; d < part; ++d, w += step) {
#pragma GCC unroll 4
        for (int s = 0; s < STREAMS; ++s) {
            __m512 row = _mm512_set1_ps(x[s * part + d]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) {
                sums[s][v] = _mm512_fmadd_ps(row, _mm512_loadu_ps(w + s * part * step + v * LANES), sums[s][v]);
            }
        }
    }
    w += (STREAMS - 1) * part * step;
    for (int64_t d = STREAMS * part; d < t->depth; ++d, w += step) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            sums[0][v] = _mm512_fmadd_ps(_mm512_set1_ps(x[d]), _mm512_loadu_ps(w + v * LANES), sums[0][v]);
        }
    }
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) {
        __m512 sum = _mm512_add_ps(_mm512_add_ps(sums[0][v], sums[1][v]), _mm512_add_ps(sums[2][v], sums[3][v]));
        _mm512_mask_storeu_ps(t->y + v * LANES, columns_of(t->columns, v), sum);
    }
}

AVX512 static void row(const ht_float_tile *t) {
    if (t->columns > LANES) {
        one_row(t, 2);
    } else {
        one_row(t, 1);
    }
}

#define TILE(rows, vectors) \
    AVX512 static void tile_##rows##x##vectors(const ht_float_tile *t) { tile(t, rows, vectors); }
#define EACH(X, v) \
    X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v) X(7, v) X(8, v) X(9, v) X(10, v) X(11, v) X(12, v) X(13, v) X(14, v)
EACH(TILE, 1)
EACH(TILE, 2)

#define ENTRY(rows, vectors) [rows - 1] = tile_##rows##x##vectors,
static void (*const tiles[HT_FLOAT_VECTORS][MOST_ROWS])(const ht_float_tile *) = {{EACH(ENTRY, 1)}, {EACH(ENTRY, 2)}};

static void any_tile(const ht_float_tile *t, int rows) { tiles[t->columns > LANES ? 1 : 0][rows - 1](t); }

const ht_float_engine ht__float_engine_avx512 = {
    .needs = HT_CPU_BIT(HT_CPU_AVX512), .lanes = LANES, .most_rows = MOST_ROWS, .tile = any_tile, .row = row};
#endif
