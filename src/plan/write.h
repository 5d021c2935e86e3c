/* Writing a compiled program as an .ht file (run/plan_format.h). */
#ifndef HT_PLAN_WRITE_H
#define HT_PLAN_WRITE_H

#include "run/program.h"

/* How the codes of an input or output stand for real numbers; scale 0: they do not, or by more than one scale. */
typedef struct ht_plan_scale {
    float scale;
    int32_t zero_point;
} ht_plan_scale;

typedef struct ht_plan_text {
    const char *key, *value;
} ht_plan_text;

/* What goes into the file. */
typedef struct ht_plan_source {
    const ht_program *program;             /* compiled `for_file` */
    const ht_plan_scale *inputs, *outputs; /* one for each */
    const ht_plan_text *metadata;
    size_t metadata_count;
    uint32_t cpu; /* the features that it was compiled for; the file asks for those that its kernels need */
} ht_plan_source;

/* What was written. */
typedef struct ht_plan_written {
    size_t file_bytes, packed_bytes, constant_bytes; /* packed by kernels; constants that are read as they are */
    uint32_t features;
} ht_plan_written;

/* Writes the file. Errors: HT_ERROR_UNSUPPORTED (a step that no file can hold, naming it and its kernel),
 * HT_ERROR_LIMIT (too many inputs), HT_ERROR_EXISTS, HT_ERROR_IO, HT_ERROR_MEMORY. */
ht_status ht__plan_write(const ht_plan_source *source, const char *path, bool overwrite, ht_plan_written *out,
                         ht_error *err);

#endif
