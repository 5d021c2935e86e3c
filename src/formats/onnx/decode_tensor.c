/* Decoding a TensorProto. Raw data stays where it is, in this file or in another; numbers in the typed fields, and raw
 * data that does not lie on a multiple of its element's size, are copied. */
#include <inttypes.h>
#include <string.h>

#include "formats/onnx/decode.h"
#include "formats/onnx/external.h"
#include "numeric/scalar.h"
#include "onnx.pb.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "ONNX's raw data is little endian; a big-endian machine needs it swapped here"
#endif

/* A TensorProto while it is read. */
typedef struct tensor_reading {
    onnx_decoder *decoder;
    onnx_tensor *tensor;
    const uint8_t *raw; /* NULL: none */
    size_t raw_size;
    onnx_numbers dims, integers, floats, doubles;
    bool external;
    onnx_external_place place;
} tensor_reading;

static ht_type find_type(int32_t onnx_type) {
    static const int32_t numbers[] = {
#define TYPE_NUMBER(NAME, name, bytes, onnx) onnx,
        HT_TYPE_LIST(TYPE_NUMBER)
#undef TYPE_NUMBER
    };
    for (size_t i = 1; i < sizeof numbers / sizeof numbers[0]; ++i) {
        if (numbers[i] == onnx_type) {
            return (ht_type)i;
        }
    }
    return HT_NONE;
}

static bool read_raw(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    tensor_reading *reading = *arg;
    return ht__onnx_take(reading->decoder, stream, &reading->raw, &reading->raw_size);
}

static bool read_external(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    tensor_reading *reading = *arg;
    onnx_pair pair;
    if (!ht__onnx_read_pair(stream, reading->decoder, &pair)) {
        return false;
    }
    return ht__onnx_pass(reading->decoder,
                         ht__onnx_external_entry(&reading->place, &pair, reading->tensor->name, reading->decoder->err));
}

static bool set_shape(tensor_reading *reading) {
    onnx_tensor *tensor = reading->tensor;
    if (reading->dims.count > HT_MAX_RANK) {
        return ht__onnx_refuse(reading->decoder, HT_ERROR_LIMIT, "Tensor %s has %zu dimensions; at most %d are read.",
                               tensor->name, reading->dims.count, HT_MAX_RANK);
    }
    tensor->desc.rank = (int32_t)reading->dims.count;
    for (size_t i = 0; i < reading->dims.count; ++i) {
        tensor->desc.dims[i] = ((const int64_t *)reading->dims.items)[i];
        if (tensor->desc.dims[i] < 0) {
            return ht__onnx_refuse(reading->decoder, HT_ERROR_FORMAT, "Tensor %s has the dimension %" PRId64 ".",
                                   tensor->name, tensor->desc.dims[i]);
        }
    }
    return true;
}

static bool wrong_count(tensor_reading *reading, size_t got, size_t wanted) {
    return ht__onnx_refuse(reading->decoder, HT_ERROR_FORMAT, "Tensor %s has %zu numbers where its shape wants %zu.",
                           reading->tensor->name, got, wanted);
}

/* Copies of what lies in other files must be in proportion to those. */
static bool may_copy(tensor_reading *reading, size_t bytes) {
    return !reading->external || ht__onnx_external_may_copy(reading->decoder->document->externals, bytes) ||
           ht__onnx_refuse(reading->decoder, HT_ERROR_LIMIT,
                           "With tensor %s, the tensors in other files are too large for what those files hold.",
                           reading->tensor->name);
}

static bool take_raw(tensor_reading *reading, size_t elements, size_t size) {
    onnx_tensor *tensor = reading->tensor;
    if (reading->raw_size % size != 0 || reading->raw_size / size != elements) {
        return wrong_count(reading, reading->raw_size / size, elements);
    }
    tensor->data = reading->raw;
    tensor->lasts = true;
    if ((uintptr_t)reading->raw % size != 0 || reading->raw_size == 0) {
        if (!may_copy(reading, reading->raw_size)) {
            return false;
        }
        tensor->data = ht__arena_copy(reading->decoder->document->payload, reading->raw, reading->raw_size);
    }
    return tensor->data != NULL || ht__onnx_refuse_memory(reading->decoder, reading->raw_size);
}

/* Narrows the integers of the typed fields to `size` bytes; values that do not fit are damage. */
static bool narrow(tensor_reading *reading, size_t elements, size_t size) {
    onnx_tensor *tensor = reading->tensor;
    const int64_t *values = reading->integers.items;
    uint8_t *bytes = ht__arena_alloc(reading->decoder->document->payload, elements * size);
    if (bytes == NULL) {
        return ht__onnx_refuse_memory(reading->decoder, elements * size);
    }
    ht_type type = tensor->desc.type;
    bool is_signed = ht__type_is_signed(type);
    int64_t range = (int64_t)1 << (8 * size - (is_signed ? 1 : 0));
    for (size_t i = 0; i < elements; ++i) {
        if (values[i] < (is_signed ? -range : 0) || values[i] >= range) {
            return ht__onnx_refuse(reading->decoder, HT_ERROR_FORMAT,
                                   "Tensor %s has the value %" PRId64 ", which is no %s.", tensor->name, values[i],
                                   ht_type_name(type));
        }
        memcpy(bytes + i * size, &values[i], size);
    }
    tensor->data = bytes;
    tensor->lasts = true;
    return true;
}

/* The numbers of the typed field that belongs to the tensor's type. */
static bool take_numbers(tensor_reading *reading, size_t elements, size_t size) {
    onnx_tensor *tensor = reading->tensor;
    bool is_float = tensor->desc.type == HT_F32, is_double = tensor->desc.type == HT_F64;
    const onnx_numbers *numbers = is_float ? &reading->floats : is_double ? &reading->doubles : &reading->integers;
    if (numbers->count != elements) {
        return wrong_count(reading, numbers->count, elements);
    }
    if (elements == 0) {
        tensor->data = ht__arena_alloc(reading->decoder->document->arena, 1);
        return tensor->data != NULL || ht__onnx_refuse_memory(reading->decoder, 1);
    }
    if (is_float || is_double || size == sizeof(int64_t)) {
        tensor->data = numbers->items;
        return true;
    }
    return narrow(reading, elements, size);
}

/* The bytes that hold elements of less than 8 bits, least significant bits first: raw, or one byte in each number. */
static bool packed_byte(const tensor_reading *reading, size_t i, uint8_t *out) {
    int64_t number = reading->raw != NULL ? reading->raw[i] : ((const int64_t *)reading->integers.items)[i];
    *out = (uint8_t)number;
    return number >= 0 && number <= UINT8_MAX;
}

static bool take_packed(tensor_reading *reading, size_t elements, unsigned bits) {
    onnx_tensor *tensor = reading->tensor;
    /* In the typed field the floats of 6 bits have a number each, everything else lies as in the raw bytes. */
    unsigned each = reading->raw == NULL && bits == 6 ? 8 : bits;
    size_t got = reading->raw != NULL ? reading->raw_size : reading->integers.count;
    if (got != elements / 8 * each + (elements % 8 * each + 7) / 8) {
        return wrong_count(reading, got, elements);
    }
    if (!may_copy(reading, elements)) {
        return false;
    }
    uint8_t *bytes = ht__arena_alloc(reading->decoder->document->payload, elements);
    if (bytes == NULL) {
        return ht__onnx_refuse_memory(reading->decoder, elements);
    }
    bool is_signed = ht__type_is_signed(tensor->desc.type);
    for (size_t i = 0; i < elements; ++i) {
        size_t at = i / 8 * each + i % 8 * each / 8, shift = i % 8 * each % 8;
        uint8_t low, high = 0;
        if (!packed_byte(reading, at, &low) || (shift + bits > 8 && !packed_byte(reading, at + 1, &high))) {
            return ht__onnx_refuse(reading->decoder, HT_ERROR_FORMAT, "Tensor %s has a number that is no byte.",
                                   tensor->name);
        }
        unsigned code = ((unsigned)high << 8 | low) >> shift & ((1u << bits) - 1);
        bytes[i] = (uint8_t)(is_signed && code >> (bits - 1) != 0 ? code - (1u << bits) : code);
    }
    tensor->data = bytes;
    tensor->lasts = true;
    return true;
}

/* Finds the raw data in another file. */
static bool find_external(tensor_reading *reading) {
    onnx_decoder *decoder = reading->decoder;
    if (reading->raw != NULL || reading->integers.count + reading->floats.count + reading->doubles.count != 0) {
        return ht__onnx_refuse(decoder, HT_ERROR_FORMAT, "Tensor %s has its data here and in another file.",
                               reading->tensor->name);
    }
    reading->raw_size = ht__onnx_tensor_bytes(reading->tensor);
    return ht__onnx_pass(decoder,
                         ht__onnx_external_find(decoder->document->externals, &reading->place, reading->tensor->name,
                                                reading->raw_size, &reading->raw, decoder->err));
}

/* Everything has been read: shape, type and data must agree. */
static bool finish(tensor_reading *reading) {
    onnx_tensor *tensor = reading->tensor;
    if (!set_shape(reading)) {
        return false;
    }
    tensor->desc.type = find_type(tensor->onnx_type);
    size_t size = ht_type_bytes(tensor->desc.type);
    if (size == 0) {
        return true; /* an error only when something needs it */
    }
    int64_t elements = ht__desc_elements(&tensor->desc);
    if (elements < 0 || !ht__desc_is_sane(&tensor->desc)) {
        return ht__onnx_refuse(reading->decoder, HT_ERROR_FORMAT, "Tensor %s has more elements than fit.",
                               tensor->name);
    }
    if (reading->external && !find_external(reading)) {
        return false;
    }
    unsigned bits = ht__type_bits(tensor->desc.type);
    if (bits < 8) {
        return take_packed(reading, (size_t)elements, bits);
    }
    return reading->raw != NULL ? take_raw(reading, (size_t)elements, size)
                                : take_numbers(reading, (size_t)elements, size);
}

bool ht__onnx_read_tensor(pb_istream_t *stream, const pb_field_t *field, void **arg) {
    (void)field;
    onnx_target *target = *arg;
    onnx_decoder *decoder = target->decoder;
    onnx_tensor *tensor = ht__arena_alloc(decoder->document->arena, sizeof *tensor);
    if (tensor == NULL) {
        return ht__onnx_refuse_memory(decoder, sizeof *tensor);
    }
    tensor->name = "";
    tensor->offset = (int64_t)decoder->position;
    memcpy(target->place, &tensor, sizeof tensor);
    tensor_reading reading = {.decoder = decoder,
                              .tensor = tensor,
                              .dims = {.decoder = decoder},
                              .integers = {.decoder = decoder},
                              .floats = {.decoder = decoder},
                              .doubles = {.decoder = decoder},
                              .place = {.length = -1}};
    onnx_target name = {decoder, &tensor->name};
    onnx_TensorProto message = {
        .dims = {{ht__onnx_read_integers}, &reading.dims},
        .float_data = {{ht__onnx_read_floats}, &reading.floats},
        .int32_data = {{ht__onnx_read_integers}, &reading.integers},
        .int64_data = {{ht__onnx_read_integers}, &reading.integers},
        .uint64_data = {{ht__onnx_read_integers}, &reading.integers},
        .double_data = {{ht__onnx_read_doubles}, &reading.doubles},
        .raw_data = {{read_raw}, &reading},
        .external_data = {{read_external}, &reading},
        .name = {{ht__onnx_read_text}, &name},
    };
    if (!pb_decode(stream, onnx_TensorProto_fields, &message)) {
        return false;
    }
    tensor->onnx_type = message.data_type;
    reading.external = message.data_location == 1;
    return finish(&reading);
}

ht_status ht__onnx_decode_tensor(onnx_document *document, const uint8_t *bytes, size_t size, onnx_tensor **out,
                                 ht_error *err) {
    onnx_decoder decoder = {.document = document, .bytes = bytes, .size = size, .err = err};
    pb_istream_t stream = ht__onnx_stream(&decoder);
    onnx_target target = {&decoder, out};
    void *arg = &target;
    if (!ht__onnx_read_tensor(&stream, NULL, &arg)) {
        ht__onnx_refuse(&decoder, HT_ERROR_FORMAT, "This is no ONNX tensor, or it is damaged.");
        return decoder.status;
    }
    if ((*out)->data == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, document->file,
                           "The element type of this tensor (ONNX's number %d) is not supported.",
                           (int)(*out)->onnx_type);
    }
    return HT_OK;
}
