/* What is inside a folder. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "data/readers/readers.h"

static bool ends_in(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcasecmp(name + length - tail, ending) == 0;
}

bool ht__is_picture_name(const char *name) {
    return ends_in(name, ".jpg") || ends_in(name, ".jpeg") || ends_in(name, ".png");
}

bool ht__is_array_name(const char *name) { return ends_in(name, ".npy"); }

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool is_wanted(const ht__reading *reading, const char *path, const char *name, bool (*wanted)(const char *)) {
    const char *inside = wanted == NULL ? ht__arena_printf(reading->arena, "%s/%s", path, name) : NULL;
    return name[0] != '.' && (wanted != NULL ? wanted(name) : inside != NULL && ht__is_folder(inside));
}

ht_status ht__names_inside(const ht__reading *reading, const char *path, bool (*wanted)(const char *name), size_t limit,
                           ht__names *out, ht_error *err) {
    *out = (ht__names){0};
    DIR *listing = opendir(path);
    if (listing == NULL) {
        return ht__fail_at(err, HT_ERROR_IO, path, "The folder cannot be read.");
    }
    ht_status status = HT_OK;
    for (struct dirent *entry = readdir(listing); status == HT_OK && entry != NULL; entry = readdir(listing)) {
        if (!is_wanted(reading, path, entry->d_name, wanted)) {
            continue;
        }
        if (out->count >= limit) {
            status = ht__fail_at(err, HT_ERROR_LIMIT, path, "The folder holds more than %zu entries.", limit);
            break;
        }
        status = ht__grow(&reading->ctx->allocator, &out->name, sizeof *out->name, &out->capacity, out->count + 1, err);
        if (status == HT_OK && (out->name[out->count++] = ht__arena_strdup(reading->arena, entry->d_name)) == NULL) {
            status = ht__fail_memory(err, 256);
        }
    }
    closedir(listing);
    if (status == HT_OK && out->count != 0) {
        qsort(out->name, out->count, sizeof *out->name, compare_names);
    }
    return status;
}
