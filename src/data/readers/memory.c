#include "data/readers/memory.h"

#include <string.h>

void ht__memory_free(ht__memory_pictures *memory) {
    for (size_t i = 0; i < memory->file_count; ++i) {
        ht__bytes_free(&memory->file[i].bytes);
    }
    memory->file_count = 0;
}

static void close_memory(ht__source *source) { ht__memory_free(source->state); }

static ht_status read_picture(const ht__source *source, size_t index, ht__picture *out, ht_error *err) {
    const ht__memory_pictures *memory = source->state;
    size_t file = 0;
    while (index >= memory->file[file].samples) {
        index -= memory->file[file++].samples;
    }
    const uint8_t *in = memory->file[file].bytes.data + memory->offset + index * memory->stride;
    HT_TRY(ht__picture_shape(out, source->channels, source->height, source->width, err));
    if (!memory->transposed && !memory->channels_last) {
        memcpy(out->pixels, in, ht__picture_bytes(out));
        return HT_OK;
    }
    size_t plane = out->height * out->width;
    size_t along_x = memory->transposed ? out->height : 1, along_y = memory->transposed ? 1 : out->width;
    size_t step = memory->channels_last ? out->channels : 1, along_c = memory->channels_last ? 1 : plane;
    for (size_t c = 0; c < out->channels; ++c) {
        for (size_t y = 0; y < out->height; ++y) {
            for (size_t x = 0; x < out->width; ++x) {
                out->pixels[c * plane + y * out->width + x] = in[c * along_c + (y * along_y + x * along_x) * step];
            }
        }
    }
    return HT_OK;
}

void ht__memory_source(ht__memory_pictures *memory, ht__source *out) {
    out->kind = HT__SOURCE_PICTURES;
    out->picture = read_picture;
    out->state = memory;
    out->close = close_memory;
    out->samples = 0;
    for (size_t i = 0; i < memory->file_count; ++i) {
        out->samples += memory->file[i].samples;
    }
}
