/* IDX: the MNIST family (http://yann.lecun.com/exdb/mnist, "FILE FORMATS FOR THE MNIST DATABASE"): two zero bytes, a
 * type (8: unsigned byte), the number of dimensions, the dimensions big-endian, the data. EMNIST stores its pictures
 * transposed: option transposed. */
#include "data/readers/memory.h"
#include "data/readers/readers.h"

#define TYPE_U8 0x08

typedef struct idx_header {
    size_t rank;
    uint32_t dims[4];
    size_t offset, elements; /* of the data */
} idx_header;

static ht_status read_header(const char *path, const ht__bytes *bytes, idx_header *out, ht_error *err) {
    ht_reader reader = {bytes->data, bytes->size, 0, path};
    const uint8_t *magic;
    HT_TRY(ht__read_bytes(&reader, 4, &magic, "the IDX header", err));
    if (magic[0] != 0 || magic[1] != 0) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, path, 0,
                               "This is no IDX file: it does not begin with two zero bytes.");
    }
    if (magic[2] != TYPE_U8) {
        return ht__fail_offset(err, HT_ERROR_UNSUPPORTED, path, 2,
                               "IDX values of type 0x%02x are not read, only bytes.", magic[2]);
    }
    out->rank = magic[3];
    if (out->rank < 1 || out->rank > 4) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, path, 3, "An IDX array of %zu dimensions is not read.", out->rank);
    }
    out->elements = 1;
    for (size_t i = 0; i < out->rank; ++i) {
        HT_TRY(ht__read_u32_big(&reader, &out->dims[i], "the IDX dimensions", err));
        if (!ht__mul(out->elements, out->dims[i], &out->elements)) {
            return ht__fail_offset(err, HT_ERROR_LIMIT, path, (int64_t)reader.position - 4,
                                   "The IDX dimensions are too large.");
        }
    }
    out->offset = reader.position;
    if (bytes->size - out->offset != out->elements) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, path, (int64_t)bytes->size,
                               "The header promises %zu bytes of data; there are %zu.", out->elements,
                               bytes->size - out->offset);
    }
    return HT_OK;
}

static ht_status take_pictures(const ht__reading *reading, const char *path, ht__memory_pictures *memory,
                               ht__source *out, ht_error *err) {
    idx_header header;
    HT_TRY(ht__bytes_read(&reading->ctx->allocator, path, HT__FILE_LIMIT, &memory->file[0].bytes, err));
    memory->file_count = 1;
    HT_TRY(read_header(path, &memory->file[0].bytes, &header, err));
    if (header.rank < 3) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, path, 3, "Pictures have 3 or 4 dimensions; these have %zu.",
                               header.rank);
    }
    if (header.elements == 0) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, path, 4, "The file holds no pictures.");
    }
    memory->file[0].samples = header.dims[0];
    memory->offset = header.offset;
    memory->stride = header.elements / header.dims[0];
    out->channels = header.rank == 4 ? header.dims[1] : 1;
    out->height = header.dims[header.rank - 2];
    out->width = header.dims[header.rank - 1];
    if (memory->transposed) {
        size_t swap = out->height;
        out->height = out->width;
        out->width = swap;
    }
    ht__memory_source(memory, out);
    return HT_OK;
}

static ht_status take_labels(const ht__reading *reading, const char *path, size_t offset_of_label, ht__source *out,
                             ht_error *err) {
    ht__bytes bytes;
    idx_header header;
    HT_TRY(ht__bytes_read(&reading->ctx->allocator, path, HT__FILE_LIMIT, &bytes, err));
    ht_status status = read_header(path, &bytes, &header, err);
    uint32_t *labels = NULL;
    if (status == HT_OK && (header.rank != 1 || header.dims[0] != out->samples)) {
        status = ht__fail_offset(err, HT_ERROR_MISMATCH, path, 4, "There are %u labels for %zu pictures.",
                                 header.dims[0], out->samples);
    }
    if (status == HT_OK) {
        labels = ht__alloc(&reading->ctx->allocator, out->samples * sizeof *labels);
        status = labels != NULL ? HT_OK : ht__fail_memory(err, out->samples * sizeof *labels);
    }
    for (size_t i = 0; status == HT_OK && i < out->samples; ++i) {
        /* A label below the first wraps to a large number, which the check refuses. */
        labels[i] = (uint32_t)bytes.data[header.offset + i] - (uint32_t)offset_of_label;
    }
    if (status == HT_OK) {
        status = ht__source_labels(reading, out, labels, path, (int64_t)header.offset, 1, err);
    }
    ht__free(&reading->ctx->allocator, labels);
    ht__bytes_free(&bytes);
    return status;
}

static ht_status read_idx(const ht__reading *reading, ht__source *out, ht_error *err) {
    static const char *const keys[] = {"transposed", "first-label", NULL};
    const char *pictures, *labels;
    size_t first_label = 0;
    ht__memory_pictures *memory = ht__arena_alloc(reading->arena, sizeof *memory);
    if (memory == NULL) {
        return ht__fail_memory(err, sizeof *memory);
    }
    HT_TRY(ht__fields_known(&reading->options, keys, err));
    HT_TRY(ht__field_bool(&reading->options, "transposed", &memory->transposed, err));
    HT_TRY(ht__field_size(&reading->options, "first-label", 0, 255, &first_label, err));
    HT_TRY(ht__reading_file(reading, "images", &pictures, err));
    HT_TRY(ht__reading_file(reading, "labels", &labels, err));
    ht_status status = take_pictures(reading, pictures, memory, out, err);
    if (status == HT_OK) {
        status = take_labels(reading, labels, first_label, out, err);
    }
    if (status != HT_OK) {
        ht__memory_free(memory);
    }
    return status;
}

const ht__reader_type ht__reader_idx = {"idx", "IDX arrays of bytes, the MNIST family (.gz too)", "images", read_idx};
