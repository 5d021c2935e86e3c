/* Labels as class indices, checked against the number of classes. */
#include <string.h>

#include "data/readers/readers.h"

#define MAX_CLASSES 100000u

static ht_status name_by_number(const ht__reading *reading, size_t count, ht__source *source, ht_error *err) {
    const char **names = ht__arena_alloc(reading->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; names != NULL && i < count; ++i) {
        if ((names[i] = ht__arena_printf(reading->arena, "%zu", i)) == NULL) {
            names = NULL;
        }
    }
    source->classes = names;
    source->class_count = count;
    return names != NULL ? HT_OK : ht__fail_memory(err, count * sizeof *names);
}

ht_status ht__source_labels(const ht__reading *reading, ht__source *source, const uint32_t *labels, const char *file,
                            int64_t offset_of_first, int64_t stride, ht_error *err) {
    size_t limit = reading->classes != NULL ? reading->class_count : MAX_CLASSES;
    size_t largest = 0;
    source->targets = ht__arena_alloc(reading->arena, (source->samples + 1) * sizeof *source->targets);
    if (source->targets == NULL) {
        return ht__fail_memory(err, source->samples * sizeof *source->targets);
    }
    source->target_width = 1;
    for (size_t i = 0; i < source->samples; ++i) {
        if (labels[i] >= limit) {
            return ht__fail_offset(err, HT_ERROR_FORMAT, file,
                                   stride > 0 ? offset_of_first + (int64_t)i * stride : offset_of_first,
                                   "Sample %zu has the label %u; there are %zu classes.", i, labels[i], limit);
        }
        largest = labels[i] > largest ? labels[i] : largest;
        source->targets[i] = (float)labels[i];
    }
    if (reading->classes == NULL) {
        return name_by_number(reading, largest + 1, source, err);
    }
    source->classes = reading->classes;
    source->class_count = reading->class_count;
    return HT_OK;
}

ht_status ht__source_unlabelled(const ht__reading *reading, ht__source *source, ht_error *err) {
    static const char *const names[] = {"unlabelled"};
    source->targets = ht__arena_alloc(reading->arena, (source->samples + 1) * sizeof *source->targets);
    if (source->targets == NULL) {
        return ht__fail_memory(err, source->samples * sizeof *source->targets);
    }
    source->target_width = 1;
    source->classes = reading->classes != NULL ? reading->classes : names;
    source->class_count = reading->classes != NULL ? reading->class_count : 1;
    return HT_OK;
}
