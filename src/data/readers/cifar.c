/* CIFAR's binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte (CIFAR-10) or two
 * (CIFAR-100: coarse, fine) and 3072 bytes of a 32x32 picture: the red plane, the green, the blue. Every file of the
 * part is read, in the order of the description. */
#include "data/readers/memory.h"
#include "data/readers/readers.h"

#define PICTURE_BYTES 3072u

static ht_status take_file(const ht__reading *reading, const char *path, size_t record, ht__memory_pictures *memory,
                           ht_error *err) {
    size_t i = memory->file_count;
    HT_TRY(ht__bytes_read(&reading->ctx->allocator, path, HT__FILE_LIMIT, &memory->file[i].bytes, err));
    ++memory->file_count;
    size_t size = memory->file[i].bytes.size;
    if (size % record != 0) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, path, (int64_t)(size - size % record),
                               "The last record is cut short: %zu of %zu bytes.", size % record, record);
    }
    memory->file[i].samples = size / record;
    return HT_OK;
}

static ht_status take_labels(const ht__reading *reading, const ht__memory_pictures *memory, size_t which,
                             ht__source *out, ht_error *err) {
    uint32_t *labels = ht__arena_alloc(reading->arena, (out->samples + 1) * sizeof *labels);
    if (labels == NULL) {
        return ht__fail_memory(err, out->samples * sizeof *labels);
    }
    size_t sample = 0;
    for (size_t f = 0; f < memory->file_count; ++f) {
        for (size_t i = 0; i < memory->file[f].samples; ++i) {
            size_t offset = i * memory->stride + which;
            labels[sample] = memory->file[f].bytes.data[offset];
            if (reading->classes != NULL && labels[sample] >= reading->class_count) {
                return ht__fail_offset(err, HT_ERROR_FORMAT, reading->files[f].path, (int64_t)offset,
                                       "Record %zu has the label %u; there are %zu classes.", i, labels[sample],
                                       reading->class_count);
            }
            ++sample;
        }
    }
    return ht__source_labels(reading, out, labels, reading->files[0].path, -1, 0, err);
}

static ht_status read_cifar(const ht__reading *reading, ht__source *out, ht_error *err) {
    static const char *const keys[] = {"labels", "label", NULL};
    size_t label_bytes = 1, which = 0;
    ht__memory_pictures *memory = ht__arena_alloc(reading->arena, sizeof *memory);
    if (memory == NULL) {
        return ht__fail_memory(err, sizeof *memory);
    }
    HT_TRY(ht__fields_known(&reading->options, keys, err));
    HT_TRY(ht__field_size(&reading->options, "labels", 1, 2, &label_bytes, err));
    HT_TRY(ht__field_size(&reading->options, "label", 0, label_bytes - 1, &which, err));
    memory->offset = label_bytes;
    memory->stride = label_bytes + PICTURE_BYTES;
    out->channels = 3;
    out->height = out->width = 32;
    ht_status status = HT_OK;
    for (size_t i = 0; status == HT_OK && i < reading->file_count; ++i) {
        status = take_file(reading, reading->files[i].path, memory->stride, memory, err);
    }
    if (status == HT_OK) {
        ht__memory_source(memory, out);
        status = take_labels(reading, memory, which, out, err);
    }
    if (status != HT_OK) {
        ht__memory_free(memory);
    }
    return status;
}

const ht__reader_type ht__reader_cifar = {"cifar", "CIFAR-10 and CIFAR-100, binary version (.gz too)", "batch",
                                          read_cifar};
