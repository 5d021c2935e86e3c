/* NumPy's .npy files: a header that says type and shape, then the elements
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
#ifndef HT_BASE_NPY_H
#define HT_BASE_NPY_H

#include "base/file.h"
#include "base/tensor.h"

typedef struct ht_npy {
    ht_tensor_desc desc; /* plain; type HT_NONE for raw bytes ('V'), which stand for a type that NumPy has not */
    size_t element;      /* bytes of an element: 1, 2, 4, 8 */
    size_t offset;       /* of the first element in the file */
    bool big_endian;
} ht_npy;

/* Reads the header of `size` bytes of a file called `name`; the elements are checked to be there, all of them and
 * nothing else. Errors: HT_ERROR_FORMAT, HT_ERROR_UNSUPPORTED (Fortran order, texts, complex numbers), HT_ERROR_LIMIT
 * (more than HT_MAX_RANK dimensions), each with the offset. */
ht_status ht__npy_parse(const uint8_t *bytes, size_t size, const char *name, ht_npy *out, ht_error *err);
/* Writes a plain tensor. Types that NumPy has not are written as raw bytes of their width ('V1', 'V2'), i2 and i4 as
 * i1, u2 and u4 as u1. Errors: HT_ERROR_EXISTS, HT_ERROR_IO. */
ht_status ht__npy_write(const ht_allocator *allocator, const char *path, bool overwrite, const ht_tensor_desc *desc,
                        const void *data, ht_error *err);

#endif
