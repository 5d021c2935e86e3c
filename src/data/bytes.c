#include "data/bytes.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

/* Deflate packs at most 1032 : 1 (RFC 1951: 258 bytes in two bits), so a length field beyond that is a lie. */
#define DEFLATE_MAX_RATIO 1032

void ht__bytes_free(ht__bytes *bytes) {
    if (bytes->data != NULL) {
        ht__free(bytes->allocator, bytes->data);
    }
    *bytes = (ht__bytes){0};
}

static ht_status reserve(ht__bytes *out, size_t *capacity, size_t wanted, ht_error *err) {
    if (wanted <= *capacity) {
        return HT_OK;
    }
    uint8_t *larger = ht__alloc(out->allocator, wanted + 1);
    if (larger == NULL) {
        return ht__fail_memory(err, wanted + 1);
    }
    if (out->data != NULL) {
        memcpy(larger, out->data, out->size);
        ht__free(out->allocator, out->data);
    }
    out->data = larger;
    *capacity = wanted;
    return HT_OK;
}

/* The unpacked size that the last four bytes claim, where that is credible; else four times the packed size. */
static size_t expected_size(const uint8_t *data, size_t size, size_t limit) {
    size_t claim = size < 18 ? 0
                             : (size_t)data[size - 4] | (size_t)data[size - 3] << 8 | (size_t)data[size - 2] << 16 |
                                   (size_t)data[size - 1] << 24;
    size_t expected = claim > size / 8 && claim / DEFLATE_MAX_RATIO <= size ? claim : size * 4;
    return expected < 64 ? 64 : expected > limit ? limit + 1 : expected + 1;
}

static ht_status inflate_all(z_stream *stream, const char *name, const uint8_t *data, size_t size, size_t limit,
                             ht__bytes *out, ht_error *err) {
    size_t capacity = 0, consumed = 0;
    HT_TRY(reserve(out, &capacity, expected_size(data, size, limit), err));
    for (;;) {
        size_t input = size - consumed;
        stream->next_in = (Bytef *)(uintptr_t)(data + consumed); /* zlib's interface predates const */
        stream->avail_in = input > UINT_MAX ? UINT_MAX : (uInt)input;
        size_t room = capacity - out->size;
        stream->next_out = out->data + out->size;
        stream->avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
        uInt input_given = stream->avail_in, room_given = stream->avail_out;
        int result = inflate(stream, Z_NO_FLUSH);
        consumed += input_given - stream->avail_in;
        out->size += room_given - stream->avail_out;
        if (out->size > limit) {
            return ht__fail_offset(err, HT_ERROR_LIMIT, name, (int64_t)consumed,
                                   "The file unpacks to more than %zu bytes, the limit.", limit);
        }
        if (result == Z_STREAM_END) {
            if (consumed == size) {
                return HT_OK;
            }
            inflateReset(stream); /* gzip files may be joined end to end */
        } else if (result == Z_MEM_ERROR) {
            return ht__fail_memory(err, size);
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return ht__fail_offset(err, HT_ERROR_FORMAT, name, (int64_t)consumed, "The gzip data are damaged: %s.",
                                   stream->msg != NULL ? stream->msg : "not a gzip stream");
        } else if (out->size == capacity) { /* one byte beyond the limit, so that a full buffer means too much */
            HT_TRY(reserve(out, &capacity, capacity > limit / 2 ? limit + 1 : capacity * 2, err));
        } else if (consumed == size) {
            return ht__fail_offset(err, HT_ERROR_FORMAT, name, (int64_t)consumed,
                                   "The gzip data end early, after %zu unpacked bytes.", out->size);
        }
    }
}

ht_status ht__bytes_unpack(const ht_allocator *allocator, const char *name, const uint8_t *data, size_t size,
                           size_t limit, ht__bytes *out, ht_error *err) {
    *out = (ht__bytes){.allocator = allocator};
    if (size == 0) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, name, 0, "The file is empty.");
    }
    ht_status status = HT_OK;
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
        z_stream stream = {0};
        if (inflateInit2(&stream, 15 + 16) != Z_OK) { /* the largest window; a gzip header */
            return ht__fail_memory(err, size);
        }
        status = inflate_all(&stream, name, data, size, limit, out, err);
        inflateEnd(&stream);
    } else if (size > limit) {
        status =
            ht__fail_offset(err, HT_ERROR_LIMIT, name, 0, "The file has %zu bytes; the limit is %zu.", size, limit);
    } else {
        size_t capacity = 0;
        status = reserve(out, &capacity, size, err);
        if (status == HT_OK) {
            memcpy(out->data, data, size);
            out->size = size;
        }
    }
    if (status == HT_OK && out->size == 0) {
        status = ht__fail_offset(err, HT_ERROR_FORMAT, name, 0, "The file unpacks to nothing.");
    }
    if (status != HT_OK) {
        ht__bytes_free(out);
        return status;
    }
    out->data[out->size] = '\0';
    return HT_OK;
}

ht_status ht__bytes_read(const ht_allocator *allocator, const char *path, size_t limit, ht__bytes *out, ht_error *err) {
    *out = (ht__bytes){0};
    ht_file_view view;
    HT_TRY(ht__file_map(path, &view, err));
    ht_status status = ht__bytes_unpack(allocator, path, view.data, view.size, limit, out, err);
    ht__file_unmap(&view);
    return status;
}
