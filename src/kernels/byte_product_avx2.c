/* Tiles of byte products with AVX2. Its multiplication of bytes adds pairs of products in 16 bits, with saturation.
 * Groups of weights so small that no pair can saturate are multiplied so; of the others, which are marked, bytes at
 * even and at odd places are widened to 16 bits each. Both are exact. */
#include "kernels/byte_product.h"

#if defined(__x86_64__)
#include "cpu/features.h"
#include "kernels/byte_codes_avx2.h"
#include "kernels/byte_tile.h"

#define MOST_ROWS 4                           /* 8 sums, 4 vectors of weights, 2 of x, a product: 15 of 16 registers */
#define CHUNK (HT_BYTE_LANES * HT_BYTE_GROUP) /* bytes of weights: a group of a vector of columns */

/* ---- marks ---- */

/* Can no pair of neighbouring products leave 16 bits? 255 times the sum of weights of one sign. */
static bool is_tame(const int8_t *chunk) {
    for (int i = 0; i < CHUNK; i += 2) {
        int a = chunk[i], b = chunk[i + 1];
        int above = (a > 0 ? a : 0) + (b > 0 ? b : 0), below = (a < 0 ? a : 0) + (b < 0 ? b : 0);
        if (UINT8_MAX * above > INT16_MAX || UINT8_MAX * below < INT16_MIN) {
            return false;
        }
    }
    return true;
}

/* A run of groups of one kind costs a branch that is hard to foresee: where many are wild, all count as such. */
#define MANY 4 /* one of so many */

static void mark_vector(const int8_t *weights, int64_t step, int64_t groups, uint64_t *marks) {
    int64_t wild = 0;
    for (int64_t g = 0; g < groups; ++g) {
        uint64_t bit = is_tame(weights + g * step) ? 0 : 1;
        marks[g / 64] |= bit << g % 64;
        wild += (int64_t)bit;
    }
    if (wild * MANY >= groups) {
        memset(marks, 0xFF, (size_t)(groups + 63) / 64 * sizeof *marks);
    }
}

static void mark(ht_byte_weights *w) {
    for (int64_t column = 0; column < w->columns; column += HT_BYTE_LANES) {
        int64_t panel = column / HT_BYTE_PANEL * HT_BYTE_PANEL, left = w->columns - panel;
        int64_t width = left < HT_BYTE_PANEL ? left : HT_BYTE_PANEL;
        mark_vector(w->packed + panel * w->depth + (column - panel) * HT_BYTE_GROUP, width * HT_BYTE_GROUP,
                    w->depth / HT_BYTE_GROUP, w->marks + column / HT_BYTE_LANES * w->marks_each);
    }
}

/* ---- tiles ---- */

/* Four bytes of a row, to every column. */
HT_AVX2_INLINE __m256i load_group(const ht_byte_tile *t, int row, int64_t group) {
    int32_t four;
    memcpy(&four, t->x + row * t->x_row + group * HT_BYTE_GROUP, sizeof four);
    return _mm256_set1_epi32(four);
}

/* sums + the products of four bytes of x with four of each column, where no pair can saturate. */
HT_AVX2_INLINE __m256i add_tame(__m256i sums, __m256i x, __m256i weights) {
    __m256i pairs = _mm256_maddubs_epi16(x, weights);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* The same, from bytes 0 and 2 and bytes 1 and 3 in 16 bits each. */
HT_AVX2_INLINE __m256i add_wild(__m256i sums, __m256i x_even, __m256i x_odd, const __m256i weights[2]) {
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(x_even, weights[0]));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(x_odd, weights[1]));
}

/* Groups begin .. end - 1, of which none is marked. */
HT_AVX2_INLINE void tame_groups(const ht_byte_tile *t, int rows, const int8_t *w, int64_t step, int64_t begin,
                                int64_t end, __m256i sums[MOST_ROWS][2]) {
    for (int64_t g = begin; g < end; ++g) {
        const int8_t *chunk = w + g * step;
        __m256i first = _mm256_loadu_si256((const void *)chunk),
                second = _mm256_loadu_si256((const void *)(chunk + 32));
#pragma GCC unroll 4
        for (int r = 0; r < rows; ++r) {
            __m256i x = load_group(t, r, g);
            sums[r][0] = add_tame(sums[r][0], x, first);
            sums[r][1] = add_tame(sums[r][1], x, second);
        }
    }
}

/* Any groups. */
HT_AVX2_INLINE void wild_groups(const ht_byte_tile *t, int rows, const int8_t *w, int64_t step, int64_t begin,
                                int64_t end, __m256i sums[MOST_ROWS][2]) {
    const __m256i low_bytes = _mm256_set1_epi16(0xFF);
    for (int64_t g = begin; g < end; ++g) {
        __m256i weights[2][2]; /* by eight columns: bytes 0 and 2, bytes 1 and 3 */
#pragma GCC unroll 2
        for (int v = 0; v < 2; ++v) {
            __m256i bytes = _mm256_loadu_si256((const void *)(w + g * step + v * 32));
            weights[v][0] = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
            weights[v][1] = _mm256_srai_epi16(bytes, 8);
        }
#pragma GCC unroll 4
        for (int r = 0; r < rows; ++r) {
            __m256i x = load_group(t, r, g);
            __m256i x_even = _mm256_and_si256(x, low_bytes), x_odd = _mm256_srli_epi16(x, 8);
            sums[r][0] = add_wild(sums[r][0], x_even, x_odd, weights[0]);
            sums[r][1] = add_wild(sums[r][1], x_even, x_odd, weights[1]);
        }
    }
}

/* How many of the bits from `first` on are alike `marked`, at most `most`. */
static inline int64_t run_of(uint64_t marks, bool marked, int64_t first, int64_t most) {
    uint64_t other = (marked ? ~marks : marks) >> first;
    int64_t run = other != 0 ? __builtin_ctzll(other) : most;
    return run < most ? run : most;
}

/* `vectors` is 1: there are registers for no more. */
HT_AVX2_INLINE void block(const ht_byte_tile *t, int rows, int vectors, int64_t column, int64_t width) {
    (void)vectors;
    const uint64_t *marks = t->marks + column / HT_BYTE_LANES * t->marks_each;
    const int8_t *w = t->weights + column * HT_BYTE_GROUP;
    int64_t step = width * HT_BYTE_GROUP, groups = t->depth / HT_BYTE_GROUP;
    __m256i sums[MOST_ROWS][2];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
        sums[r][0] = _mm256_loadu_si256((const void *)(t->terms.starts + column));
        sums[r][1] = _mm256_loadu_si256((const void *)(t->terms.starts + column + 8));
    }
    for (int64_t g = 0; g < groups;) {
        int64_t word_end = g / 64 * 64 + 64, end = word_end < groups ? word_end : groups;
        int64_t tame = g + run_of(marks[g / 64], false, g % 64, end - g);
        tame_groups(t, rows, w, step, g, tame, sums);
        g = tame;
        if (g < end) {
            int64_t wild = g + run_of(marks[g / 64], true, g % 64, end - g);
            wild_groups(t, rows, w, step, g, wild, sums);
            g = wild;
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
                                             .mark = mark,
                                             .tile = tile,
                                             .copy = ht__byte_copy_lines};
#endif
