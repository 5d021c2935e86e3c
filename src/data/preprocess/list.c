/* The list of preprocessing steps: a new step is one file in this folder and one line here. */
#include <string.h>

#include "data/preprocess/steps.h"

const ht__step_type *const ht__step_types[] = {
    &ht__step_resize,          &ht__step_crop,        &ht__step_letterbox,       &ht__step_channel_order,
    &ht__step_repeat_channels, &ht__step_one_hot,     &ht__step_quantile_filter, &ht__step_scale,
    &ht__step_normalize,       &ht__step_standardize, &ht__step_min_max,         NULL,
};

const ht__step_type *ht__step_type_find(const char *name) {
    for (const ht__step_type *const *type = ht__step_types; *type != NULL; ++type) {
        if (strcmp((*type)->name, name) == 0) {
            return *type;
        }
    }
    return NULL;
}

ht_status ht__step_check_count(const char *step, size_t fitted, size_t count, ht_error *err) {
    if (fitted == 1 || fitted == count) {
        return HT_OK;
    }
    return ht__fail(err, HT_ERROR_MISMATCH, "The step %s was made for %zu features or channels; the data have %zu.",
                    step, fitted, count);
}
