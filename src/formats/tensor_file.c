/* Files that hold one tensor. */
#include <string.h>

#include "base/npy.h"
#include "formats/tensors.h"
#include "numeric/scalar.h"
#ifdef HT_WITH_ONNX
#include "formats/onnx/onnx.h"
#endif

static bool ends_with(const char *path, const char *suffix) {
    size_t length = strlen(path), tail = strlen(suffix);
    return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

/* Types that NumPy has no name for lie in the file as other ones. */
static ht_status settle_type(const char *path, const ht_npy *npy, ht_type expected, ht_type *out, ht_error *err) {
    bool narrow_unsigned = expected == HT_U4 || expected == HT_U2,
         narrow_signed = expected == HT_I4 || expected == HT_I2;
    *out = npy->desc.type;
    if ((npy->desc.type == HT_U8 && narrow_unsigned) || (npy->desc.type == HT_I8 && narrow_signed)) {
        *out = expected;
        return HT_OK;
    }
    if (npy->desc.type != HT_NONE) {
        return HT_OK;
    }
    *out = expected;
    return ht_type_bytes(expected) == npy->element
               ? HT_OK
               : ht__fail_at(err, HT_ERROR_MISMATCH, path,
                             "The file holds raw elements of %zu bytes, which are no numbers of type %s.", npy->element,
                             ht_type_name(expected));
}

/* Copies `count` elements, turned round where the file has the highest byte first. */
static void copy_elements(const uint8_t *from, uint8_t *to, size_t count, const ht_npy *npy) {
    size_t size = npy->element;
    if (!npy->big_endian || size == 1) {
        memcpy(to, from, count * size);
        return;
    }
    for (size_t i = 0; i < count * size; ++i) {
        to[i] = from[i / size * size + (size - 1 - i % size)];
    }
}

/* Elements of less than 8 bits must not have others set: kernels count on it. */
static ht_status check_narrow(const char *path, const ht_tensor_desc *desc, const void *data, ht_error *err) {
    unsigned bits = ht__type_bits(desc->type);
    int64_t elements = ht__desc_elements(desc);
    if (bits >= 8) {
        return HT_OK;
    }
    bool is_signed = ht__type_is_signed(desc->type);
    int low = is_signed ? -(1 << (bits - 1)) : 0, high = is_signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
    for (int64_t i = 0; i < elements; ++i) {
        int value = is_signed ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
        if (value < low || value > high) {
            return ht__fail_at(err, HT_ERROR_NUMERIC, path, "Element %lld is %d, which is no %s.", (long long)i, value,
                               ht_type_name(desc->type));
        }
    }
    return HT_OK;
}

static ht_status read_npy(ht_context *ctx, const ht_file_view *file, const char *path, ht_type expected,
                          ht_tensor_desc *desc, void **data, ht_error *err) {
    ht_npy npy;
    size_t bytes = 0;
    HT_TRY(ht__npy_parse(file->data, file->size, path, &npy, err));
    *desc = npy.desc;
    HT_TRY(settle_type(path, &npy, expected, &desc->type, err));
    size_t elements = (size_t)ht__desc_elements(desc);
    *data = ht__desc_bytes(desc, &bytes) ? ht__alloc(&ctx->allocator, bytes) : NULL;
    if (*data == NULL) {
        return ht__fail_memory(err, bytes);
    }
    if (elements != 0) {
        copy_elements(file->data + npy.offset, *data, elements, &npy);
    }
    return check_narrow(path, desc, *data, err);
}

static ht_status read_onnx(ht_context *ctx, const ht_file_view *file, const char *path, ht_tensor_desc *desc,
                           void **data, ht_error *err) {
#ifdef HT_WITH_ONNX
    return ht__onnx_read_tensor_file(ctx, file->data, file->size, path, desc, data, err);
#else
    (void)ctx;
    (void)file;
    (void)desc;
    (void)data;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, path, "This build leaves out ONNX (HALFTONE_WITH_ONNX).");
#endif
}

ht_status ht_tensor_read(ht_context *ctx, const char *path, const char *name, ht_type expected, ht_tensors **out,
                         ht_error *err) {
    ht_file_view file;
    HT_TRY(ht__file_map(path, &file, err));
    ht_tensor_desc desc;
    void *data = NULL;
    ht_tensors *tensors = NULL;
    ht_status status = ends_with(path, ".npy") ? read_npy(ctx, &file, path, expected, &desc, &data, err)
                                               : read_onnx(ctx, &file, path, &desc, &data, err);
    if (status == HT_OK) {
        status = ht__tensors_create(&ctx->allocator, 1, &tensors, err);
    }
    if (status == HT_OK) {
        status = ht__tensors_set(tensors, 0, name, &desc, data, err);
    }
    ht__file_unmap(&file);
    if (status != HT_OK) {
        ht__free(&ctx->allocator, data);
        ht_tensors_destroy(tensors);
        return status;
    }
    *out = tensors;
    return HT_OK;
}

ht_status ht_tensor_write(ht_context *ctx, const char *path, const ht_tensor *tensor, bool overwrite, ht_error *err) {
    ht_tensor_desc desc = {.type = tensor->type, .rank = tensor->rank};
    memcpy(desc.dims, tensor->dims, sizeof desc.dims);
    return ht__npy_write(&ctx->allocator, path, overwrite, &desc, tensor->data, err);
}
