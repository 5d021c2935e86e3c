#include "kernels/integer_tiles.h"

#include <string.h>

#include "base/clones.h"
#include "kernels/codes.h"

typedef int32_t tile_row __attribute__((vector_size(sizeof(int32_t) * HT_TILE_COLUMNS)));
typedef int16_t packed_row __attribute__((vector_size(sizeof(int16_t) * HT_TILE_COLUMNS)));

bool ht__tiles_column_fits(ht_type type, const void *codes, int64_t first, int64_t step, int64_t depth, int32_t zero,
                           int64_t bias, int64_t span) {
    int64_t sum = 0;
    for (int64_t d = 0; d < depth; ++d) {
        int64_t weight = ht__code_at(type, codes, first + d * step) - zero;
        sum += weight < 0 ? -weight : weight;
    }
    return sum <= (INT32_MAX - (bias < 0 ? -bias : bias)) / span;
}

/* sums[r][c] = sum over d of x[r * depth + d] * w[d][c] */
HT_CLONES
static void multiply_tile(const int32_t *restrict x, int64_t depth, const int16_t *restrict w,
                          int32_t sums[HT_TILE_ROWS][HT_TILE_COLUMNS]) {
    tile_row sum[HT_TILE_ROWS];
    for (int r = 0; r < HT_TILE_ROWS; ++r) {
        sum[r] = (tile_row){0};
    }
    for (int64_t d = 0; d < depth; ++d) {
        packed_row narrow;
        memcpy(&narrow, w + d * HT_TILE_COLUMNS, sizeof narrow);
        tile_row row = __builtin_convertvector(narrow, tile_row);
        for (int r = 0; r < HT_TILE_ROWS; ++r) {
            sum[r] += row * x[r * depth + d];
        }
    }
    memcpy(sums, sum, sizeof sum);
}

void ht__tiles_multiply(const int32_t *x, int64_t rows, int64_t depth, const int16_t *packed, int64_t first,
                        int64_t columns, const int32_t *bias, const ht_requantizer *requantizer, int32_t *codes) {
    int32_t sums[HT_TILE_ROWS][HT_TILE_COLUMNS];
    for (int64_t c = 0; c < columns; c += HT_TILE_COLUMNS) {
        int64_t count = columns - c < HT_TILE_COLUMNS ? columns - c : HT_TILE_COLUMNS;
        multiply_tile(x, depth, packed + c * depth, sums);
        for (int64_t r = 0; r < rows; ++r) {
            for (int64_t i = 0; i < count && bias != NULL; ++i) {
                sums[r][i] += bias[first + c + i];
            }
            ht__requantize_row(requantizer, sums[r], first + c, count, codes + r * columns + c);
        }
    }
}
