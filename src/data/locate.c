#include "data/locate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define MAX_FOLDERS 5

const char *ht__cache_folder(ht_arena *arena) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/') { /* the XDG specification: relative paths are to be ignored */
        return ht__arena_printf(arena, "%s/halftone/data", cache);
    }
    return home != NULL && home[0] != '\0' ? ht__arena_printf(arena, "%s/.cache/halftone/data", home) : NULL;
}

static size_t list_folders(ht_arena *arena, const ht__description *description, const char *data_dir,
                           const char *folders[MAX_FOLDERS]) {
    const char *from_environment = getenv("HALFTONE_DATA");
    const char *all[MAX_FOLDERS] = {description->folder, data_dir, from_environment, "data", ht__cache_folder(arena)};
    size_t count = 0;
    for (size_t i = 0; i < MAX_FOLDERS; ++i) {
        if (all[i] != NULL && all[i][0] != '\0') {
            folders[count++] = all[i];
        }
    }
    return count;
}

static ht_status fail_missing(const ht__description *description, const char *candidate, const char *const *folders,
                              size_t count, ht_error *err) {
    char searched[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
        int written = snprintf(searched + used, sizeof searched - used, "%s%s", i == 0 ? "" : ", ", folders[i]);
        used += written > 0 ? (size_t)written : 0;
        if (used >= sizeof searched) {
            break;
        }
    }
    if (description->fetch != NULL) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, candidate,
                           "The data set %s is not here (looked in %s); get it with: halftone data fetch %s",
                           description->name, searched, description->name);
    }
    return ht__fail_at(err, HT_ERROR_NOT_FOUND, candidate, "The data set %s is not here (looked in %s). %s",
                       description->name, searched, description->manual);
}

static ht_status locate(ht_arena *arena, const ht__description *description, const char **candidates, size_t count,
                        const char *const *folders, size_t folder_count, const char **path, ht_error *err) {
    for (size_t k = 0; k < folder_count; ++k) {
        for (size_t i = 0; i < count; ++i) {
            const char *full =
                candidates[i][0] == '/' ? candidates[i] : ht__arena_printf(arena, "%s/%s", folders[k], candidates[i]);
            if (full == NULL) {
                return ht__fail_memory(err, strlen(candidates[i]));
            }
            if (access(full, R_OK) == 0) {
                *path = strcmp(folders[k], ".") == 0 && full[0] == '.' ? full + 2 : full;
                return HT_OK;
            }
        }
    }
    return fail_missing(description, count != 0 ? candidates[0] : "", folders, folder_count, err);
}

ht_status ht__locate_part(ht_arena *arena, const ht__description *description, const ht__described_part *part,
                          const char *data_dir, ht__part_file *files, ht_error *err) {
    const char *folders[MAX_FOLDERS];
    size_t count = list_folders(arena, description, data_dir, folders);
    for (size_t i = 0; i < part->file_count; ++i) {
        files[i].role = part->files[i].role;
        HT_TRY(locate(arena, description, part->files[i].candidates, part->files[i].candidate_count, folders, count,
                      &files[i].path, err));
    }
    return HT_OK;
}
