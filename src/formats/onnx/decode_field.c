/* Decoding single fields: texts and numbers, each length checked against the bytes that are there. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/onnx/decode.h"
#include "onnx.pb.h"

bool ht__onnx_refuse(onnx_decoder *decoder, ht_status status, const char *format, ...) {
    if (decoder->status == HT_OK) {
        char sentence[400];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
        decoder->status =
            ht__fail_offset(decoder->err, status, decoder->document->file, (int64_t)decoder->position, "%s", sentence);
    }
    return false;
}

bool ht__onnx_refuse_memory(onnx_decoder *decoder, size_t bytes) {
    if (decoder->status == HT_OK) {
        decoder->status = ht__fail_memory(decoder->err, bytes);
    }
    return false;
}

bool ht__onnx_pass(onnx_decoder *decoder, ht_status status) {
    decoder->status = decoder->status == HT_OK ? status : decoder->status;
    return status == HT_OK;
}

bool ht__onnx_take(onnx_decoder *decoder, pb_istream_t *stream, const uint8_t **bytes, size_t *size) {
    if (!ht__onnx_is_file(stream)) {
        return ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "A field has the wrong wire type.");
    }
    *size = stream->bytes_left;
    *bytes = decoder->bytes + decoder->position;
    decoder->position += *size;
    stream->bytes_left = 0;
    return true;
}

/* Length of the UTF-8 character that starts with `lead`, 0 when none does; *low is the smallest second byte and *high
 * the largest, which excludes overlong forms and surrogates (Unicode Standard, table 3-7). */
static size_t character_length(uint8_t lead, uint8_t *low, uint8_t *high) {
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) {
        return lead != 0;
    }
    return lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
}

static bool is_text(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size;) {
        uint8_t low, high;
        size_t length = character_length(bytes[i], &low, &high);
        if (length == 0 || length > size - i || (length > 1 && (bytes[i + 1] < low || bytes[i + 1] > high))) {
            return false;
        }
        for (size_t k = 2; k < length; ++k) {
            if ((bytes[i + k] & 0xC0) != 0x80) {
                return false;
            }
        }
        i += length;
    }
    return true;
}

bool ht__onnx_read_text(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_target *target = *arg;
    onnx_decoder *decoder = target->decoder;
    const uint8_t *bytes;
    size_t size;
    if (!ht__onnx_take(decoder, stream, &bytes, &size)) {
        return false;
    }
    if (!is_text(bytes, size)) {
        return ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "A text is not UTF-8.");
    }
    char *copy = ht__arena_alloc(decoder->document->arena, size + 1);
    if (copy == NULL) {
        return ht__onnx_refuse_memory(decoder, size + 1);
    }
    memcpy(copy, bytes, size);
    memcpy(target->place, &copy, sizeof copy);
    return true;
}

bool ht__onnx_read_pair(pb_istream_t *stream, onnx_decoder *decoder, onnx_pair *out) {
    *out = (onnx_pair){"", ""};
    onnx_target key = {decoder, &out->key}, value = {decoder, &out->value};
    onnx_StringStringEntryProto message = {.key = {{ht__onnx_read_text}, &key},
                                           .value = {{ht__onnx_read_text}, &value}};
    return pb_decode(stream, onnx_StringStringEntryProto_fields, &message);
}

/* Makes room for `more` numbers of `size` bytes. */
static bool reserve(onnx_numbers *numbers, size_t more, size_t size) {
    if (more <= numbers->capacity - numbers->count) {
        return true;
    }
    size_t next = 2 * numbers->capacity > numbers->count + more ? 2 * numbers->capacity : numbers->count + more;
    void *items = ht__arena_alloc(numbers->decoder->document->arena, next * size);
    if (items == NULL) {
        return ht__onnx_refuse_memory(numbers->decoder, next * size);
    }
    if (numbers->count != 0) {
        memcpy(items, numbers->items, numbers->count * size);
    }
    numbers->items = items;
    numbers->capacity = next;
    return true;
}

/* A tensor keeps its numbers in one field, the one that belongs to its type. */
static bool same_field(onnx_numbers *numbers, const pb_field_t *field) {
    if (numbers->field != 0 && numbers->field != field->tag) {
        return ht__onnx_refuse(numbers->decoder, HT_ERROR_FORMAT, "A tensor has its numbers in two fields.");
    }
    numbers->field = field->tag;
    return true;
}

bool ht__onnx_read_integers(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    onnx_numbers *numbers = *arg;
    if (!same_field(numbers, field)) {
        return false;
    }
    while (stream->bytes_left != 0) {
        uint64_t value;
        if (!reserve(numbers, 1, sizeof(int64_t)) || !pb_decode_varint(stream, &value)) {
            return false;
        }
        ((int64_t *)numbers->items)[numbers->count++] = (int64_t)value;
    }
    return true;
}

/* Numbers of a fixed size: a packed run is taken over as it stands (the format is little endian, and so are we). */
static bool read_fixed(pb_istream_t *stream, const pb_field_t *field, onnx_numbers *numbers, size_t size) {
    size_t bytes = stream->bytes_left;
    if (!same_field(numbers, field)) {
        return false;
    }
    if (bytes % size != 0) {
        return ht__onnx_refuse(numbers->decoder, HT_ERROR_FORMAT, "A list of numbers ends inside a number.");
    }
    if (!reserve(numbers, bytes / size, size)) {
        return false;
    }
    if (bytes != 0 && !pb_read(stream, (pb_byte_t *)numbers->items + numbers->count * size, bytes)) {
        return false;
    }
    numbers->count += bytes / size;
    return true;
}

bool ht__onnx_read_floats(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    return read_fixed(stream, field, *arg, sizeof(float));
}

bool ht__onnx_read_doubles(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    return read_fixed(stream, field, *arg, sizeof(double));
}
