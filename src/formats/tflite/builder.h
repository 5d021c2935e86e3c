/* Writes FlatBuffers front to back: a table is written with places for the offsets to its parts, which are filled in
 * when the parts follow. (flatc's own builder is C++ and allocates through the C++ library.)
 *
 * Positions are counted from the start of the buffer, which is the start of the file. Memory that runs out is noticed
 * by the buffer (`failed`); positions are then meaningless but harmless.
 */
#ifndef HT_FORMATS_TFLITE_BUILDER_H
#define HT_FORMATS_TFLITE_BUILDER_H

#include <stdint.h>

#include "base/memory.h"

/* One field of a table. */
typedef struct flat_field {
    uint32_t number; /* of the field in its table */
    uint32_t bytes;  /* 1, 4 or 8 */
    uint64_t value;  /* its bits; for an offset anything */
    size_t position; /* answer: where it is, for flat_point */
} flat_field;

#define FLAT_MOST_FIELDS 16

/* A table of up to FLAT_MOST_FIELDS fields, in any order; its position. */
size_t ht__flat_table(ht_buffer *buffer, flat_field *fields, size_t count);
/* A vector of `count` elements of `bytes` each, the first aligned to `alignment` (at least 4); its position. */
size_t ht__flat_vector(ht_buffer *buffer, const void *elements, size_t count, size_t bytes, size_t alignment);
size_t ht__flat_text(ht_buffer *buffer, const char *text);
/* A vector of `count` offsets; the place of offset i is position + 4 + 4 i. */
size_t ht__flat_offsets(ht_buffer *buffer, size_t count);
/* The offset at `place` leads to `target`, which must lie behind it. */
void ht__flat_point(ht_buffer *buffer, size_t place, size_t target);

#endif
