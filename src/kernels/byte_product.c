#include "kernels/byte_product.h"

#include "kernels/codes.h"

void ht__byte_weights_shape(int64_t depth, int64_t columns, ht_byte_weights *out) {
    out->depth = ht__byte_round(depth, HT_BYTE_GROUP);
    out->columns = ht__byte_round(columns, HT_BYTE_LANES);
    out->used_columns = columns;
}

/* Columns of the panel that begins at `first`, rounded up. */
static int64_t panel_width(const ht_byte_weights *weights, int64_t first) {
    return weights->columns - first < HT_BYTE_PANEL ? weights->columns - first : HT_BYTE_PANEL;
}

static int64_t place(const ht_byte_weights *weights, int64_t row, int64_t column) {
    int64_t first = column / HT_BYTE_PANEL * HT_BYTE_PANEL;
    int64_t group = row / HT_BYTE_GROUP * panel_width(weights, first) + column - first;
    return first * weights->depth + group * HT_BYTE_GROUP + row % HT_BYTE_GROUP;
}

bool ht__byte_weights_put(ht_byte_weights *weights, int64_t row, int64_t column, int32_t value) {
    weights->packed[place(weights, row, column)] = (int8_t)value;
    weights->sums[column] += value;
    return value >= INT8_MIN && value <= INT8_MAX;
}

bool ht__byte_weights_fit(const ht_byte_weights *weights, const int32_t *bias) {
    for (int64_t c = 0; c < weights->used_columns; ++c) {
        int64_t sum = 0, offset = bias != NULL ? bias[c] : 0;
        for (int64_t d = 0; d < weights->depth; ++d) {
            int64_t weight = weights->packed[place(weights, d, c)];
            sum += weight < 0 ? -weight : weight;
        }
        if (sum > (INT32_MAX - (offset < 0 ? -offset : offset)) / UINT8_MAX) {
            return false;
        }
    }
    return true;
}

bool ht__byte_product_terms(const ht_byte_weights *weights, const int32_t *bias, int32_t x_zero,
                            const ht_requantizer *requantizer, int64_t first, ht_type y_type, int32_t *starts,
                            float *multipliers) {
    bool direct = requantizer->parameters.rule == HT_REQUANTIZE_FLOAT && ht_type_bytes(y_type) == 1;
    for (int64_t c = 0; c < weights->columns; ++c) {
        bool used = c < weights->used_columns;
        starts[c] =
            (int32_t)((used && bias != NULL ? (uint32_t)bias[c] : 0) - (uint32_t)x_zero * (uint32_t)weights->sums[c]);
        if (direct) {
            multipliers[c] = used ? requantizer->real[(first + c) * requantizer->step] : 0.0f;
            direct = multipliers[c] > -1.0f && multipliers[c] < 1.0f; /* |sum * multiplier| < 2^31 */
        }
    }
    return direct;
}

static void store_sums(const ht_byte_product *product, const int32_t *sums, int64_t column, int64_t count, void *y,
                       int64_t y_at) {
    int32_t codes[HT_BYTE_PANEL];
    ht__requantize_row(product->requantizer, sums, product->first + column, count, codes);
    ht__codes_store(product->y_type, y, y_at, 1, count, codes);
}

void ht__byte_product_rows(const ht_byte_product *product, const uint8_t *x, int64_t x_row, int64_t rows, void *y,
                           int64_t y_at, int64_t y_row, int32_t *room) {
    const ht_byte_weights *w = product->weights;
    const ht_requantizer *r = product->requantizer;
    ht_byte_tile tile = {.x_row = x_row,
                         .depth = w->depth,
                         .zero = r->zero,
                         .low = r->parameters.low,
                         .high = r->parameters.high,
                         .is_signed = product->y_type == HT_I8};
    for (int64_t column = 0; column < w->used_columns; column += HT_BYTE_PANEL) {
        int64_t left = w->used_columns - column, width = panel_width(w, column);
        int64_t most = product->engine->rows[width / HT_BYTE_LANES - 1], tiles = (rows + most - 1) / most;
        tile.columns = left < HT_BYTE_PANEL ? left : HT_BYTE_PANEL;
        tile.weights = w->packed + column * w->depth;
        tile.starts = product->starts + column;
        for (int64_t t = 0; t < tiles; ++t) { /* tiles of nearly the same height: a low one uses few registers */
            int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
            tile.x = x + begin * x_row;
            if (product->multipliers != NULL) {
                tile.multipliers = product->multipliers + column;
                tile.y = (uint8_t *)y + y_at + begin * y_row + column;
                tile.y_row = y_row;
                product->engine->tile(&tile, (int)(end - begin));
                continue;
            }
            tile.y = room;
            tile.y_row = HT_BYTE_PANEL;
            product->engine->tile(&tile, (int)(end - begin));
            for (int64_t i = begin; i < end; ++i) {
                store_sums(product, room + (i - begin) * HT_BYTE_PANEL, column, tile.columns, y,
                           y_at + i * y_row + column);
            }
        }
    }
}
