/* Tiles of byte products with AMX: a processor's tile register holds 16 rows of 64 bytes, and one instruction
 * multiplies 16 rows of x by 16 columns of weights, 64 deep. Four registers hold the sums of 32 rows by 32 columns, two
 * rows of x, two columns of weights.
 *
 * Weights lie in memory as the instruction wants them: the packed panel is rows of four bytes of each column. Signed
 * codes of x are taken as they are. */
#include "kernels/byte_product.h"

#if defined(__x86_64__)
#include "cpu/features.h"
#include "kernels/byte_codes_avx512.h"

#define ROWS 16           /* of a tile register */
#define LINE 64           /* bytes of its rows */
#define AHEAD (16 * 1024) /* bytes of weights */
#define HT_AMX __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define HT_AMX_INLINE \
    static inline     \
        __attribute__((always_inline, target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

/* Sums of up to 32 rows by a panel, on their way from the tile registers to codes. */
typedef struct sums_buffer {
    _Alignas(LINE) int32_t of[2 * ROWS][HT_BYTE_PANEL];
} sums_buffer;

/* The depth is cut into equal steps of at most a row of a register. */
static int64_t steps_of(int64_t depth) { return (depth + LINE - 1) / LINE; }
static int64_t step_of(int64_t depth) { return ht__byte_round((depth + steps_of(depth) - 1) / steps_of(depth), 4); }
static int64_t round_depth(int64_t depth) { return steps_of(depth) * step_of(depth); }

/* Intel SDM volume 1, chapter 18: palette 1, then bytes of a row and rows of each register. */
typedef struct tile_shapes {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

HT_AMX static void begin(int64_t depth, int64_t rows) {
    tile_shapes shapes = {.palette = 1};
    for (int i = 0; i < 8; ++i) { /* 0 .. 3: sums; 4, 5: rows of x; 6, 7: columns of weights */
        bool weights = i >= 6, x = i == 4 || i == 5;
        shapes.row_bytes[i] = (uint16_t)(x ? step_of(depth) : LINE);
        shapes.rows[i] = (uint8_t)(weights ? step_of(depth) / HT_BYTE_GROUP : rows < ROWS ? rows : ROWS);
    }
    __asm__ volatile("" : : "r"(&shapes) : "memory"); /* GCC's own says that it reads 8 of the 64 bytes */
    _tile_loadconfig(&shapes);
}

HT_AMX static void end(void) { _tile_release(); }

#define MULTIPLY(sums, x, w)          \
    do {                              \
        if (is_signed) {              \
            _tile_dpbssd(sums, x, w); \
        } else {                      \
            _tile_dpbusd(sums, x, w); \
        }                             \
    } while (false)

/* Sums of one or two registers of rows, from x and x + second on, by one or two of columns. The first rows of a panel
 * bring its weights: they are asked for ahead of time, since the processor does not foresee what tiles will load. */
HT_AMX_INLINE void multiply(const ht_byte_tile *t, const uint8_t *x, int64_t second, const int8_t *w, int64_t w_row,
                            bool two_rows, bool two_columns, bool is_signed, bool is_first, int32_t *sums,
                            int64_t second_sums) {
    int64_t step = step_of(t->depth), lines = step / HT_BYTE_GROUP * w_row / LINE;
    const int8_t *wanted = t->weights + AHEAD;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t d = 0; d < t->depth; d += step, w += step / HT_BYTE_GROUP * w_row, wanted += lines * LINE) {
        for (int64_t i = 0; is_first && i < lines; ++i) {
            _mm_prefetch((const char *)(wanted + i * LINE), _MM_HINT_T1);
        }
        _tile_loadd(6, w, w_row);
        _tile_loadd(4, x + d, t->x_row);
        MULTIPLY(0, 4, 6);
        if (two_columns) {
            _tile_loadd(7, w + LINE, w_row);
            MULTIPLY(1, 4, 7);
        }
        if (two_rows) {
            _tile_loadd(5, x + second + d, t->x_row);
            MULTIPLY(2, 5, 6);
            if (two_columns) {
                MULTIPLY(3, 5, 7);
            }
        }
    }
    const int64_t stride = HT_BYTE_PANEL * sizeof(int32_t);
    _tile_stored(0, sums, stride);
    if (two_columns) {
        _tile_stored(1, sums + HT_BYTE_LANES, stride);
    }
    if (two_rows) {
        _tile_stored(2, sums + second_sums, stride);
        if (two_columns) {
            _tile_stored(3, sums + second_sums + HT_BYTE_LANES, stride);
        }
    }
}

/* `count` rows of codes or sums from the buffer. */
HT_AMX_INLINE void finish(const ht_byte_tile *t, const int32_t *sums, int64_t row, int64_t count, ht_byte_ending ending,
                          bool whole) {
    int vectors = whole ? HT_BYTE_VECTORS : (int)((t->columns + HT_BYTE_LANES - 1) / HT_BYTE_LANES);
    for (int64_t r = 0; r < count; ++r, sums += HT_BYTE_PANEL) {
        __m512i part[HT_BYTE_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < HT_BYTE_VECTORS; ++v) {
            if (v >= vectors) {
                part[v] = _mm512_setzero_si512();
                continue;
            }
            __m512i sum = _mm512_add_epi32(_mm512_load_si512(sums + v * HT_BYTE_LANES),
                                           _mm512_loadu_si512(t->terms.starts + v * HT_BYTE_LANES));
            if (ending == HT_BYTE_SUMS) {
                _mm512_storeu_si512((int32_t *)t->y + (row + r) * t->y_row + v * HT_BYTE_LANES, sum);
            } else {
                part[v] = ht__scale(&t->terms, ending == HT_BYTE_FIXED, sum, v);
            }
        }
        if (ending != HT_BYTE_SUMS) {
            ht__store_codes(&t->terms, part, t->columns, (uint8_t *)t->y + (row + r) * t->y_row);
        }
    }
}

HT_AMX_INLINE void finish_any(const ht_byte_tile *t, const int32_t *sums, int64_t row, int64_t count) {
    if (t->terms.ending == HT_BYTE_FLOAT && t->columns == HT_BYTE_PANEL) {
        finish(t, sums, row, count, HT_BYTE_FLOAT, true);
    } else if (t->terms.ending == HT_BYTE_FLOAT) {
        finish(t, sums, row, count, HT_BYTE_FLOAT, false);
    } else if (t->terms.ending == HT_BYTE_FIXED) {
        finish(t, sums, row, count, HT_BYTE_FIXED, false);
    } else {
        finish(t, sums, row, count, HT_BYTE_SUMS, false);
    }
}

/* All rows by all columns of the panel. The last registers of rows begin early enough to be full: some results are
 * computed twice, to the same values. */
HT_AMX_INLINE void rows_by_panel(const ht_byte_tile *t, int64_t rows, bool is_signed) {
    sums_buffer buffer;
    int64_t high = rows < ROWS ? rows : ROWS, columns = ht__byte_round(t->columns, HT_BYTE_LANES), w_row = columns * 4;
    for (int64_t r = 0; r < rows; r += 2 * high) {
        bool two = rows - r > high;
        int64_t first = two ? r : rows - high, next = two ? (rows - r < 2 * high ? rows - high : r + high) : first;
        int64_t apart = next - first;
        const uint8_t *x = t->x + first * t->x_row;
        for (int64_t c = 0; c < columns; c += 2 * HT_BYTE_LANES) {
            bool wide = columns - c > HT_BYTE_LANES;
            const int8_t *w = t->weights + c * HT_BYTE_GROUP;
            int32_t *sums = &buffer.of[0][c];
            bool is_first = r == 0 && c == 0;
            if (two && wide) {
                multiply(t, x, apart * t->x_row, w, w_row, true, true, is_signed, is_first, sums,
                         apart * HT_BYTE_PANEL);
            } else if (two) {
                multiply(t, x, apart * t->x_row, w, w_row, true, false, is_signed, is_first, sums,
                         apart * HT_BYTE_PANEL);
            } else if (wide) {
                multiply(t, x, 0, w, w_row, false, true, is_signed, is_first, sums, 0);
            } else {
                multiply(t, x, 0, w, w_row, false, false, is_signed, is_first, sums, 0);
            }
        }
        finish_any(t, &buffer.of[0][0], first, apart + high);
    }
}

HT_AMX static void tile(const ht_byte_tile *t, int rows) {
    if (t->x_is_signed) {
        rows_by_panel(t, rows, true);
    } else {
        rows_by_panel(t, rows, false);
    }
}

const ht_byte_engine ht__byte_engine_amx = {
    .needs = HT_CPU_BIT(HT_CPU_AMX_INT8) | HT_VNNI_NEEDS,
    .least_rows = ROWS,
    .takes_signed = true,
    .takes_unsigned = true,
    .group = HT_BYTE_GROUP,
    .rows = {HT_BYTE_MOST_ROWS, HT_BYTE_MOST_ROWS, HT_BYTE_MOST_ROWS, HT_BYTE_MOST_ROWS},
    .round_depth = round_depth,
    .begin = begin,
    .end = end,
    .tile = tile,
    .copy = ht__byte_copy_avx512};
#endif
