#include "data/readers/npy_array.h"

#include <math.h>
#include <string.h>

static ht_status fail(const char *path, int64_t offset, const char *text, ht_error *err) {
    return ht__fail_offset(err, HT_ERROR_FORMAT, path, offset, "%s", text);
}

ht_status ht__npy_array_read(ht_context *ctx, const char *path, ht__npy_array *out, ht_error *err) {
    ht_npy npy;
    HT_TRY(ht__bytes_read(&ctx->allocator, path, HT__FILE_LIMIT, &out->bytes, err));
    HT_TRY(ht__npy_parse(out->bytes.data, out->bytes.size, path, &npy, err));
    if (npy.desc.type == HT_NONE || npy.desc.type == HT_F16) {
        return ht__fail_offset(err, HT_ERROR_UNSUPPORTED, path, 10, "Elements of this type are not read.");
    }
    if (npy.desc.rank < 1 || npy.desc.rank > 4) {
        return fail(path, 10, "The array has not 1 to 4 dimensions.", err);
    }
    out->type = npy.desc.type;
    out->size = npy.element;
    out->offset = npy.offset;
    out->big_endian = npy.big_endian;
    out->rank = (size_t)npy.desc.rank;
    out->elements = (size_t)ht__desc_elements(&npy.desc);
    for (size_t i = 0; i < out->rank; ++i) {
        out->dims[i] = (size_t)npy.desc.dims[i];
    }
    return out->elements != 0 ? HT_OK : fail(path, (int64_t)out->offset, "The array is empty.", err);
}

double ht__npy_element(const ht__npy_array *array, size_t index) {
    const uint8_t *at = array->bytes.data + array->offset + index * array->size;
    uint64_t bits = 0;
    for (size_t i = 0; i < array->size; ++i) {
        bits |= (uint64_t)at[array->big_endian ? array->size - 1 - i : i] << (8 * i);
    }
    if (array->type == HT_F32 || array->type == HT_F64) {
        uint32_t narrow = (uint32_t)bits;
        float single;
        double wide;
        memcpy(&single, &narrow, sizeof single);
        memcpy(&wide, &bits, sizeof wide);
        return array->size == 4 ? (double)single : wide;
    }
    if (array->type == HT_I8 || array->type == HT_I16 || array->type == HT_I32 || array->type == HT_I64) {
        unsigned unused = 64 - 8 * (unsigned)array->size;
        return (double)((int64_t)(bits << unused) >> unused); /* sign extension */
    }
    return (double)bits;
}

ht_status ht__npy_fill(const char *path, const ht__npy_array *array, float *out, ht_error *err) {
    for (size_t i = 0; i < array->elements; ++i) {
        out[i] = (float)ht__npy_element(array, i);
        if (!isfinite(out[i])) {
            return ht__fail_offset(err, HT_ERROR_NUMERIC, path, (int64_t)(array->offset + i * array->size),
                                   "Element %zu is not a finite f32 number.", i);
        }
    }
    return HT_OK;
}

ht_status ht__npy_floats(ht_arena *arena, const char *path, const ht__npy_array *array, float **out, ht_error *err) {
    *out = ht__arena_alloc(arena, array->elements * sizeof **out);
    return *out != NULL ? ht__npy_fill(path, array, *out, err) : ht__fail_memory(err, array->elements * sizeof **out);
}
