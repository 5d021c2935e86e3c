/* NumPy's .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): bytes [N,H,W] or [N,C,H,W]
 * are pictures; other numbers [N,F] or [N,C,H,W] are values. Labels are a second file [N], or there are none. */
#include <math.h>
#include <string.h>

#include "data/readers/memory.h"
#include "data/readers/npy_array.h"
#include "data/readers/readers.h"

static ht_status fail(const char *path, int64_t offset, const char *text, ht_error *err) {
    return ht__fail_offset(err, HT_ERROR_FORMAT, path, offset, "%s", text);
}

static ht_status take_inputs(const ht__reading *reading, const char *path, ht__npy_array *array, bool channels_last,
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
    HT_TRY(ht__npy_floats(reading->arena, path, array, &values, err));
    out->kind = HT__SOURCE_VALUES;
    out->values = values;
    out->rank = array->rank - 1;
    for (size_t i = 0; i < HT_DATASET_MAX_RANK; ++i) {
        out->dims[i] = i < out->rank ? array->dims[i + 1] : 1;
    }
    return HT_OK;
}

static ht_status take_targets(const ht__reading *reading, const char *path, const ht__npy_array *array, ht__source *out,
                              ht_error *err) {
    if (array->dims[0] != out->samples || array->rank > 2 ||
        (reading->task == HT_TASK_CLASSIFICATION && array->elements != out->samples)) {
        return ht__fail_offset(err, HT_ERROR_MISMATCH, path, 10, "There are %zu labels for %zu samples.",
                               array->elements, out->samples);
    }
    if (reading->task == HT_TASK_REGRESSION) {
        out->target_width = array->elements / out->samples;
        return ht__npy_floats(reading->arena, path, array, &out->targets, err);
    }
    uint32_t *labels = ht__arena_alloc(reading->arena, out->samples * sizeof *labels);
    if (labels == NULL) {
        return ht__fail_memory(err, out->samples * sizeof *labels);
    }
    for (size_t i = 0; i < out->samples; ++i) {
        double label = ht__npy_element(array, i);
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
    ht__npy_array array = {0}, targets = {0};
    ht_status status = ht__npy_array_read(reading->ctx, inputs, &array, err);
    if (status == HT_OK) {
        status = take_inputs(reading, inputs, &array, channels_last, out, err);
    }
    if (status == HT_OK && !labelled) {
        status = ht__source_unlabelled(reading, out, err);
    }
    if (status == HT_OK && labelled) {
        status = ht__npy_array_read(reading->ctx, labels, &targets, err);
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
