/* The frame of engines whose vectors are narrower than a panel. */
#ifndef HT_KERNELS_BYTE_TILE_H
#define HT_KERNELS_BYTE_TILE_H

#include "kernels/byte_product.h"

/* Defines tile_<rows>, which covers a tile with blocks of `vectors` times sixteen columns, at its end of sixteen. The
 * engine has, always inlined, so that its loops have constant bounds and its sums become registers:
 *
 *     block(tile, rows, vectors, column, width)   results of columns column .. column + 16 vectors - 1
 *
 * width: columns of the panel, rounded up to 16. Few rows want several vectors at a time, since every addition to a sum
 * waits for the one before it. */
#define HT_BYTE_TILE(attributes, rows, vectors)                                                \
    attributes static void tile_##rows(const ht_byte_tile *t) {                                \
        int64_t width = ht__byte_round(t->columns, HT_BYTE_LANES), column = 0;                 \
        for (; column + vectors * HT_BYTE_LANES <= width; column += vectors * HT_BYTE_LANES) { \
            block(t, rows, vectors, column, width);                                            \
        }                                                                                      \
        for (; vectors > 1 && column < width; column += HT_BYTE_LANES) {                       \
            block(t, rows, 1, column, width);                                                  \
        }                                                                                      \
    }

#endif
