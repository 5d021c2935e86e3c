#include "base/npy.h"

#include <stdlib.h>
#include <string.h>

/* The longest header that is read; NumPy's own are below 256 bytes for plain types. */
#define MAX_HEADER 4096
#define HEADER_AT 10 /* where the text of a version 1 header begins */

static ht_status damaged(const char *name, const char *text, ht_error *err) {
    return ht__fail_offset(err, HT_ERROR_FORMAT, name, HEADER_AT, "%s", text);
}

/* The text behind 'key': in the header's Python dictionary; NULL when it is not there. */
static const char *entry(const char *header, const char *key) {
    const char *at = strstr(header, key);
    return at != NULL ? at + strlen(key) + strspn(at + strlen(key), " ") : NULL;
}

/* Kind and bytes of NumPy's types that we have. */
typedef struct npy_type {
    char kind;
    uint8_t bytes;
    ht_type type;
} npy_type;

static const npy_type types[] = {
    {'b', 1, HT_BOOL}, {'u', 1, HT_U8},  {'u', 2, HT_U16},  {'u', 4, HT_U32},  {'u', 8, HT_U64},
    {'i', 1, HT_I8},   {'i', 2, HT_I16}, {'i', 4, HT_I32},  {'i', 8, HT_I64},  {'f', 2, HT_F16},
    {'f', 4, HT_F32},  {'f', 8, HT_F64}, {'V', 1, HT_NONE}, {'V', 2, HT_NONE},
};

static ht_status read_type(const char *name, const char *text, ht_npy *out, ht_error *err) {
    if (text == NULL || strlen(text) < 5 || text[0] != '\'') {
        return damaged(name, "The header has no 'descr' of a plain number.", err);
    }
    char order = text[1], kind = text[2];
    out->big_endian = order == '>';
    for (size_t i = 0; i < sizeof types / sizeof types[0] && strchr("<>|=", order) != NULL; ++i) {
        if (types[i].kind == kind && text[3] == '0' + types[i].bytes && text[4] == '\'') {
            out->desc.type = types[i].type;
            out->element = types[i].bytes;
            return HT_OK;
        }
    }
    return ht__fail_offset(err, HT_ERROR_UNSUPPORTED, name, HEADER_AT, "Elements of type %.8s are not read.", text);
}

static ht_status read_shape(const char *name, const char *text, ht_npy *out, ht_error *err) {
    if (text == NULL || *text++ != '(') {
        return damaged(name, "The header has no 'shape'.", err);
    }
    for (out->desc.rank = 0; *text != ')'; ++out->desc.rank) {
        char *end;
        unsigned long long dim = strtoull(text, &end, 10);
        if (end == text || *text == '-' || dim > INT64_MAX) {
            return damaged(name, "The header's 'shape' cannot be read.", err);
        }
        if (out->desc.rank == HT_MAX_RANK) {
            return ht__fail_offset(err, HT_ERROR_LIMIT, name, HEADER_AT, "The array has more than %d dimensions.",
                                   HT_MAX_RANK);
        }
        out->desc.dims[out->desc.rank] = (int64_t)dim;
        text = end + strspn(end, ", ");
    }
    return ht__desc_is_sane(&out->desc) ? HT_OK : damaged(name, "The header's 'shape' is too large.", err);
}

ht_status ht__npy_parse(const uint8_t *bytes, size_t size, const char *name, ht_npy *out, ht_error *err) {
    ht_reader reader = {bytes, size, 0, name};
    const uint8_t *magic, *length, *text;
    *out = (ht_npy){.element = 0};
    HT_TRY(ht__read_bytes(&reader, 8, &magic, "the .npy header", err));
    if (memcmp(magic, "\x93NUMPY", 6) != 0 || magic[6] < 1 || magic[6] > 3) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, name, 0, "This is no .npy file.");
    }
    size_t width = magic[6] == 1 ? 2 : 4, header_size = 0;
    HT_TRY(ht__read_bytes(&reader, width, &length, "the .npy header", err));
    for (size_t i = 0; i < width; ++i) {
        header_size |= (size_t)length[i] << (8 * i);
    }
    if (header_size >= MAX_HEADER) {
        return damaged(name, "The header is longer than that of any plain array.", err);
    }
    HT_TRY(ht__read_bytes(&reader, header_size, &text, "the .npy header", err));
    char header[MAX_HEADER] = "";
    memcpy(header, text, header_size);
    out->offset = reader.position;
    HT_TRY(read_type(name, entry(header, "'descr':"), out, err));
    HT_TRY(read_shape(name, entry(header, "'shape':"), out, err));
    const char *order = entry(header, "'fortran_order':");
    if (order == NULL || strncmp(order, "False", 5) != 0) {
        return ht__fail_offset(err, HT_ERROR_UNSUPPORTED, name, HEADER_AT, "Arrays in Fortran order are not read.");
    }
    size_t elements = (size_t)ht__desc_elements(&out->desc), wanted;
    if (!ht__mul(elements, out->element, &wanted) || size - out->offset != wanted) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, name, (int64_t)size,
                               "The header promises %zu elements of %zu bytes; %zu bytes follow it.", elements,
                               out->element, size - out->offset);
    }
    return HT_OK;
}

/* NumPy's name of a type, and of those that it has not. */
static void name_type(ht_type type, char text[8]) {
    size_t bytes = ht_type_bytes(type);
    char kind = type == HT_I4 || type == HT_I2 ? 'i' : type == HT_U4 || type == HT_U2 ? 'u' : 'V';
    for (size_t i = 0; i < sizeof types / sizeof types[0]; ++i) {
        kind = types[i].type == type ? types[i].kind : kind;
    }
    snprintf(text, 8, "%c%c%zu", bytes == 1 || kind == 'V' ? '|' : '<', kind, bytes);
}

ht_status ht__npy_write(const ht_allocator *allocator, const char *path, bool overwrite, const ht_tensor_desc *desc,
                        const void *data, ht_error *err) {
    char type[8], shape[24 * HT_MAX_RANK + 4] = "", header[512];
    size_t used = 0, bytes = 0;
    name_type(desc->type, type);
    for (int32_t i = 0; i < desc->rank; ++i) {
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%lld, ", (long long)desc->dims[i]);
    }
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    /* The elements begin at a multiple of 64 bytes; spaces and a line end fill up to it. */
    size_t total = (HEADER_AT + (size_t)length + 1 + 63) / 64 * 64, text = total - HEADER_AT;
    memset(header + length, ' ', text - (size_t)length);
    header[text - 1] = '\n';
    const unsigned char begin[HEADER_AT] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, text & 0xff, text >> 8 & 0xff};
    if (!ht__desc_bytes(desc, &bytes)) {
        return ht__fail_at(err, HT_ERROR_LIMIT, path, "The tensor is too large.");
    }
    ht_file_writer writer;
    HT_TRY(ht__file_create(allocator, path, overwrite, &writer, err));
    fwrite(begin, 1, sizeof begin, writer.stream);
    fwrite(header, 1, text, writer.stream);
    fwrite(data, 1, bytes, writer.stream);
    return ht__file_commit(&writer, err);
}
