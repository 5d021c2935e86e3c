#include "data/picture.h"

#include <string.h>

ht_status ht__picture_shape(ht__picture *picture, size_t channels, size_t height, size_t width, ht_error *err) {
    if (height == 0 || width == 0 || channels == 0) {
        return ht__fail(err, HT_ERROR_LIMIT, "A picture of %zu x %zu pixels and %zu channels is empty.", width, height,
                        channels);
    }
    if (height > HT__PICTURE_MAX_SIDE || width > HT__PICTURE_MAX_SIDE || channels > HT__PICTURE_MAX_SIDE ||
        channels * height > HT__PICTURE_MAX_BYTES / width) {
        return ht__fail(err, HT_ERROR_LIMIT, "A picture of %zu x %zu pixels and %zu channels is beyond the limit.",
                        width, height, channels);
    }
    size_t bytes = channels * height * width;
    if (bytes > picture->capacity) {
        uint8_t *pixels = ht__alloc(picture->allocator, bytes);
        if (pixels == NULL) {
            return ht__fail_memory(err, bytes);
        }
        ht__free(picture->allocator, picture->pixels);
        picture->pixels = pixels;
        picture->capacity = bytes;
    }
    picture->channels = channels;
    picture->height = height;
    picture->width = width;
    return HT_OK;
}

void ht__picture_free(ht__picture *picture) {
    if (picture->allocator != NULL) {
        ht__free(picture->allocator, picture->pixels);
    }
    *picture = (ht__picture){0};
}

ht_status ht__picture_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                             ht_error *err) {
    static const uint8_t png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xff, 0xd8};
    if (size >= sizeof png && memcmp(data, png, sizeof png) == 0) {
        return ht__png_decode(name, data, size, channels, out, err);
    }
    if (size >= sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0) {
        return ht__jpeg_decode(name, data, size, channels, out, err);
    }
    return ht__fail_offset(err, HT_ERROR_FORMAT, name, 0, "The file is neither JPEG nor PNG, whatever its name says.");
}

#ifndef HT_WITH_JPEG
ht_status ht__jpeg_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                          ht_error *err) {
    (void)data, (void)size, (void)channels, (void)out;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, name, "This build reads no JPEG: it was made without libjpeg.");
}
#endif
#ifndef HT_WITH_PNG
ht_status ht__png_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                         ht_error *err) {
    (void)data, (void)size, (void)channels, (void)out;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, name, "This build reads no PNG: it was made without libpng.");
}
#endif
