/* A source: the samples of one part of a data set as its files hold them, before any preprocessing. And the list of
 * readers that make sources, one per file format. */
#ifndef HT_DATA_SOURCE_H
#define HT_DATA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"
#include "base/memory.h"
#include "data/fields.h"
#include "data/picture.h"
#include "data/table.h"
#include "halftone/data.h"

#define HT__MAX_FILES 64

/* A file of a part: what it is for ("images", "labels", "table", "folder", "batch-1") and where it was found. */
typedef struct ht__part_file {
    const char *role;
    const char *path;
} ht__part_file;

/* What a reader gets. */
typedef struct ht__reading {
    ht_context *ctx;
    ht_arena *arena;    /* lives as long as the source */
    ht__fields options; /* the mapping `reader:` of the description */
    ht_task task;
    const ht__part_file *files; /* this part's, in the order of the description */
    size_t file_count;
    const char *const *classes; /* the description's; NULL when it has none */
    size_t class_count;
} ht__reading;

typedef enum ht__source_kind { HT__SOURCE_TABLE, HT__SOURCE_PICTURES, HT__SOURCE_VALUES } ht__source_kind;

typedef struct ht__source ht__source;
struct ht__source {
    ht__source_kind kind;
    size_t samples;
    ht__table table; /* tables: inputs and targets */

    /* pictures */
    size_t channels, height, width; /* of every picture; 0 when they differ */
    ht_status (*picture)(const ht__source *source, size_t index, ht__picture *out, ht_error *err);
    bool slow_pictures; /* decoding takes long enough to show progress */

    /* values: f32[samples][dims], rank 1 or 3 */
    const float *values;
    size_t rank, dims[HT_DATASET_MAX_RANK];

    /* pictures and values: f32[samples][target_width], class indices or values */
    float *targets;
    size_t target_width;
    const char *const *classes;
    size_t class_count;

    void *state; /* the reader's */
    void (*close)(ht__source *source);
};

typedef struct ht__reader_type {
    const char *name;    /* "idx" */
    const char *summary; /* one line for the documentation and `data list` */
    const char *role;    /* of the file that a spec such as "csv:churn.csv" names */
    /* Fills *out (zeroed before). On failure nothing is left to close. */
    ht_status (*read)(const ht__reading *reading, ht__source *out, ht_error *err);
} ht__reader_type;

/* Every reader; ends with NULL. */
extern const ht__reader_type *const ht__reader_types[];
/* NULL when there is none of this name. */
const ht__reader_type *ht__reader_type_find(const char *name);

/* The file of a role. Errors: HT_ERROR_NOT_FOUND. */
ht_status ht__reading_file(const ht__reading *reading, const char *role, const char **path, ht_error *err);
/* Checks that labels lie below the number of classes and stores them as targets; makes class names "0", "1", ... where
 * the description has none. `offset_of_first`: where sample 0's label stands in `file`, `stride` bytes from one to the
 * next, for errors. Errors: HT_ERROR_FORMAT (a label out of range), HT_ERROR_MEMORY. */
ht_status ht__source_labels(const ht__reading *reading, ht__source *source, const uint32_t *labels, const char *file,
                            int64_t offset_of_first, int64_t stride, ht_error *err);

/* Every sample gets class 0, "unlabelled": for samples that are only looked at, as in calibration. */
ht_status ht__source_unlabelled(const ht__reading *reading, ht__source *source, ht_error *err);

#endif
