/* What is known about a data set before any of its data are read: a YAML file, or what an inline spec or a folder
 * says. docs/preprocessing.md describes the YAML for users. */
#ifndef HT_DATA_DESCRIPTION_H
#define HT_DATA_DESCRIPTION_H

#include "base/context.h"
#include "data/fields.h"
#include "data/source.h"

#define HT__MAX_PARTS 4

/* The files of one part and where each may lie, relative to a data folder. */
typedef struct ht__described_part {
    const char *name; /* "all"; or "train", "validation", "test" */
    size_t file_count;
    struct {
        const char *role;
        const char **candidates;
        size_t candidate_count;
    } files[HT__MAX_FILES];
} ht__described_part;

typedef struct ht__description {
    json_t *root;       /* owns all JSON below */
    const char *file;   /* the YAML file's path, or "telescope.yaml" for a built-in; for errors */
    const char *folder; /* looked in before the data folders; NULL */
    const char *name, *title, *licence, *manual;
    ht_task task;
    const ht__reader_type *reader;
    const json_t *options, *preprocess, *fetch;
    const char **classes;
    size_t class_count;
    size_t part_count;
    ht__described_part *parts;
    double train, validation, test; /* fractions of part "all"; validation: of part "train" where there is no "all" */
    bool stratified;
    size_t calibration; /* samples */
} ht__description;

/* Finds what `base` names: a reader and a file ("csv:churn.csv,target=Exited"), a .yaml file, a built-in name, a
 * folder. ht__description_free afterwards, on failure too. Errors: HT_ERROR_NOT_FOUND (with the nearest name),
 * HT_ERROR_FORMAT, HT_ERROR_ARGUMENT, HT_ERROR_MEMORY. */
ht_status ht__description_find(ht_context *ctx, ht_arena *arena, const char *base, ht__description *out, ht_error *err);
/* From text; `file` names it in errors. */
ht_status ht__description_read(ht_arena *arena, const char *file, const char *text, size_t size, ht__description *out,
                               ht_error *err);
/* From a JSON tree of the same shape; takes over the reference, on failure too. */
ht_status ht__description_from_json(ht_arena *arena, const char *file, json_t *root, ht__description *out,
                                    ht_error *err);
/* The tree for an inline spec such as "csv:churn.csv,target=Exited", or for a folder or a picture; a new reference. */
ht_status ht__inline_description(ht_arena *arena, const char *text, json_t **out, ht_error *err);
ht_status ht__folder_description(ht_arena *arena, const char *path, json_t **out, ht_error *err);
void ht__description_free(ht__description *description);
const ht__described_part *ht__description_part(const ht__description *description, const char *name);

#endif
