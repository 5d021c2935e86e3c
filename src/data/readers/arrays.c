/* A folder of .npy files that hold what a network reads: each one sample ([F] or [C,H,W]), or several ([N,F] or
 * [N,C,H,W]), of any numbers. Files are taken in the order of their names. There are no labels. */
#include <string.h>

#include "base/file.h"
#include "data/readers/npy_array.h"
#include "data/readers/readers.h"

enum { MOST_FILES = 1000000 };

/* How many samples an array holds, and the rank of one. */
static size_t samples_of(const ht__npy_array *array, size_t *rank) {
    bool several = array->rank == 2 || array->rank == 4;
    *rank = array->rank - (several ? 1 : 0);
    return several ? array->dims[0] : 1;
}

static ht_status check_shape(const char *path, const ht__npy_array *array, const ht__source *out, size_t rank,
                             const char *first, ht_error *err) {
    const size_t *dims = array->dims + (array->rank - rank);
    bool same = rank == out->rank;
    for (size_t i = 0; same && i < rank; ++i) {
        same = dims[i] == out->dims[i];
    }
    return same ? HT_OK
                : ht__fail_at(err, HT_ERROR_MISMATCH, path, "Its samples have another shape than those of %.100s.",
                              first);
}

/* Adds one file's samples to values[*used ..], which grows. */
static ht_status add_file(const ht__reading *reading, const char *path, const char *first, ht__source *out,
                          float **values, size_t *capacity, size_t *used, ht_error *err) {
    ht__npy_array array = {0};
    size_t rank, bytes;
    ht_status status = ht__npy_array_read(reading->ctx, path, &array, err);
    size_t samples = status == HT_OK ? samples_of(&array, &rank) : 0;
    if (status == HT_OK && out->samples == 0) {
        out->rank = rank;
        for (size_t i = 0; i < HT_DATASET_MAX_RANK; ++i) {
            out->dims[i] = i < rank ? array.dims[array.rank - rank + i] : 1;
        }
    }
    if (status == HT_OK) {
        status = check_shape(path, &array, out, rank, first, err);
    }
    if (status == HT_OK && (!ht__mul(*used + array.elements, sizeof **values, &bytes) || bytes > HT__FILE_LIMIT)) {
        status = ht__fail_at(err, HT_ERROR_LIMIT, path, "The folder's arrays take more than %zu GiB; take fewer files.",
                             HT__FILE_LIMIT >> 30);
    }
    if (status == HT_OK) {
        status = ht__grow(&reading->ctx->allocator, values, sizeof **values, capacity, *used + array.elements, err);
    }
    if (status == HT_OK) {
        status = ht__npy_fill(path, &array, *values + *used, err);
        *used += array.elements;
        out->samples += samples;
    }
    ht__bytes_free(&array.bytes);
    return status;
}

static ht_status read_files(const ht__reading *reading, const char *folder, const ht__names *list, ht__source *out,
                            ht_error *err) {
    float *values = NULL;
    size_t capacity = 0, used = 0;
    ht_status status = HT_OK;
    for (size_t i = 0; i < list->count && status == HT_OK; ++i) {
        const char *path = ht__arena_printf(reading->arena, "%s/%s", folder, list->name[i]);
        status = path != NULL ? add_file(reading, path, list->name[0], out, &values, &capacity, &used, err)
                              : ht__fail_memory(err, 256);
    }
    if (status == HT_OK) {
        float *kept = ht__arena_copy(reading->arena, values, used * sizeof *values);
        out->values = kept;
        status = kept != NULL ? HT_OK : ht__fail_memory(err, used * sizeof *values);
    }
    ht__free(&reading->ctx->allocator, values);
    return status;
}

static ht_status read_arrays(const ht__reading *reading, ht__source *out, ht_error *err) {
    static const char *const keys[] = {NULL};
    const char *folder;
    ht__names list = {0};
    HT_TRY(ht__fields_known(&reading->options, keys, err));
    HT_TRY(ht__reading_file(reading, "folder", &folder, err));
    ht_status status = ht__names_inside(reading, folder, ht__is_array_name, MOST_FILES, &list, err);
    if (status == HT_OK && list.count == 0) {
        status = ht__fail_at(err, HT_ERROR_FORMAT, folder, "There is no .npy file inside this folder.");
    }
    if (status == HT_OK) {
        out->kind = HT__SOURCE_VALUES;
        status = read_files(reading, folder, &list, out, err);
    }
    ht__free(&reading->ctx->allocator, list.name);
    return status == HT_OK ? ht__source_unlabelled(reading, out, err) : status;
}

const ht__reader_type ht__reader_arrays = {"arrays", "a folder of NumPy arrays that a network reads as they are",
                                           "folder", read_arrays};
