/* NumPy's .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): bytes [N,H,W] or [N,C,H,W]
 * are pictures; other numbers [N,F] or [N,C,H,W] are values. Labels are a second file [N], or there are none. */
#include <math.h>
#include <string.h>

#include "base/npy.h"
#include "data/readers/memory.h"
#include "data/readers/readers.h"

typedef struct npy_array {
    ht__bytes bytes;
    size_t offset; /* of the data */
    ht_type type;
    size_t size; /* bytes of an element */
    bool big_endian;
    size_t rank, dims[4], elements;
} npy_array;

static ht_status fail(const char *path, int64_t offset, const char *text, ht_error *err) {
    return ht__fail_offset(err, HT_ERROR_FORMAT, path, offset, "%s", text);
}

static ht_status read_array(const ht__reading *reading, const char *path, npy_array *out, ht_error *err) {
    ht_npy npy;
    HT_TRY(ht__bytes_read(&reading->ctx->allocator, path, HT__FILE_LIMIT, &out->bytes, err));
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

static double element(const npy_array *array, size_t index) {
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

/* f32 copies of all elements. */
static ht_status copy_floats(const ht__reading *reading, const char *path, const npy_array *array, float **out,
                             ht_error *err) {
    *out = ht__arena_alloc(reading->arena, array->elements * sizeof **out);
    if (*out == NULL) {
        return ht__fail_memory(err, array->elements * sizeof **out);
    }
    for (size_t i = 0; i < array->elements; ++i) {
        (*out)[i] = (float)element(array, i);
        if (!isfinite((*out)[i])) {
            return ht__fail_offset(err, HT_ERROR_NUMERIC, path, (int64_t)(array->offset + i * array->size),
                                   "Element %zu is not a finite f32 number.", i);
        }
    }
    return HT_OK;
}

static ht_status take_inputs(const ht__reading *reading, const char *path, npy_array *array, bool channels_last,
                             ht__source *out, ht_error *err) {
    out->samples = array->dims[0];
    if (array->type == HT_U8 && array->rank >= 3) {
        ht__memory_pictures *memory = ht__arena_alloc(reading->arena, sizeof *memory);
        if (memory == NULL) {
            return ht__fail_memory(err, sizeof *memory);
        }
        bool last = channels_last && array->rank == 4;
        out->channels = array->rank == 3 ? 1 : array->dims[last ? 3 : 1];
        out->height = array->dims[array->rank == 3 || last ? 1 : 2];
        out->width = array->dims[array->rank == 3 || last ? 2 : 3];
        memory->file[0].bytes = array->bytes;
        memory->file[0].samples = array->dims[0];
        memory->file_count = 1;
        memory->offset = array->offset;
        memory->stride = array->elements / array->dims[0];
        memory->channels_last = last;
        array->bytes = (ht__bytes){0}; /* the source owns them now */
        ht__memory_source(memory, out);
        return HT_OK;
    }
    if (array->rank != 2 && array->rank != 4) {
        return fail(path, 10, "Inputs are bytes [N,H,W] or [N,C,H,W], or numbers [N,F] or [N,C,H,W].", err);
    }
    float *values;
    HT_TRY(copy_floats(reading, path, array, &values, err));
    out->kind = HT__SOURCE_VALUES;
    out->values = values;
    out->rank = array->rank - 1;
    for (size_t i = 0; i < HT_DATASET_MAX_RANK; ++i) {
        out->dims[i] = i < out->rank ? array->dims[i + 1] : 1;
    }
    return HT_OK;
}

static ht_status take_targets(const ht__reading *reading, const char *path, const npy_array *array, ht__source *out,
                              ht_error *err) {
    if (array->dims[0] != out->samples || array->rank > 2 ||
        (reading->task == HT_TASK_CLASSIFICATION && array->elements != out->samples)) {
        return ht__fail_offset(err, HT_ERROR_MISMATCH, path, 10, "There are %zu labels for %zu samples.",
                               array->elements, out->samples);
    }
    if (reading->task == HT_TASK_REGRESSION) {
        out->target_width = array->elements / out->samples;
        return copy_floats(reading, path, array, &out->targets, err);
    }
    uint32_t *labels = ht__arena_alloc(reading->arena, out->samples * sizeof *labels);
    if (labels == NULL) {
        return ht__fail_memory(err, out->samples * sizeof *labels);
    }
    for (size_t i = 0; i < out->samples; ++i) {
        double label = element(array, i);
        labels[i] = label >= 0 && label < UINT32_MAX && label == floor(label) ? (uint32_t)label : UINT32_MAX;
    }
    return ht__source_labels(reading, out, labels, path, (int64_t)array->offset, (int64_t)array->size, err);
}

static ht_status read_npy(const ht__reading *reading, ht__source *out, ht_error *err) {
    static const char *const keys[] = {"channels-last", NULL};
    const char *inputs, *labels;
    bool channels_last = false;
    HT_TRY(ht__fields_known(&reading->options, keys, err));
    HT_TRY(ht__field_bool(&reading->options, "channels-last", &channels_last, err));
    HT_TRY(ht__reading_file(reading, "images", &inputs, err));
    bool labelled = false; /* samples to calibrate on need no labels */
    for (size_t i = 0; i < reading->file_count; ++i) {
        labelled = labelled || strcmp(reading->files[i].role, "labels") == 0;
    }
    HT_TRY(labelled ? ht__reading_file(reading, "labels", &labels, err) : HT_OK);
    npy_array array = {0}, targets = {0};
    ht_status status = read_array(reading, inputs, &array, err);
    if (status == HT_OK) {
        status = take_inputs(reading, inputs, &array, channels_last, out, err);
    }
    if (status == HT_OK && !labelled) {
        status = ht__source_unlabelled(reading, out, err);
    }
    if (status == HT_OK && labelled) {
        status = read_array(reading, labels, &targets, err);
    }
    if (status == HT_OK && labelled) {
        status = take_targets(reading, labels, &targets, out, err);
    }
    ht__bytes_free(&array.bytes);
    ht__bytes_free(&targets.bytes);
    if (status != HT_OK && out->close != NULL) {
        out->close(out);
    }
    return status;
}

const ht__reader_type ht__reader_npy = {"npy", "NumPy arrays: pictures or numbers, with a second array of labels",
                                        "images", read_npy};
