/* The list of readers: a new file format is one file in this folder and one line here. */
#include <string.h>

#include "data/readers/readers.h"

const ht__reader_type *const ht__reader_types[] = {
    &ht__reader_idx,  &ht__reader_cifar, &ht__reader_folder, &ht__reader_csv,
    &ht__reader_keel, &ht__reader_npy,   &ht__reader_arrays, NULL,
};

const ht__reader_type *ht__reader_type_find(const char *name) {
    for (const ht__reader_type *const *type = ht__reader_types; *type != NULL; ++type) {
        if (strcmp((*type)->name, name) == 0) {
            return *type;
        }
    }
    return NULL;
}

ht_status ht__reading_file(const ht__reading *reading, const char *role, const char **path, ht_error *err) {
    for (size_t i = 0; i < reading->file_count; ++i) {
        if (strcmp(reading->files[i].role, role) == 0) {
            *path = reading->files[i].path;
            return HT_OK;
        }
    }
    return ht__fail_at(err, HT_ERROR_NOT_FOUND, reading->options.file, "The description names no file for '%s'.", role);
}
