/* The inside of an opened data set, and of opening one. */
#ifndef HT_DATA_DATASET_H
#define HT_DATA_DATASET_H

#include "data/description.h"
#include "data/preprocess/pipeline.h"
#include "data/source.h"
#include "data/spec.h"
#include "halftone/data.h"

struct ht_dataset {
    ht_context *ctx;
    ht_arena *arena; /* holds everything small below */
    ht_dataset_info info;
    /* Pictures: 8-bit after the picture steps, and what each level becomes. A network may want one plane several
     * times (repeat-channels); it is stored once: planes == 1 < dims[0]. */
    uint8_t *pixels; /* [samples][planes][height][width]; NULL for other data */
    size_t planes;
    float *level;      /* [dims[0]][256] */
    bool equal_levels; /* every channel has the same table */
    /* Tables and arrays: preprocessed. */
    float *values;  /* [samples][input_elements]; NULL for pictures */
    float *targets; /* [samples][target_width] */
    char *preprocess_json;
};

#define HT__LEVELS 256
/* What one opened split may hold in memory. */
#define HT__DATASET_LIMIT ((size_t)32 << 30)

/* One part while it is being read: its source, and its samples cut into splits. */
typedef struct ht__loaded_part {
    bool loaded;
    ht__source source;
    uint32_t *order;  /* [samples]: training, then validation, then test */
    size_t bounds[4]; /* where each begins in `order`, and the end */
} ht__loaded_part;

typedef struct ht__opening {
    ht_context *ctx;
    ht_arena *arena; /* gone when the data set is open */
    const char *data_dir;
    uint64_t seed;
    ht__spec spec;
    ht__description description;
    ht__loaded_part parts[HT__MAX_PARTS]; /* as in the description */
    ht__pipeline pipeline;
} ht__opening;

/* Parses the spec, finds the description. ht__opening_end afterwards, on failure too. */
ht_status ht__opening_begin(ht_context *ctx, const char *spec, const ht_dataset_options *options, ht__opening *out,
                            ht_error *err);
void ht__opening_end(ht__opening *job);
/* Reads a part's files and cuts its samples, once. */
ht_status ht__part_load(ht__opening *job, size_t part, ht_error *err);

/* Some samples of one part. */
typedef struct ht__segment {
    size_t part;
    const uint32_t *samples; /* indices in the part's source */
    size_t count;
} ht__segment;
#define HT__MAX_SEGMENTS (HT__SPLIT_NAMES * HT__MAX_PARTS)
typedef struct ht__segments {
    size_t count;
    ht__segment segment[HT__MAX_SEGMENTS];
} ht__segments;

/* The samples of a split; loads what is needed. Errors: HT_ERROR_NOT_FOUND (no such split), and those of reading. */
ht_status ht__split_samples(ht__opening *job, ht__split_name split, ht__segments *out, ht_error *err);
/* The samples that the whole spec asks for, before its slice. */
ht_status ht__spec_samples(ht__opening *job, ht__segments *out, ht_error *err);

/* Each fills the data set from its kind of source: values or pixels, targets, dims, classes. */
ht_status ht__collect_table(ht__opening *job, const ht__segments *wanted, ht_dataset *out, ht_error *err);
ht_status ht__collect_pictures(ht__opening *job, const ht__segments *wanted, ht_dataset *out, ht_error *err);
ht_status ht__collect_values(ht__opening *job, const ht__segments *wanted, ht_dataset *out, ht_error *err);

/* For those: cuts the spec's slice out of `available` samples; *begin and info.samples say which remain.
 * Errors: HT_ERROR_ARGUMENT (an empty slice or split). */
ht_status ht__collect_slice(const ht__opening *job, size_t available, ht_dataset *out, size_t *begin, ht_error *err);
/* Copies class names into the data set. */
ht_status ht__collect_classes(ht_dataset *out, const char *const *classes, size_t count, ht_error *err);

/* The samples of several segments, counted through. */
size_t ht__segments_total(const ht__segments *segments);
/* The part and the source's index of sample `index` < total. */
void ht__segments_at(const ht__segments *segments, size_t index, size_t *part, uint32_t *sample);

#endif
