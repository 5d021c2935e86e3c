/* The whole content of a file, unpacked when it is gzip. */
#ifndef HT_DATA_BYTES_H
#define HT_DATA_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/memory.h"

/* The largest file, unpacked, that is read into memory: a few bytes of gzip can claim any size. */
#define HT__FILE_LIMIT ((size_t)4 << 30)

typedef struct ht__bytes {
    uint8_t *data; /* writable, private to the reader; followed by a NUL that `size` does not count */
    size_t size;
    const ht_allocator *allocator;
} ht__bytes;

/* Reads `path`. At most `limit` bytes come out. Ownership of *out passes to the caller: ht__bytes_free.
 * Errors: HT_ERROR_IO, HT_ERROR_FORMAT (damaged gzip, with the offset in the packed file; an empty file),
 * HT_ERROR_LIMIT, HT_ERROR_MEMORY. */
ht_status ht__bytes_read(const ht_allocator *allocator, const char *path, size_t limit, ht__bytes *out, ht_error *err);
/* The same for bytes in memory; `name` stands in errors. */
ht_status ht__bytes_unpack(const ht_allocator *allocator, const char *name, const uint8_t *data, size_t size,
                           size_t limit, ht__bytes *out, ht_error *err);
void ht__bytes_free(ht__bytes *bytes);

#endif
