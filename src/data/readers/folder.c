/* A folder of class folders of JPEG and PNG files, or of such files without classes. Files are decoded when the data
 * set is opened, never kept. */
#include <string.h>

#include "base/file.h"
#include "data/readers/readers.h"

#define MAX_CLASSES 100000u
#define MAX_PICTURES 50000000u

typedef struct folder_state {
    const char *path;
    size_t channels;   /* 0: as the first file has */
    const char **file; /* [samples], in the arena: "cat/0001.jpg" */
} folder_state;

static ht_status read_picture(const ht__source *source, size_t index, ht__picture *out, ht_error *err) {
    const folder_state *state = source->state;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", state->path, state->file[index]) >= sizeof path) {
        return ht__fail_at(err, HT_ERROR_LIMIT, state->path, "The path of a picture is longer than %zu bytes.",
                           sizeof path);
    }
    ht_file_view view;
    HT_TRY(ht__file_map(path, &view, err));
    ht_status status = view.size != 0 ? ht__picture_decode(path, view.data, view.size, state->channels, out, err)
                                      : ht__fail_offset(err, HT_ERROR_FORMAT, path, 0, "The file is empty.");
    ht__file_unmap(&view);
    if (status == HT_ERROR_LIMIT && err != NULL && err->where[0] == '\0') {
        snprintf(err->where, sizeof err->where, "%.255s", path);
    }
    return status;
}

/* The class names: the description's, each of which must have its folder and every folder its name; or the folders'. */
static ht_status check_classes(const ht__reading *reading, const char *path, const ht__names *folders, ht__source *out,
                               ht_error *err) {
    if (folders->count == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, path, "There is no class folder inside this folder.");
    }
    out->classes = reading->classes != NULL
                       ? reading->classes
                       : ht__arena_copy(reading->arena, folders->name, folders->count * sizeof *folders->name);
    out->class_count = reading->classes != NULL ? reading->class_count : folders->count;
    for (size_t i = 0; i < folders->count; ++i) {
        bool known = false;
        for (size_t k = 0; k < out->class_count; ++k) {
            known |= strcmp(folders->name[i], out->classes[k]) == 0;
        }
        if (!known) {
            return ht__fail_at(err, HT_ERROR_FORMAT, path, "The folder '%.60s' is none of the %zu classes.",
                               folders->name[i], out->class_count);
        }
    }
    return HT_OK;
}

/* Takes the first picture of every class, then the second, ...: a slice of a folder so holds all classes. */
static ht_status interleave(const ht__reading *reading, const ht__names *lists, const char *path, ht__source *out,
                            ht_error *err) {
    size_t total = 0, longest = 0;
    for (size_t c = 0; c < out->class_count; ++c) {
        total += lists[c].count;
        longest = lists[c].count > longest ? lists[c].count : longest;
    }
    if (total == 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, path, "The class folders hold no .jpg, .jpeg or .png file.");
    }
    folder_state *state = out->state;
    state->file = ht__arena_alloc(reading->arena, total * sizeof *state->file);
    uint32_t *labels = ht__arena_alloc(reading->arena, total * sizeof *labels);
    if (state->file == NULL || labels == NULL) {
        return ht__fail_memory(err, total * sizeof *state->file);
    }
    for (size_t k = 0; k < longest; ++k) {
        for (size_t c = 0; c < out->class_count; ++c) {
            if (k < lists[c].count) {
                const char *file = ht__arena_printf(reading->arena, "%s/%s", out->classes[c], lists[c].name[k]);
                if (file == NULL) {
                    return ht__fail_memory(err, 256);
                }
                labels[out->samples] = (uint32_t)c;
                state->file[out->samples++] = file;
            }
        }
    }
    const char *const *classes = out->classes;
    size_t count = out->class_count;
    HT_TRY(ht__source_labels(reading, out, labels, path, -1, 0, err));
    out->classes = classes;
    out->class_count = count;
    return HT_OK;
}

static ht_status list_pictures(const ht__reading *reading, const char *path, ht__source *out, ht_error *err) {
    ht__names *lists = ht__calloc(&reading->ctx->allocator, out->class_count, sizeof *lists);
    if (lists == NULL) {
        return ht__fail_memory(err, out->class_count * sizeof *lists);
    }
    ht_status status = HT_OK;
    for (size_t c = 0; status == HT_OK && c < out->class_count; ++c) {
        const char *inside = ht__arena_printf(reading->arena, "%s/%s", path, out->classes[c]);
        if (inside != NULL && ht__is_folder(inside)) { /* a described class may be absent from a part */
            status = ht__names_inside(reading, inside, ht__is_picture_name, MAX_PICTURES, &lists[c], err);
        }
    }
    if (status == HT_OK) {
        status = interleave(reading, lists, path, out, err);
    }
    for (size_t c = 0; c < out->class_count; ++c) {
        ht__free(&reading->ctx->allocator, lists[c].name);
    }
    ht__free(&reading->ctx->allocator, lists);
    return status;
}

/* One picture in place of a folder. */
static ht_status take_file(const ht__reading *reading, ht__source *out, ht_error *err) {
    folder_state *state = out->state;
    const char *slash = strrchr(state->path, '/');
    state->file = ht__arena_alloc(reading->arena, sizeof *state->file);
    const char *name = slash != NULL ? slash + 1 : state->path;
    const char *folder =
        slash != NULL ? ht__arena_printf(reading->arena, "%.*s", (int)(slash - state->path), state->path) : ".";
    if (state->file == NULL || folder == NULL) {
        return ht__fail_memory(err, 256);
    }
    state->file[0] = name;
    state->path = folder;
    out->samples = 1;
    return ht__source_unlabelled(reading, out, err);
}

/* A folder of pictures without class folders: one class. */
static ht_status list_flat(const ht__reading *reading, const char *path, ht__source *out, ht_error *err) {
    ht__names list;
    HT_TRY(ht__names_inside(reading, path, ht__is_picture_name, MAX_PICTURES, &list, err));
    folder_state *state = out->state;
    state->file = ht__arena_alloc(reading->arena, (list.count + 1) * sizeof *state->file);
    for (size_t i = 0; state->file != NULL && i < list.count; ++i) {
        state->file[i] = list.name[i];
    }
    out->samples = list.count;
    ht__free(&reading->ctx->allocator, list.name);
    if (state->file == NULL) {
        return ht__fail_memory(err, out->samples * sizeof *state->file);
    }
    return out->samples != 0
               ? ht__source_unlabelled(reading, out, err)
               : ht__fail_at(err, HT_ERROR_FORMAT, path,
                             "There is no class folder inside this folder, and no .jpg, .jpeg or .png file.");
}

/* The size of the pictures when the first one speaks for all; later ones are compared when they are read. */
static ht_status look_at_first(ht__source *out, const ht_allocator *allocator, ht_error *err) {
    folder_state *state = out->state;
    ht__picture first = {.allocator = allocator};
    ht_status status = read_picture(out, 0, &first, err);
    if (status == HT_OK) {
        state->channels = state->channels != 0 ? state->channels : first.channels;
        out->channels = state->channels;
    }
    ht__picture_free(&first);
    return status;
}

static ht_status read_folder(const ht__reading *reading, ht__source *out, ht_error *err) {
    static const char *const keys[] = {"channels", NULL};
    folder_state *state = ht__arena_alloc(reading->arena, sizeof *state);
    if (state == NULL) {
        return ht__fail_memory(err, sizeof *state);
    }
    HT_TRY(ht__fields_known(&reading->options, keys, err));
    HT_TRY(ht__field_size(&reading->options, "channels", 1, 3, &state->channels, err));
    if (state->channels == 2) {
        return ht__fields_fail(&reading->options, err, "'channels' must be 1 (grey) or 3 (RGB).");
    }
    HT_TRY(ht__reading_file(reading, "folder", &state->path, err));
    out->kind = HT__SOURCE_PICTURES;
    out->state = state;
    out->picture = read_picture;
    out->slow_pictures = true;
    if (ht__is_picture_name(state->path) && !ht__is_folder(state->path)) {
        HT_TRY(take_file(reading, out, err));
        return look_at_first(out, &reading->ctx->allocator, err);
    }
    ht__names folders;
    ht_status status = ht__names_inside(reading, state->path, NULL, MAX_CLASSES, &folders, err);
    bool flat = status == HT_OK && folders.count == 0;
    if (status == HT_OK && !flat) {
        status = check_classes(reading, state->path, &folders, out, err);
    }
    ht__free(&reading->ctx->allocator, folders.name);
    HT_TRY(status);
    HT_TRY(flat ? list_flat(reading, state->path, out, err) : list_pictures(reading, state->path, out, err));
    return look_at_first(out, &reading->ctx->allocator, err);
}

const ht__reader_type ht__reader_folder = {"folder", "a folder of class folders of JPEG and PNG files", "folder",
                                           read_folder};
