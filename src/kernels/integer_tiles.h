/* Products of codes in plain C, quickly: four rows of x against sixteen columns of packed w at a time, in 32-bit
 * registers. */
#ifndef HT_KERNELS_INTEGER_TILES_H
#define HT_KERNELS_INTEGER_TILES_H

#include "kernels/requantize.h"

#define HT_TILE_ROWS 4
#define HT_TILE_COLUMNS 16

/* int16 elements of a packed matrix of `depth` rows and `columns` columns: [columns / 16 rounded up][depth][16], zeros
 * behind the last column. */
static inline int64_t ht__tiles_size(int64_t depth, int64_t columns) {
    return (columns + HT_TILE_COLUMNS - 1) / HT_TILE_COLUMNS * HT_TILE_COLUMNS * depth;
}
/* Puts an element where it belongs. */
static inline void ht__tiles_put(int16_t *packed, int64_t depth, int64_t row, int64_t column, int32_t value) {
    packed[(column / HT_TILE_COLUMNS * depth + row) * HT_TILE_COLUMNS + column % HT_TILE_COLUMNS] = (int16_t)value;
}

/* Do the sums of a column fit 32 bits when no element of x is larger than `span`? codes: 8-bit weights, `depth` of them
 * from `first` on, `step` apart. */
bool ht__tiles_column_fits(ht_type type, const void *codes, int64_t first, int64_t step, int64_t depth, int32_t zero,
                           int64_t bias, int64_t span);
/* The largest difference of a code of this type (8 or 16 bits) and its zero point. */
static inline int64_t ht__code_span(ht_type type) { return ht_type_bytes(type) == 1 ? UINT8_MAX : UINT16_MAX; }

/* codes[r * columns + c] = requantized bias[c] + sum over d of x[r][d] * w[d][c], for `rows` <= 4 rows of x, each
 * `depth` long and one behind the other (four are read), and the columns `first` .. first + columns - 1 of the
 * requantizer and the bias (i32, or NULL). Sums must fit 32 bits. */
void ht__tiles_multiply(const int32_t *x, int64_t rows, int64_t depth, const int16_t *packed, int64_t first,
                        int64_t columns, const int32_t *bias, const ht_requantizer *requantizer, int32_t *codes);

#endif
