/* One 8-bit picture, planes one after another. */
#ifndef HT_DATA_PICTURE_H
#define HT_DATA_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

#define HT__PICTURE_MAX_SIDE 32768u
#define HT__PICTURE_MAX_BYTES ((size_t)1 << 29)

typedef struct ht__picture {
    const ht_allocator *allocator;
    uint8_t *pixels; /* [channels][height][width]; grows and is reused */
    size_t capacity;
    size_t channels, height, width;
} ht__picture;

/* Sets the shape and makes room. Errors: HT_ERROR_LIMIT (a side beyond HT__PICTURE_MAX_SIDE, too many bytes, no
 * pixels at all), HT_ERROR_MEMORY. */
ht_status ht__picture_shape(ht__picture *picture, size_t channels, size_t height, size_t width, ht_error *err);
void ht__picture_free(ht__picture *picture);
static inline size_t ht__picture_bytes(const ht__picture *picture) {
    return picture->channels * picture->height * picture->width;
}
static inline uint8_t *ht__picture_plane(const ht__picture *picture, size_t channel) {
    return picture->pixels + channel * picture->height * picture->width;
}

/* Decode a JPEG (baseline or progressive) or a PNG (any; what is transparent goes over black) into 1 channel (grey) or
 * 3 (RGB), converting where the file has the other; `channels` 0 keeps the file's. `name` stands in errors.
 * Errors: HT_ERROR_FORMAT with the offset (damaged or cut short), HT_ERROR_UNSUPPORTED (CMYK JPEG), HT_ERROR_LIMIT. */
ht_status ht__jpeg_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                          ht_error *err);
ht_status ht__png_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                         ht_error *err);
/* Either, told apart by the first bytes. */
ht_status ht__picture_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                             ht_error *err);

#endif
