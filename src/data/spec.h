/* Taking a data set's spec apart: what is named, which splits of it, which slice. */
#ifndef HT_DATA_SPEC_H
#define HT_DATA_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

typedef enum ht__split_name {
    HT__SPLIT_TRAIN,
    HT__SPLIT_VALIDATION,
    HT__SPLIT_TEST,
    HT__SPLIT_CALIBRATION,
    HT__SPLIT_ALL,
    HT__SPLIT_NAMES
} ht__split_name;
extern const char *const ht__split_names[HT__SPLIT_NAMES];

typedef struct ht__spec {
    char *base;         /* "telescope", "pictures/", "csv:churn.csv,target=Exited" */
    size_t split_count; /* 0: none named */
    ht__split_name splits[HT__SPLIT_NAMES];
    bool sliced;
    size_t slice_begin, slice_end; /* end SIZE_MAX: to the last sample */
    const char *split_text;        /* "test[0:2000]"; empty when nothing was named */
} ht__spec;

/* Errors: HT_ERROR_ARGUMENT (the sentence says which part cannot be read), HT_ERROR_MEMORY. */
ht_status ht__spec_parse(ht_arena *arena, const char *text, ht__spec *out, ht_error *err);

#endif
