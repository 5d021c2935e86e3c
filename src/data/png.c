/* PNG through libpng's simplified interface, which needs no setjmp of ours. */
#ifdef HT_WITH_PNG
#include <png.h>
#include <string.h>

#include "data/picture.h"

static ht_status fail_png(const char *name, const png_image *image, ht_error *err) {
    /* The simplified interface does not say where it stopped; IHDR's place stands for "in this file". */
    return ht__fail_offset(err, HT_ERROR_FORMAT, name, -1, "The PNG is damaged: %s.", image->message);
}

ht_status ht__png_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                         ht_error *err) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, data, size)) {
        return fail_png(name, &image, err);
    }
    bool grey = channels == 1 || (channels == 0 && (image.format & PNG_FORMAT_FLAG_COLOR) == 0);
    image.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    size_t depth = grey ? 1 : 3, plane = (size_t)image.width * image.height;
    ht__picture rows = {.allocator = out->allocator};
    ht_status status = ht__picture_shape(out, depth, image.height, image.width, err);
    if (status == HT_OK) {
        status = ht__picture_shape(&rows, depth, image.height, image.width, err);
    }
    if (status != HT_OK) {
        png_image_free(&image);
        ht__picture_free(&rows);
        return status;
    }
    const png_color black = {0, 0, 0};
    if (!png_image_finish_read(&image, &black, rows.pixels, 0, NULL)) {
        status = fail_png(name, &image, err);
    } else {
        for (size_t i = 0; i < plane * depth; ++i) {
            out->pixels[i % depth * plane + i / depth] = rows.pixels[i];
        }
    }
    png_image_free(&image);
    ht__picture_free(&rows);
    return status;
}
#else
typedef int ht__nothing_here; /* C wants one declaration per file */
#endif
