/* Products of f32 matrices by fused multiply-add instructions: what families with constant f32 weights have in common
 * on such processors.
 *
 *     y[r][c] = sum over d of x[r][d] * w[d][c]
 *
 * Each sum runs over d = 0 .. depth - 1 with one rounding per step, so that a result depends neither on the other rows
 * and columns nor on the number of threads.
 */
#ifndef HT_KERNELS_FLOAT_PRODUCT_H
#define HT_KERNELS_FLOAT_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HT_FLOAT_VECTORS 2 /* vectors of a panel */
#define HT_FLOAT_DEPTH 768 /* the most steps of a tile of several rows */
#define HT_FLOAT_ROW_STEP \
    784 /* floats between its rows: an odd number of cache lines, so that rows share no cache set */

/* Some rows by the columns of one panel. */
typedef struct ht_float_tile {
    const float *x;       /* rows HT_FLOAT_ROW_STEP apart */
    int64_t depth;        /* at most HT_FLOAT_DEPTH when there are several rows */
    const float *weights; /* [depth][columns rounded up to whole vectors] */
    int64_t columns;      /* 1 .. lanes * HT_FLOAT_VECTORS */
    float *y;             /* rows y_row apart */
    int64_t y_row;
    bool adds; /* to what y holds: the steps before these */
} ht_float_tile;

/* An instruction set that can do it. */
typedef struct ht_float_engine {
    uint32_t needs; /* CPU features (cpu/features.h), as a mask */
    int64_t lanes;  /* of a vector */
    int most_rows;  /* of a tile */
    void (*tile)(const ht_float_tile *tile, int rows);
    /* The same for a product of one row alone, whose weights stream from memory; adds nothing. NULL: `tile` does it. */
    void (*row)(const ht_float_tile *tile);
} ht_float_engine;

/* X(isa): the engines for this kind of processor, best first. Each makes a variant of every family that has a driver;
 * without any, the drivers are not built. */
#if defined(__x86_64__)
#define HT_FLOAT_ENGINES 1
#define HT_FLOAT_ENGINE_LIST(X) X(avx512) X(fma)
#else
#define HT_FLOAT_ENGINES 0
#define HT_FLOAT_ENGINE_LIST(X)
#endif
#define HT_FLOAT_ENGINE_DECLARE(isa) extern const ht_float_engine ht__float_engine_##isa;
HT_FLOAT_ENGINE_LIST(HT_FLOAT_ENGINE_DECLARE)
#undef HT_FLOAT_ENGINE_DECLARE

/* ---- weights: [panels][depth][columns of the panel, rounded up to whole vectors] ---- */

static inline int64_t ht__float_panel(const ht_float_engine *engine) { return engine->lanes * HT_FLOAT_VECTORS; }
/* Bytes of a packed matrix; SIZE_MAX when they cannot be counted. */
size_t ht__float_weights_bytes(const ht_float_engine *engine, int64_t depth, int64_t columns);
/* packed[...] = w[d * row + c * column]; zeros behind the last column. */
void ht__float_weights_pack(const ht_float_engine *engine, const float *w, int64_t row, int64_t column, int64_t depth,
                            int64_t columns, float *packed);
/* Floats of the panel that begins at column `first`: those of a step. */
int64_t ht__float_panel_width(const ht_float_engine *engine, int64_t columns, int64_t first);

#endif
