/* A contact sheet: pictures as a network sees them, enlarged, with their labels and predictions. */
#include <math.h>
#include <string.h>

#ifdef HT_WITH_PNG
#include <png.h>
#endif

#include "base/file.h"
#include "data/dataset.h"
#include "data/font.h"

#define LEAST_SIDE 64   /* small pictures are enlarged to about this */
#define GAP 6           /* pixels between tiles */
#define LABEL_LENGTH 16 /* characters of a label at most */
#define ADVANCE (HT__FONT_WIDTH + 1)
#define LINE (HT__FONT_HEIGHT + 3)
#define MAX_PIXELS ((size_t)1 << 27)

typedef struct colour {
    uint8_t r, g, b;
} colour;
static const colour black = {0, 0, 0}, green = {0, 120, 40}, red = {200, 0, 30};

typedef struct sheet {
    const ht_dataset *dataset;
    const int32_t *predictions;
    size_t first, count;
    size_t zoom, columns, rows, tile_width, tile_height, width, height;
    uint8_t *pixels; /* [height][width][3] */
} sheet;

static void lay_out(sheet *s) {
    const ht_dataset_info *info = &s->dataset->info;
    size_t height = info->dims[1], width = info->dims[2], longest = 1;
    size_t side = height > width ? height : width;
    s->zoom = side >= LEAST_SIDE ? 1 : (LEAST_SIDE + side - 1) / side;
    for (size_t i = 0; i < info->classes; ++i) {
        size_t length = strlen(info->class_names[i]);
        longest = length > longest ? length : longest;
    }
    longest = info->classes == 0 || longest > LABEL_LENGTH ? LABEL_LENGTH : longest;
    size_t text = (longest + 2) * ADVANCE;
    s->tile_width = (width * s->zoom > text ? width * s->zoom : text) + GAP;
    s->tile_height = height * s->zoom + LINE * (s->predictions != NULL ? 2 : 1) + GAP;
    s->columns = (size_t)ceil(sqrt((double)s->count * (double)s->tile_height / (double)s->tile_width * 1.5));
    s->columns = s->columns < 1 ? 1 : s->columns > s->count ? s->count : s->columns;
    s->rows = (s->count + s->columns - 1) / s->columns;
    s->width = s->columns * s->tile_width + GAP;
    s->height = s->rows * s->tile_height + GAP;
}

static void put(sheet *s, size_t x, size_t y, colour c) {
    if (x < s->width && y < s->height) {
        uint8_t *pixel = s->pixels + (y * s->width + x) * 3;
        pixel[0] = c.r;
        pixel[1] = c.g;
        pixel[2] = c.b;
    }
}

static void write_text(sheet *s, size_t x, size_t y, const char *text, colour c) {
    for (size_t i = 0; text[i] != '\0' && i < LABEL_LENGTH + 2; ++i) {
        const uint8_t *rows = ht__font_rows(text[i]);
        for (size_t row = 0; row < HT__FONT_HEIGHT; ++row) {
            for (size_t column = 0; column < HT__FONT_WIDTH; ++column) {
                if (rows[row] >> (HT__FONT_WIDTH - 1 - column) & 1) {
                    put(s, x + i * ADVANCE + column, y + row, c);
                }
            }
        }
    }
}

static void draw_picture(sheet *s, size_t x0, size_t y0, const uint8_t *pixels) {
    const ht_dataset_info *info = &s->dataset->info;
    size_t plane = info->dims[1] * info->dims[2], width = info->dims[2];
    bool coloured = info->dims[0] == 3;
    for (size_t y = 0; y < info->dims[1] * s->zoom; ++y) {
        for (size_t x = 0; x < width * s->zoom; ++x) {
            const uint8_t *at = pixels + y / s->zoom * width + x / s->zoom;
            put(s, x0 + x, y0 + y, (colour){at[0], at[coloured ? plane : 0], at[coloured ? 2 * plane : 0]});
        }
    }
}

static void class_text(const ht_dataset_info *info, float value, char *out, size_t size) {
    if (info->task == HT_TASK_CLASSIFICATION && value >= 0 && (size_t)value < info->classes) {
        snprintf(out, size, "%.*s", LABEL_LENGTH, info->class_names[(size_t)value]);
    } else {
        snprintf(out, size, "%.5g", (double)value);
    }
}

static void draw_tile(sheet *s, size_t i, const uint8_t *pixels) {
    const ht_dataset_info *info = &s->dataset->info;
    size_t x = GAP + i % s->columns * s->tile_width, y = GAP + i / s->columns * s->tile_height;
    float target = s->dataset->targets[(s->first + i) * info->target_width];
    char label[64], text[72];
    draw_picture(s, x, y, pixels);
    y += info->dims[1] * s->zoom + 2;
    class_text(info, target, label, sizeof label);
    write_text(s, x, y, label, black);
    if (s->predictions != NULL) {
        bool right = (float)s->predictions[i] == target;
        class_text(info, (float)s->predictions[i], label, sizeof label);
        snprintf(text, sizeof text, "%s%s", right ? "= " : "- ", label);
        write_text(s, x, y + LINE, text, right ? green : red);
    }
}

#ifdef HT_WITH_PNG
static ht_status write_sheet(ht_context *ctx, const sheet *s, const char *path, bool overwrite, ht_error *err) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)s->width,
                       .height = (png_uint_32)s->height,
                       .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *file = ht__alloc(&ctx->allocator, size);
    if (file == NULL) {
        return ht__fail_memory(err, size);
    }
    ht_status status = png_image_write_to_memory(&image, file, &size, 0, s->pixels, 0, NULL)
                           ? ht__file_write(&ctx->allocator, path, overwrite, file, size, err)
                           : ht__fail_at(err, HT_ERROR_INTERNAL, path, "The PNG could not be made: %s.", image.message);
    ht__free(&ctx->allocator, file);
    return status;
}
#else
static ht_status write_sheet(ht_context *ctx, const sheet *s, const char *path, bool overwrite, ht_error *err) {
    (void)ctx, (void)s, (void)overwrite;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, path, "This build writes no PNG: it was made without libpng.");
}
#endif

ht_status ht_dataset_preview(ht_context *ctx, const ht_dataset *dataset, size_t first, size_t count,
                             const int32_t *predictions, const char *png_path, bool overwrite, ht_error *err) {
    const ht_dataset_info *info = &dataset->info;
    if (!info->has_pictures) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, info->name, "This data set has no pictures to show.");
    }
    if (count == 0 || first >= info->samples || count > info->samples - first) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, info->name, "Pictures %zu to %zu were asked for; there are %zu.",
                           first, first + count, info->samples);
    }
    sheet s = {.dataset = dataset, .predictions = predictions, .first = first, .count = count};
    lay_out(&s);
    if (s.height > MAX_PIXELS / s.width) {
        return ht__fail_at(err, HT_ERROR_LIMIT, info->name, "A sheet of %zu pictures is too large; show fewer.", count);
    }
    s.pixels = ht__alloc(&ctx->allocator, s.width * s.height * 3);
    uint8_t *picture = ht__alloc(&ctx->allocator, info->input_elements);
    ht_status status = s.pixels != NULL && picture != NULL ? HT_OK : ht__fail_memory(err, s.width * s.height * 3);
    if (status == HT_OK) {
        memset(s.pixels, 255, s.width * s.height * 3);
    }
    for (size_t i = 0; status == HT_OK && i < count; ++i) {
        status = ht_dataset_picture(dataset, first + i, picture, err);
        if (status == HT_OK) {
            draw_tile(&s, i, picture);
        }
    }
    if (status == HT_OK) {
        status = write_sheet(ctx, &s, png_path, overwrite, err);
    }
    ht__free(&ctx->allocator, picture);
    ht__free(&ctx->allocator, s.pixels);
    return status;
}
