#include "kernels/byte_product.h"

#include <string.h>

#include "kernels/codes.h"

/* ---- terms ---- */

static ht_byte_ending ending_of(const ht_requantizer *r, ht_type y_type) {
    if (ht_type_bytes(y_type) != 1) {
        return HT_BYTE_SUMS;
    }
    switch (r->parameters.rule) {
    case HT_REQUANTIZE_FLOAT: return HT_BYTE_FLOAT;
    case HT_REQUANTIZE_FIXED: return r->parameters.way == HT_FIXED_NARROW ? HT_BYTE_FIXED : HT_BYTE_SUMS;
    case HT_REQUANTIZE_NONE:
    case HT_REQUANTIZE_REAL: break;
    }
    return HT_BYTE_SUMS;
}

void ht__byte_terms_make(const int32_t *sums, const int32_t *order, int64_t used, int64_t columns, const int32_t *bias,
                         int32_t x_zero, const ht_requantizer *r, int64_t first, ht_type y_type, int32_t *room,
                         ht_byte_terms *out) {
    int32_t *scales = room + columns, *shifts = scales + columns;
    *out = (ht_byte_terms){.ending = ending_of(r, y_type),
                           .starts = room,
                           .scales = scales,
                           .shifts = shifts,
                           .zero = r->zero,
                           .low = r->parameters.low,
                           .high = r->parameters.high,
                           .is_signed = y_type == HT_I8};
    for (int64_t i = 0; i < columns; ++i) {
        int64_t c = order != NULL ? order[i] : i, entry = (first + c) * r->step;
        room[i] = scales[i] = shifts[i] = 0;
        if (c >= used) {
            continue;
        }
        room[i] = (int32_t)((bias != NULL ? (uint32_t)bias[first + c] : 0) - (uint32_t)x_zero * (uint32_t)sums[c]);
        if (out->ending == HT_BYTE_FLOAT) {
            float scale = r->real[entry];
            ((float *)(void *)scales)[i] = scale;
            if (!(scale > -1.0f && scale < 1.0f)) { /* else sum * scale may leave i32, or is no number */
                out->ending = HT_BYTE_SUMS;
            }
        } else if (out->ending == HT_BYTE_FIXED) {
            scales[i] = r->multiplier[entry];
            shifts[i] = r->shift[entry];
        }
    }
}

bool ht__byte_terms_are_constant(const ht_kernel_call *call) {
    for (uint32_t i = 1; i < call->input_count; ++i) {
        if (ht__has_operand(call, i) && !ht__kernel_is_known(call, i)) {
            return false;
        }
    }
    return true;
}

/* ---- for engines ---- */

int64_t ht__byte_round_depth(int64_t depth) { return ht__byte_round(depth, HT_BYTE_GROUP); }

typedef uint8_t vector_of_bytes __attribute__((vector_size(16)));

static inline void copy_vector(uint8_t *to, const uint8_t *from, const vector_of_bytes *flips) {
    vector_of_bytes bytes;
    memcpy(&bytes, from, sizeof bytes);
    bytes ^= *flips;
    memcpy(to, &bytes, sizeof bytes);
}

static inline void copy_word(uint8_t *to, const uint8_t *from, const vector_of_bytes *flips) {
    uint64_t bytes, flip;
    memcpy(&bytes, from, sizeof bytes);
    memcpy(&flip, flips, sizeof flip);
    bytes ^= flip;
    memcpy(to, &bytes, sizeof bytes);
}

/* The end of a line is copied as a whole vector or word that overlaps what is already there. */
static inline void copy_line(uint8_t *to, const uint8_t *from, int64_t bytes, const vector_of_bytes *flips) {
    const int64_t vector = (int64_t)sizeof *flips, word = (int64_t)sizeof(uint64_t);
    if (bytes >= vector) {
        for (int64_t k = 0; k < bytes - vector; k += vector) {
            copy_vector(to + k, from + k, flips);
        }
        copy_vector(to + bytes - vector, from + bytes - vector, flips);
    } else if (bytes >= word) {
        copy_word(to, from, flips);
        copy_word(to + bytes - word, from + bytes - word, flips);
    } else {
        for (int64_t k = 0; k < bytes; ++k) {
            to[k] = from[k] ^ (*flips)[0];
        }
    }
}

void ht__byte_copy_lines(const ht_byte_copy *c, uint8_t *to, const uint8_t *from) {
    vector_of_bytes flips;
    memset(&flips, c->flip, sizeof flips);
    for (int64_t b = 0; b < c->blocks; ++b, from += c->from_block, to += c->to_block) {
        for (int64_t i = 0; i < c->lines; ++i) {
            copy_line(to + i * c->to_line, from + i * c->from_line, c->bytes, &flips);
        }
    }
}

/* ---- weights ---- */

void ht__byte_weights_shape(const ht_byte_engine *engine, int64_t depth, int64_t columns, ht_byte_weights *out) {
    out->group = engine->group;
    out->depth = engine->round_depth(depth);
    out->columns = ht__byte_round(columns, HT_BYTE_LANES);
    out->used_columns = columns;
    out->marks_each = engine->mark != NULL ? (out->depth / out->group + 63) / 64 : 0;
}

/* Of one matrix. */
static size_t marks_count(const ht_byte_weights *shape) {
    return (size_t)(shape->columns / HT_BYTE_LANES * shape->marks_each);
}

/* All sums, then all marks, then all weights. */
static size_t sums_bytes(const ht_byte_weights *shape, int64_t count) {
    return ht__aligned((size_t)(count * shape->columns) * sizeof(int32_t));
}
static size_t marks_bytes(const ht_byte_weights *shape, int64_t count) {
    return ht__aligned((size_t)count * marks_count(shape) * sizeof(uint64_t));
}

size_t ht__byte_weights_bytes(const ht_byte_weights *shape, int64_t count) {
    return sums_bytes(shape, count) + marks_bytes(shape, count) + (size_t)(count * shape->columns * shape->depth);
}

void ht__byte_weights_find(const ht_byte_weights *shape, int64_t count, int64_t index, const void *packed,
                           ht_byte_weights *out) {
    union {
        const void *given;
        unsigned char *kept;
    } memory = {packed};
    unsigned char *marks = memory.kept + sums_bytes(shape, count);
    *out = *shape;
    out->sums = (int32_t *)(void *)memory.kept + index * shape->columns;
    out->marks = (uint64_t *)(void *)marks + (size_t)index * marks_count(shape);
    out->packed = (int8_t *)marks + marks_bytes(shape, count) + index * shape->columns * shape->depth;
}

void ht__byte_weights_mark(const ht_byte_engine *engine, ht_byte_weights *weights) {
    if (engine->mark != NULL) {
        engine->mark(weights);
    }
}

/* Columns of the panel that begins at `first`, rounded up. */
static int64_t panel_width(const ht_byte_weights *weights, int64_t first) {
    return weights->columns - first < HT_BYTE_PANEL ? weights->columns - first : HT_BYTE_PANEL;
}

static int64_t place(const ht_byte_weights *weights, int64_t row, int64_t column) {
    int64_t first = column / HT_BYTE_PANEL * HT_BYTE_PANEL;
    int64_t group = row / weights->group * panel_width(weights, first) + column - first;
    return first * weights->depth + group * weights->group + row % weights->group;
}

void ht__byte_weights_put(ht_byte_weights *weights, int64_t row, int64_t column, int32_t value) {
    weights->packed[place(weights, row, column)] = (int8_t)value;
    weights->sums[column] += value;
}

void ht__byte_weights_fill(ht_byte_weights *weights, const uint8_t *codes, int64_t row, int64_t column, int64_t depth,
                           uint8_t flip) {
    for (int64_t first = 0; first < weights->used_columns; first += HT_BYTE_PANEL) {
        int64_t left = weights->used_columns - first, count = left < HT_BYTE_PANEL ? left : HT_BYTE_PANEL;
        const uint8_t *from = codes + first * column;
        int32_t *sums = weights->sums + first;
        for (int64_t d = 0; d < depth; ++d, from += row) {
            int8_t *to = weights->packed + place(weights, d, first);
            for (int64_t c = 0; c < count; ++c) {
                int8_t value = (int8_t)(from[c * column] ^ flip);
                to[c * weights->group] = value;
                sums[c] += value;
            }
        }
    }
}

bool ht__byte_column_fits(ht_type type, const void *codes, int64_t first, int64_t step, int64_t count, int32_t zero,
                          int64_t bias) {
    int64_t sum = 0;
    int32_t least = 0, most = 0;
    for (int64_t i = 0; i < count; ++i) {
        int32_t value = ht__code_at(type, codes, first + i * step) - zero;
        sum += value < 0 ? -value : value;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    return least >= INT8_MIN && most <= INT8_MAX && sum <= (INT32_MAX - (bias < 0 ? -bias : bias)) / UINT8_MAX;
}

/* ---- products ---- */

static void store_sums(const ht_byte_product *product, const int32_t *sums, int64_t column, int64_t count, void *y,
                       int64_t y_at) {
    if (product->requantizer->parameters.rule == HT_REQUANTIZE_REAL) {
        ht__requantize_reals(product->requantizer, sums, product->first + column, count, (float *)y + y_at);
        return;
    }
    int32_t codes[HT_BYTE_PANEL];
    ht__requantize_row(product->requantizer, sums, product->first + column, count, codes);
    ht__codes_store(product->y_type, y, y_at, 1, count, codes);
}

static void panel_rows(const ht_byte_product *product, ht_byte_tile *tile, const uint8_t *x, int64_t rows,
                       int64_t column, void *y, int64_t y_at, int64_t y_row, int32_t *room) {
    int64_t most = product->engine->rows[(tile->columns - 1) / HT_BYTE_LANES], tiles = (rows + most - 1) / most;
    for (int64_t t = 0; t < tiles; ++t) { /* tiles of nearly the same height: a low one fills few registers */
        int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
        tile->x = x + begin * tile->x_row;
        if (tile->terms.ending != HT_BYTE_SUMS) {
            tile->y = (uint8_t *)y + y_at + begin * y_row + column;
            tile->y_row = y_row;
            product->engine->tile(tile, (int)(end - begin));
            continue;
        }
        tile->y = room;
        tile->y_row = HT_BYTE_PANEL;
        product->engine->tile(tile, (int)(end - begin));
        for (int64_t i = begin; i < end; ++i) {
            store_sums(product, room + (i - begin) * HT_BYTE_PANEL, column, tile->columns, y,
                       y_at + i * y_row + column);
        }
    }
}

void ht__byte_product_rows(const ht_byte_product *product, const uint8_t *x, int64_t x_row, int64_t rows, void *y,
                           int64_t y_at, int64_t y_row, int32_t *room) {
    const ht_byte_weights *w = product->weights;
    const ht_byte_engine *engine = product->engine;
    if (engine->begin != NULL) {
        engine->begin(w->depth, rows);
    }
    for (int64_t column = 0; column < w->used_columns; column += HT_BYTE_PANEL) {
        int64_t left = w->used_columns - column;
        ht_byte_tile tile = {.x_is_signed = product->x_type == HT_I8 ? engine->takes_signed : !engine->takes_unsigned,
                             .x_row = x_row,
                             .depth = w->depth,
                             .weights = w->packed + column * w->depth,
                             .marks = w->marks + column / HT_BYTE_LANES * w->marks_each,
                             .marks_each = w->marks_each,
                             .columns = left < HT_BYTE_PANEL ? left : HT_BYTE_PANEL,
                             .terms = product->terms};
        tile.terms.starts += column;
        tile.terms.scales = (const int32_t *)tile.terms.scales + column;
        tile.terms.shifts += column;
        panel_rows(product, &tile, x, rows, column, y, y_at, y_row, room);
    }
    if (engine->end != NULL) {
        engine->end();
    }
}
