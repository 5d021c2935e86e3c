/* What the readers of 8-bit arrays share: pictures that lie in memory. */
#ifndef HT_DATA_READERS_MEMORY_H
#define HT_DATA_READERS_MEMORY_H

#include "data/bytes.h"
#include "data/source.h"

typedef struct ht__memory_pictures {
    size_t file_count;
    struct {
        ht__bytes bytes;
        size_t samples;
    } file[HT__MAX_FILES];
    size_t offset;      /* of the first picture in each file */
    size_t stride;      /* bytes from one picture to the next */
    bool transposed;    /* rows and columns are swapped in the file */
    bool channels_last; /* pixels are stored together instead of planes */
} ht__memory_pictures;

/* Makes *out a source of pictures over `memory` (in the arena; its bytes pass to the source): shape as in `out`. */
void ht__memory_source(ht__memory_pictures *memory, ht__source *out);
void ht__memory_free(ht__memory_pictures *memory);

#endif
