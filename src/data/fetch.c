/* Fetching a described data set: each file downloaded, verified, unpacked. */
#include "data/fetch.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "data/description.h"
#include "data/locate.h"

/* One entry of the list `fetch`. */
typedef struct fetch_item {
    const char *url, *to, *unpack;
    ht__digest digest;
} fetch_item;

static ht_status read_item(const ht__description *description, const json_t *json, fetch_item *out, ht_error *err) {
    static const char *const keys[] = {"url", "sha256", "md5", "to", "unpack", NULL};
    ht__fields fields = {json, description->file, "fetch"};
    *out = (fetch_item){.digest = {"sha256", NULL}};
    HT_TRY(ht__fields_known(&fields, keys, err));
    HT_TRY(ht__field_text(&fields, "url", &out->url, err));
    HT_TRY(ht__field_text(&fields, "to", &out->to, err));
    HT_TRY(ht__field_text(&fields, "unpack", &out->unpack, err));
    HT_TRY(ht__field_text(&fields, "sha256", &out->digest.hex, err));
    if (out->digest.hex == NULL) {
        out->digest.algorithm = "md5";
        HT_TRY(ht__field_text(&fields, "md5", &out->digest.hex, err));
    }
    if (out->url == NULL || out->to == NULL || out->digest.hex == NULL) {
        return ht__fields_fail(&fields, err, "'url', 'to' and 'sha256' must be given.");
    }
    if (!ht__path_stays_inside(out->to) || (out->unpack != NULL && !ht__path_stays_inside(out->unpack))) {
        return ht__fields_fail(&fields, err, "'to' and 'unpack' must stay inside the data folder.");
    }
    return HT_OK;
}

static ht_status fetch_item_to(ht_context *ctx, ht_arena *arena, const fetch_item *item, const char *data_dir,
                               ht_error *err) {
    char *path = ht__arena_printf(arena, "%s/%s", data_dir, item->to);
    char *parent = path != NULL ? ht__arena_strdup(arena, path) : NULL;
    const char *folder = ht__arena_printf(arena, "%s/%s", data_dir, item->unpack != NULL ? item->unpack : ".");
    if (path == NULL || parent == NULL || folder == NULL) {
        return ht__fail_memory(err, strlen(data_dir));
    }
    *strrchr(parent, '/') = '\0';
    HT_TRY(ht__make_folders(parent, err));
    bool right = false;
    char found[65];
    if (ht__file_exists(path)) {
        HT_TRY(ht__digest_check(path, &item->digest, &right, found, err));
        if (!right) {
            return ht__fail_at(
                err, HT_ERROR_MISMATCH, path,
                "A file stands here that is not the expected one (%s %.16s...); move it away and fetch again.",
                item->digest.algorithm, found);
        }
    }
    if (!right) {
        HT_TRY(ht__download(ctx, item->url, path, &item->digest, err));
    }
    if (item->unpack != NULL) {
        HT_TRY(ht__unpack_archive(ctx, path, folder, err));
        unlink(path); /* its content is there now */
    }
    return HT_OK;
}

static bool is_complete(ht_arena *arena, const ht__description *description, const char *data_dir) {
    ht__description here = *description;
    here.folder = NULL;
    ht__part_file *files = ht__arena_alloc(arena, HT__MAX_FILES * sizeof *files);
    for (size_t i = 0; i < description->part_count; ++i) {
        if (files == NULL || ht__locate_part(arena, &here, &description->parts[i], data_dir, files, NULL) != HT_OK) {
            return false;
        }
        for (size_t k = 0; k < description->parts[i].file_count; ++k) {
            size_t length = strlen(data_dir);
            if (strncmp(files[k].path, data_dir, length) != 0 || files[k].path[length] != '/') {
                return false; /* found, but in another folder */
            }
        }
    }
    return true;
}

static ht_status fetch_all(ht_context *ctx, ht_arena *arena, const ht__description *description, const char *data_dir,
                           ht_error *err) {
    if (!json_is_array(description->fetch)) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, description->name, "This data set has no address to fetch from. %s",
                           description->manual);
    }
    if (is_complete(arena, description, data_dir)) {
        ht__message(ctx, "note", "%s is in %s already.", description->name, data_dir);
        return HT_OK;
    }
    size_t index;
    json_t *entry;
    json_array_foreach((json_t *)(uintptr_t)description->fetch, index, entry) {
        fetch_item item;
        HT_TRY(read_item(description, entry, &item, err));
        HT_TRY(fetch_item_to(ctx, arena, &item, data_dir, err));
    }
    return HT_OK;
}

ht_status ht_dataset_fetch(ht_context *ctx, const char *name, const char *data_dir, ht_error *err) {
    ht_arena *arena;
    ht__description description = {0};
    HT_TRY(ht__arena_create(&ctx->allocator, &arena, err));
    ht_status status = ht__description_find(ctx, arena, name, &description, err);
    if (status == HT_OK) {
        const char *target = data_dir != NULL ? data_dir : ht__cache_folder(arena);
        status = target != NULL ? fetch_all(ctx, arena, &description, target, err)
                                : ht__fail(err, HT_ERROR_IO, "There is no home folder; name one with --data-dir.");
    }
    ht__description_free(&description);
    ht__arena_destroy(arena);
    return status;
}
