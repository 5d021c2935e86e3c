/* Products of 8-bit codes by instructions that multiply bytes and add neighbouring products: vpdpbusd, sdot and their
 * like. What convolutions and matrix products have in common on such processors.
 *
 * sum[r][c] = start[c] + sum over d of x[r][d] * w[d][c],  start[c] = bias[c] - x_zero * sum over d of w[d][c]
 *
 * x is of the signedness that the engine takes: other codes have their highest bit flipped on the way, and x_zero with
 * them. w is the weight minus its zero point and must fit i8. Sums wrap around 2^32 on the way, which does
 * not matter when the result fits 32 bits.
 */
#ifndef HT_KERNELS_BYTE_PRODUCT_H
#define HT_KERNELS_BYTE_PRODUCT_H

#include "kernels/requantize.h"

#define HT_BYTE_GROUP 4   /* neighbouring products that one lane adds, on most engines */
#define HT_BYTE_LANES 16  /* columns of a vector */
#define HT_BYTE_VECTORS 4 /* vectors of a panel */
#define HT_BYTE_PANEL (HT_BYTE_LANES * HT_BYTE_VECTORS)

static inline int64_t ht__byte_round(int64_t value, int64_t step) { return (value + step - 1) / step * step; }
#define HT_BYTE_MOST_ROWS 128 /* of a tile, on any engine */

/* ---- from sums to codes ---- */

/* Who makes codes of the sums? */
typedef enum ht_byte_ending {
    HT_BYTE_SUMS,  /* the caller, by ht__requantize_row or _reals */
    HT_BYTE_FLOAT, /* vectors: zero + round_half_even(f32(sum) * scale) */
    HT_BYTE_FIXED  /* vectors: zero + ht__fixed_multiply(sum, scale, shift) */
} ht_byte_ending;

/* What each column adds and multiplies; arrays have a multiple of HT_BYTE_LANES elements. */
typedef struct ht_byte_terms {
    ht_byte_ending ending;
    const int32_t *starts;
    const void *scales;    /* f32 or i32 */
    const int32_t *shifts; /* HT_BYTE_FIXED */
    int32_t zero, low, high;
    bool is_signed; /* codes are i8, else u8 */
} ht_byte_terms;

/* i32 elements of room for the terms of so many columns, a multiple of HT_BYTE_LANES. */
static inline int64_t ht__byte_terms_room(int64_t columns) { return 3 * columns; }
/* The terms of `used` columns, zeros behind them up to `columns`. Entry i is made for column order[i] (NULL: i), which
 * is column first + order[i] of bias (i32, or NULL) and requantizer. sums[column]: of the column's weights. */
void ht__byte_terms_make(const int32_t *sums, const int32_t *order, int64_t used, int64_t columns, const int32_t *bias,
                         int32_t x_zero, const ht_requantizer *requantizer, int64_t first, ht_type y_type,
                         int32_t *room, ht_byte_terms *out);
/* Are all operands but x known when compiling, so that the terms are, too? */
bool ht__byte_terms_are_constant(const ht_kernel_call *call);

/* ---- weights ---- */

/* Weights packed for an engine: [panels][depth / group][columns of the panel rounded up to 16][group]. */
typedef struct ht_byte_weights {
    int64_t group;
    int64_t depth, columns; /* rounded up for the engine, and to 16 */
    int64_t used_columns;
    int8_t *packed;  /* depth * columns bytes, zero beyond the matrix */
    int32_t *sums;   /* [columns]: of the column's weights */
    uint64_t *marks; /* [columns / 16][marks_each]: a bit for each group of 16 columns; see ht_byte_engine */
    int64_t marks_each;
} ht_byte_weights;

/* ---- tiles ---- */

/* Some rows by the columns of one panel. */
typedef struct ht_byte_tile {
    const uint8_t *x; /* rows of `depth` bytes, x_row bytes apart */
    bool x_is_signed;
    int64_t x_row, depth;
    const int8_t *weights; /* the panel: [depth / group][columns rounded up to 16][group] */
    const uint64_t *marks; /* of the panel's vectors of columns */
    int64_t marks_each;
    int64_t columns;     /* 1 .. HT_BYTE_PANEL */
    ht_byte_terms terms; /* of the panel's columns */
    void *y;             /* codes, or i32 sums; rows y_row elements apart */
    int64_t y_row;
} ht_byte_tile;

/* Blocks of lines of bytes: how many, and bytes from one to the next. */
typedef struct ht_byte_copy {
    int64_t blocks, from_block, to_block;
    int64_t lines, from_line, to_line;
    int64_t bytes; /* of a line, at least 1 */
    uint8_t flip;
} ht_byte_copy;

/* An instruction set that can do it. */
typedef struct ht_byte_engine {
    uint32_t needs;                        /* CPU features (cpu/features.h), as a mask */
    int64_t least_rows;                    /* a call with fewer is better done by another engine */
    bool takes_signed, takes_unsigned;     /* codes of i8, of u8, need not be flipped; at least one */
    int group;                             /* neighbouring rows of packed weights that lie together */
    int rows[HT_BYTE_VECTORS];             /* the most rows of a tile that is 1, 2, ... vectors wide */
    int64_t (*round_depth)(int64_t depth); /* as packed weights and copied rows have it, a multiple of `group` */
    /* NULL, or notes what the tiles want to know of each group. Any marks are safe, since a file can hold any. */
    void (*mark)(ht_byte_weights *weights);
    /* Around the tiles of such a depth and number of rows, or of more rows, in one thread; NULL: nothing to do. */
    void (*begin)(int64_t depth, int64_t rows);
    void (*end)(void);
    void (*tile)(const ht_byte_tile *tile, int rows);
    /* Copies, each byte ^ flip. */
    void (*copy)(const ht_byte_copy *copy, uint8_t *to, const uint8_t *from);
} ht_byte_engine;

/* X(isa): the engines for this kind of processor, best first. Each makes a variant of every family that has a driver;
 * without any, the drivers are not built. */
#if defined(__x86_64__)
#define HT_BYTE_ENGINES 1
#define HT_BYTE_ENGINE_LIST(X) X(amx) X(avx512vnni) X(avxvnni) X(avx2)
#elif defined(__aarch64__)
#define HT_BYTE_ENGINES 1
#define HT_BYTE_ENGINE_LIST(X) X(neon_i8mm) X(neon_dotprod) X(neon)
#else
#define HT_BYTE_ENGINES 0
#define HT_BYTE_ENGINE_LIST(X)
#endif
#define HT_BYTE_ENGINE_DECLARE(isa) extern const ht_byte_engine ht__byte_engine_##isa;
HT_BYTE_ENGINE_LIST(HT_BYTE_ENGINE_DECLARE)
#undef HT_BYTE_ENGINE_DECLARE

/* What the engine wants flipped in codes of x, by exclusive or: 0x80 or 0; and x's zero point for such codes. */
static inline uint8_t ht__byte_flip(const ht_byte_engine *engine, ht_type x_type) {
    return (x_type == HT_I8 ? engine->takes_signed : engine->takes_unsigned) ? 0 : 0x80;
}
static inline int32_t ht__byte_flip_zero(ht_type x_type, uint8_t flip, int32_t zero) {
    return x_type == HT_I8 ? zero + flip : zero - flip;
}

/* For engines: a depth in whole groups; copies in vectors that every processor has. */
int64_t ht__byte_round_depth(int64_t depth);
void ht__byte_copy_lines(const ht_byte_copy *copy, uint8_t *to, const uint8_t *from);

/* Fills in the sizes. */
void ht__byte_weights_shape(const ht_byte_engine *engine, int64_t depth, int64_t columns, ht_byte_weights *out);
/* Bytes of the packed weights of `count` matrices of one shape, and where in them those of matrix `index` are. (The
 * pointers of *out are plain ones, for packing, which begins with zeros; a run only reads.) */
size_t ht__byte_weights_bytes(const ht_byte_weights *shape, int64_t count);
void ht__byte_weights_find(const ht_byte_weights *shape, int64_t count, int64_t index, const void *packed,
                           ht_byte_weights *out);
/* Puts one weight, minus its zero point, where it belongs; it must fit i8. */
void ht__byte_weights_put(ht_byte_weights *weights, int64_t row, int64_t column, int32_t value);
/* Puts the weights code ^ flip of a whole matrix (as i8), whose code of row d and column c is codes[d * row + c *
 * column].
 */
void ht__byte_weights_fill(ht_byte_weights *weights, const uint8_t *codes, int64_t row, int64_t column, int64_t depth,
                           uint8_t flip);
/* After all of them were put. */
void ht__byte_weights_mark(const ht_byte_engine *engine, ht_byte_weights *weights);
/* May a column of weights be taken? codes: u8 or i8, `count` of them from `first` on, `step` apart. Each minus `zero`
 * must fit i8, and bias plus any sum with 8-bit codes 32 bits. */
bool ht__byte_column_fits(ht_type type, const void *codes, int64_t first, int64_t step, int64_t count, int32_t zero,
                          int64_t bias);

/* What stays the same for all tiles of a run. */
typedef struct ht_byte_product {
    const ht_byte_engine *engine;
    const ht_byte_weights *weights;
    ht_byte_terms terms;
    const ht_requantizer *requantizer; /* HT_BYTE_SUMS: its column `first` is the first one of the weights */
    int64_t first;
    ht_type x_type, y_type;
} ht_byte_product;

/* i32 elements of scratch that ht__byte_product_rows needs. */
#define HT_BYTE_ROOM (HT_BYTE_MOST_ROWS * HT_BYTE_PANEL)
/* y[r][c] for rows of x (as the engine takes them, x_row bytes apart, each readable up to the rounded depth); y at
 * element y_at of `y`, rows y_row elements apart. */
void ht__byte_product_rows(const ht_byte_product *product, const uint8_t *x, int64_t x_row, int64_t rows, void *y,
                           int64_t y_at, int64_t y_row, int32_t *room);

#endif
