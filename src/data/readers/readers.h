/* The readers, for the list. */
#ifndef HT_DATA_READERS_H
#define HT_DATA_READERS_H

#include "data/source.h"

extern const ht__reader_type ht__reader_idx;
extern const ht__reader_type ht__reader_cifar;
extern const ht__reader_type ht__reader_folder;
extern const ht__reader_type ht__reader_csv;
extern const ht__reader_type ht__reader_keel;
extern const ht__reader_type ht__reader_npy;
extern const ht__reader_type ht__reader_arrays;

/* Names inside a folder, sorted. */
typedef struct ht__names {
    char **name; /* the list is the caller's (ht__free), the texts the reading's arena's */
    size_t count, capacity;
} ht__names;

/* Fills *out with what is inside `path` and not hidden: files for whose name `wanted` says yes, or, with NULL, folders.
 * Errors: HT_ERROR_IO, HT_ERROR_LIMIT (more than `limit`), HT_ERROR_MEMORY. */
ht_status ht__names_inside(const ht__reading *reading, const char *path, bool (*wanted)(const char *name), size_t limit,
                           ht__names *out, ht_error *err);
/* By their endings: .jpg, .jpeg, .png; .npy. */
bool ht__is_picture_name(const char *name);
bool ht__is_array_name(const char *name);

#endif
