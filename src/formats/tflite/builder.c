#include "formats/tflite/builder.h"

#include <string.h>

static void pad(ht_buffer *buffer, size_t alignment, size_t rest) {
    static const char zeros[16] = {0};
    while (!buffer->failed && buffer->size % alignment != rest) {
        size_t missing = (rest + alignment - buffer->size % alignment) % alignment;
        ht__buffer_append(buffer, zeros, missing < sizeof zeros ? missing : sizeof zeros);
    }
}

static void patch(ht_buffer *buffer, size_t place, const void *bytes, size_t size) {
    if (!buffer->failed) {
        memcpy(buffer->data + place, bytes, size);
    }
}

/* A table is the way back to its list of field places, then the fields, the widest first so that none needs padding
 * after the first:
 *     u16 bytes of this list, u16 bytes of the table, u16 place of each field or 0     (the list, before the table)
 *     i32 table - list, fields */
size_t ht__flat_table(ht_buffer *buffer, flat_field *fields, size_t count) {
    uint16_t places[2 + FLAT_MOST_FIELDS] = {0};
    uint32_t numbers = 0, end = 8; /* four bytes lead to the list, four keep wide fields aligned */
    for (uint32_t width = 8; width != 0; width /= 2) {
        for (size_t i = 0; i < count; ++i) {
            if (fields[i].bytes == width) {
                places[2 + fields[i].number] = (uint16_t)end;
                end += width;
            }
            numbers = fields[i].number + 1 > numbers ? fields[i].number + 1 : numbers;
        }
    }
    places[0] = (uint16_t)(4 + 2 * numbers);
    places[1] = (uint16_t)end;
    pad(buffer, 2, 0);
    size_t list = buffer->size;
    ht__buffer_append(buffer, places, places[0]);
    pad(buffer, 8, 0);
    size_t table = buffer->size;
    char body[8 + 8 * FLAT_MOST_FIELDS] = {0};
    int32_t back = (int32_t)(table - list);
    memcpy(body, &back, sizeof back);
    for (size_t i = 0; i < count; ++i) {
        uint16_t place = places[2 + fields[i].number];
        memcpy(body + place, &fields[i].value, fields[i].bytes); /* little endian: the low bytes */
        fields[i].position = table + place;
    }
    ht__buffer_append(buffer, body, end);
    return table;
}

size_t ht__flat_vector(ht_buffer *buffer, const void *elements, size_t count, size_t bytes, size_t alignment) {
    pad(buffer, alignment, alignment - 4); /* the length stands before the first element */
    size_t position = buffer->size;
    uint32_t length = (uint32_t)count;
    ht__buffer_append(buffer, &length, sizeof length);
    ht__buffer_append(buffer, elements, count * bytes);
    return position;
}

size_t ht__flat_text(ht_buffer *buffer, const char *text) {
    size_t position = ht__flat_vector(buffer, text, strlen(text), 1, 4);
    ht__buffer_append(buffer, "", 1);
    return position;
}

size_t ht__flat_offsets(ht_buffer *buffer, size_t count) {
    uint32_t none = 0;
    size_t position = ht__flat_vector(buffer, NULL, 0, 4, 4);
    uint32_t length = (uint32_t)count;
    patch(buffer, position, &length, sizeof length);
    for (size_t i = 0; i < count; ++i) {
        ht__buffer_append(buffer, &none, sizeof none);
    }
    return position;
}

void ht__flat_point(ht_buffer *buffer, size_t place, size_t target) {
    uint32_t distance = (uint32_t)(target - place);
    patch(buffer, place, &distance, sizeof distance);
}
