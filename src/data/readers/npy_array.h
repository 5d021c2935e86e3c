/* A NumPy array in memory, whatever its element type. */
#ifndef HT_DATA_READERS_NPY_ARRAY_H
#define HT_DATA_READERS_NPY_ARRAY_H

#include "base/npy.h"
#include "data/bytes.h"
#include "data/source.h"

typedef struct ht__npy_array {
    ht__bytes bytes;
    size_t offset; /* of the data */
    ht_type type;
    size_t size; /* bytes of an element */
    bool big_endian;
    size_t rank, dims[4], elements; /* rank 1..4, elements > 0 */
} ht__npy_array;

/* Reads a file; ht__bytes_free(&out->bytes) afterwards, on failure too. Errors: HT_ERROR_NOT_FOUND, HT_ERROR_IO,
 * HT_ERROR_FORMAT (damaged, empty, more than 4 dimensions), HT_ERROR_UNSUPPORTED (f16, complex, ...), HT_ERROR_LIMIT,
 * HT_ERROR_MEMORY. */
ht_status ht__npy_array_read(ht_context *ctx, const char *path, ht__npy_array *out, ht_error *err);
/* Element `index` < elements, in the file's order. */
double ht__npy_element(const ht__npy_array *array, size_t index);
/* Writes all elements to out[elements]. Errors: HT_ERROR_NUMERIC (not a finite f32 number: file, offset, element). */
ht_status ht__npy_fill(const char *path, const ht__npy_array *array, float *out, ht_error *err);
/* The same as a copy in the arena. Errors: as above, HT_ERROR_MEMORY. */
ht_status ht__npy_floats(ht_arena *arena, const char *path, const ht__npy_array *array, float **out, ht_error *err);

#endif
