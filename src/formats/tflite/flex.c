/* A FlexBuffer ends with its root: the value, a byte with its type, a byte with its width. Values stand in 1, 2, 4 or 8
 * bytes, little endian; offsets point backwards from where they stand. A map at `p` has, before it, its length, the
 * width of its keys and the offset to them, each in the map's width; the types of its values follow behind them. */
#include "formats/tflite/flex.h"

#include <math.h>
#include <string.h>

/* Types, in the upper six bits of a type byte; the lower two are the width of what an offset leads to. */
enum {
    FLEX_INT = 1,
    FLEX_UINT = 2,
    FLEX_FLOAT = 3,
    FLEX_INDIRECT_INT = 6,
    FLEX_INDIRECT_UINT = 7,
    FLEX_INDIRECT_FLOAT = 8,
    FLEX_MAP = 9,
    FLEX_BOOL = 26
};

typedef struct flex {
    const uint8_t *bytes;
    size_t size;
} flex;

static bool is_width(uint64_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

static bool read_unsigned(const flex *f, size_t at, size_t width, uint64_t *out) {
    if (at > f->size || width > f->size - at) {
        return false;
    }
    *out = 0;
    memcpy(out, f->bytes + at, width);
    return true;
}

/* Where the offset that stands at `at` leads. */
static bool follow(const flex *f, size_t at, size_t width, size_t *out) {
    uint64_t offset;
    if (!read_unsigned(f, at, width, &offset) || offset > at) {
        return false;
    }
    *out = at - (size_t)offset;
    return true;
}

static bool read_float(const flex *f, size_t at, size_t width, double *out) {
    uint64_t bits;
    float single;
    if (!read_unsigned(f, at, width, &bits)) {
        return false;
    }
    if (width == 8) {
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    memcpy(&single, &bits, sizeof single);
    *out = single;
    return width == 4;
}

static bool read_integer(const flex *f, size_t at, size_t width, bool is_signed, double *out) {
    uint64_t bits;
    if (!read_unsigned(f, at, width, &bits)) {
        return false;
    }
    unsigned unused = 64 - 8 * (unsigned)width;
    *out = is_signed ? (double)((int64_t)(bits << unused) >> unused) : (double)bits;
    return true;
}

/* The number at `at`, of a type byte. */
static bool read_number(const flex *f, size_t at, size_t width, uint8_t type, double *out) {
    int kind = type >> 2;
    if (kind == FLEX_INDIRECT_INT || kind == FLEX_INDIRECT_UINT || kind == FLEX_INDIRECT_FLOAT) {
        if (!follow(f, at, width, &at)) {
            return false;
        }
        width = (size_t)1 << (type & 3);
        kind -= FLEX_INDIRECT_INT - FLEX_INT;
    }
    switch (kind) {
    case FLEX_INT: return read_integer(f, at, width, true, out);
    case FLEX_UINT:
    case FLEX_BOOL: return read_integer(f, at, width, false, out);
    case FLEX_FLOAT: return read_float(f, at, width, out);
    default: return false;
    }
}

/* Is the text at `at`, which ends with a zero, this key? */
static bool is_key(const flex *f, size_t at, const char *key) {
    size_t length = strlen(key) + 1;
    return at <= f->size && length <= f->size - at && memcmp(f->bytes + at, key, length) == 0;
}

/* A map and its keys. */
typedef struct map {
    size_t values, width, count, keys, key_width;
} map;

static bool read_map(const flex *f, map *m) {
    uint64_t count, key_width;
    size_t root_width = f->size > 2 ? f->bytes[f->size - 1] : 0;
    if (!is_width(root_width) || f->size < 2 + root_width || f->bytes[f->size - 2] >> 2 != FLEX_MAP ||
        !follow(f, f->size - 2 - root_width, root_width, &m->values)) {
        return false;
    }
    m->width = (size_t)1 << (f->bytes[f->size - 2] & 3);
    if (m->values < 3 * m->width || !read_unsigned(f, m->values - m->width, m->width, &count) ||
        !read_unsigned(f, m->values - 2 * m->width, m->width, &key_width) || !is_width(key_width) ||
        !follow(f, m->values - 3 * m->width, m->width, &m->keys)) {
        return false;
    }
    m->count = (size_t)count;
    m->key_width = (size_t)key_width;
    return count <= f->size; /* each value takes a byte at least: products below cannot overflow */
}

bool ht__flex_number(const uint8_t *bytes, size_t size, const char *key, double *out) {
    flex f = {bytes, size};
    map m;
    if (bytes == NULL || !read_map(&f, &m)) {
        return false;
    }
    for (size_t i = 0; i < m.count; ++i) {
        size_t name;
        uint64_t type;
        if (!follow(&f, m.keys + i * m.key_width, m.key_width, &name)) {
            return false;
        }
        if (is_key(&f, name, key)) {
            return read_unsigned(&f, m.values + m.count * m.width + i, 1, &type) &&
                   read_number(&f, m.values + i * m.width, m.width, (uint8_t)type, out) && isfinite(*out);
        }
    }
    return false;
}
