/* Reading from an opened data set: everything was computed at opening, so that this only copies and looks up. */
#include <string.h>

#include "data/dataset.h"

const ht_dataset_info *ht_dataset_describe(const ht_dataset *dataset) { return &dataset->info; }
const char *ht_dataset_preprocess_json(const ht_dataset *dataset) { return dataset->preprocess_json; }
const float *ht_dataset_targets(const ht_dataset *dataset) { return dataset->targets; }

static ht_status fail_index(const ht_dataset *dataset, size_t index, ht_error *err) {
    return ht__fail_at(err, HT_ERROR_ARGUMENT, dataset->info.name, "Sample %zu was asked for; there are %zu.", index,
                       dataset->info.samples);
}

/* x[c][p] = level[c][pixels[c][p]]; a plane that repeats is looked up once where the tables are equal. */
static void look_up(const ht_dataset *dataset, const uint8_t *pixels, float *x) {
    const size_t plane = dataset->info.dims[1] * dataset->info.dims[2];
    const bool repeats = dataset->planes < dataset->info.dims[0];
    for (size_t c = 0; c < dataset->info.dims[0]; ++c) {
        float *out = x + c * plane;
        if (repeats && c > 0 && dataset->equal_levels) {
            memcpy(out, x, plane * sizeof *out);
            continue;
        }
        const float *level = dataset->level + c * HT__LEVELS;
        const uint8_t *in = repeats ? pixels : pixels + c * plane;
        for (size_t p = 0; p < plane; ++p) {
            out[p] = level[in[p]];
        }
    }
}

ht_status ht_dataset_read(const ht_dataset *dataset, const uint32_t *indices, size_t count, float *inputs,
                          float *targets, ht_error *err) {
    const ht_dataset_info *info = &dataset->info;
    const size_t elements = info->input_elements, width = info->target_width;
    const size_t stored = dataset->planes * info->dims[1] * info->dims[2];
    for (size_t i = 0; i < count; ++i) {
        size_t index = indices[i];
        if (index >= info->samples) {
            return fail_index(dataset, index, err);
        }
        if (dataset->pixels != NULL) {
            look_up(dataset, dataset->pixels + index * stored, inputs + i * elements);
        } else {
            memcpy(inputs + i * elements, dataset->values + index * elements, elements * sizeof *inputs);
        }
        if (targets != NULL) {
            memcpy(targets + i * width, dataset->targets + index * width, width * sizeof *targets);
        }
    }
    return HT_OK;
}

ht_status ht_dataset_picture(const ht_dataset *dataset, size_t index, uint8_t *pixels, ht_error *err) {
    const ht_dataset_info *info = &dataset->info;
    if (dataset->pixels == NULL) {
        return ht__fail_at(err, HT_ERROR_UNSUPPORTED, info->name, "This data set has no 8-bit pictures.");
    }
    if (index >= info->samples) {
        return fail_index(dataset, index, err);
    }
    const size_t plane = info->dims[1] * info->dims[2], stored = dataset->planes * plane;
    for (size_t c = 0; c < info->dims[0]; ++c) {
        size_t from = dataset->planes < info->dims[0] ? 0 : c;
        memcpy(pixels + c * plane, dataset->pixels + index * stored + from * plane, plane);
    }
    return HT_OK;
}
