/* Tiles of byte products with AVX-512 VNNI: up to 24 accumulators in registers, each step multiplies four bytes of
 * every row with four of every column. */
#include "kernels/byte_product.h"

#if defined(__x86_64__)
#include "kernels/byte_codes_avx512.h"

#define MOST_ROWS 14

/* Codes of sums that have left the registers: the long arithmetic of the fixed rule is not worth a copy per tile. */
HT_VNNI static void finish_fixed(const ht_byte_tile *t, const int32_t *sums, int rows, int vectors) {
    for (int r = 0; r < rows; ++r, sums += HT_BYTE_PANEL) {
        __m512i part[HT_BYTE_VECTORS];
        for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
            part[v] = v < vectors ? ht__scale(&t->terms, true, _mm512_loadu_si512(sums + v * HT_BYTE_LANES), v)
                                  : _mm512_setzero_si512();
        }
        ht__store_codes(&t->terms, part, t->columns, (uint8_t *)t->y + r * t->y_row);
    }
}

/* `columns` codes of one row. */
HT_VNNI_INLINE void store_codes(const ht_byte_tile *t, const __m512i *sums, int vectors, int row) {
    __m512i part[HT_BYTE_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
        part[v] = v < vectors ? ht__scale(&t->terms, false, sums[v], v) : _mm512_setzero_si512();
    }
    ht__store_codes(&t->terms, part, t->columns, (uint8_t *)t->y + row * t->y_row);
}

/* All loops have constant bounds once this is inlined, so that the accumulators become registers. */
HT_VNNI_INLINE void tile(const ht_byte_tile *t, int rows, int vectors) {
    __m512i sums[MOST_ROWS][HT_BYTE_VECTORS];
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            sums[r][v] = _mm512_loadu_si512(t->terms.starts + v * HT_BYTE_LANES);
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
    if (t->terms.ending == HT_BYTE_FLOAT) {
#pragma GCC unroll 14
        for (int r = 0; r < rows; ++r) {
            store_codes(t, sums[r], vectors, r);
        }
        return;
    }
    int32_t buffer[MOST_ROWS * HT_BYTE_PANEL];
    bool fixed = t->terms.ending == HT_BYTE_FIXED;
    int32_t *to = fixed ? buffer : t->y;
    int64_t to_row = fixed ? HT_BYTE_PANEL : t->y_row;
#pragma GCC unroll 14
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            _mm512_storeu_si512(to + r * to_row + v * HT_BYTE_LANES, sums[r][v]);
        }
    }
    if (fixed) {
        finish_fixed(t, buffer, rows, vectors);
    }
}

#define TILE(rows, vectors) \
    HT_VNNI static void tile_##rows##x##vectors(const ht_byte_tile *t) { tile(t, rows, vectors); }
#define EACH_6(X, v) X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v)
#define EACH_8(X, v) EACH_6(X, v) X(7, v) X(8, v)
#define EACH_12(X, v) EACH_8(X, v) X(9, v) X(10, v) X(11, v) X(12, v)
#define EACH_14(X, v) EACH_12(X, v) X(13, v) X(14, v)
EACH_14(TILE, 1)
EACH_12(TILE, 2)
EACH_8(TILE, 3)
EACH_6(TILE, 4)

#define ENTRY(rows, vectors) [rows - 1] = tile_##rows##x##vectors,
static void (*const tiles[HT_BYTE_VECTORS][MOST_ROWS])(const ht_byte_tile *) = {
    {EACH_14(ENTRY, 1)}, {EACH_12(ENTRY, 2)}, {EACH_8(ENTRY, 3)}, {EACH_6(ENTRY, 4)}};

static void any_tile(const ht_byte_tile *t, int rows) {
    tiles[(t->columns + HT_BYTE_LANES - 1) / HT_BYTE_LANES - 1][rows - 1](t);
}

HT_VNNI void ht__byte_copy_avx512(const ht_byte_copy *c, uint8_t *to, const uint8_t *from) {
    __m512i flips = _mm512_set1_epi8((char)c->flip);
    int64_t whole = (c->bytes - 1) / 64 * 64;
    __mmask64 rest = ht__low_bits(c->bytes - whole);
    for (int64_t b = 0; b < c->blocks; ++b, from += c->from_block, to += c->to_block) {
        const uint8_t *line = from;
        uint8_t *at = to;
        for (int64_t i = 0; i < c->lines; ++i, line += c->from_line, at += c->to_line) {
            for (int64_t k = 0; k < whole; k += 64) {
                _mm512_storeu_si512(at + k, _mm512_xor_si512(_mm512_loadu_si512(line + k), flips));
            }
            _mm512_mask_storeu_epi8(at + whole, rest,
                                    _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, line + whole), flips));
        }
    }
}

const ht_byte_engine ht__byte_engine_avx512vnni = {.needs = HT_VNNI_NEEDS,
                                                   .takes_unsigned = true,
                                                   .group = HT_BYTE_GROUP,
                                                   .rows = {14, 12, 8, 6},
                                                   .tile = any_tile,
                                                   .round_depth = ht__byte_round_depth,
                                                   .copy = ht__byte_copy_avx512};
#endif
