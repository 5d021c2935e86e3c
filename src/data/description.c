#include "data/description.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/builtin.h"
#include "data/bytes.h"
#include "data/readers/readers.h"

#define DESCRIPTION_LIMIT ((size_t)1 << 20)

void ht__description_free(ht__description *description) {
    json_decref(description->root);
    description->root = NULL;
}

const ht__described_part *ht__description_part(const ht__description *description, const char *name) {
    for (size_t i = 0; i < description->part_count; ++i) {
        if (strcmp(description->parts[i].name, name) == 0) {
            return &description->parts[i];
        }
    }
    return NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static ht_status read_part(ht_arena *arena, const ht__fields *fields, ht__described_part *part, ht_error *err) {
    static const char *const names[] = {"all", "train", "validation", "test"};
    bool known = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        known |= strcmp(part->name, names[i]) == 0;
    }
    if (!known) {
        return ht__fields_fail(fields, err, "a part is called all, train, validation or test, not '%.40s'.",
                               part->name);
    }
    const char *role;
    json_t *files;
    json_object_foreach((json_t *)(uintptr_t)fields->object, role, files) {
        if (strcmp(role, HT__LINE_KEY) == 0) {
            continue;
        }
        if (part->file_count == HT__MAX_FILES) {
            return ht__fields_fail(fields, err, "a part has at most %d files.", HT__MAX_FILES);
        }
        size_t i = part->file_count++;
        part->files[i].role = role;
        HT_TRY(ht__field_texts(fields, role, arena, &part->files[i].candidates, &part->files[i].candidate_count, err));
    }
    return part->file_count != 0 ? HT_OK : ht__fields_fail(fields, err, "the part '%s' names no file.", part->name);
}

static ht_status read_parts(ht_arena *arena, const ht__fields *fields, ht__description *out, ht_error *err) {
    out->parts = ht__arena_alloc(arena, HT__MAX_PARTS * sizeof *out->parts);
    if (out->parts == NULL) {
        return ht__fail_memory(err, HT__MAX_PARTS * sizeof *out->parts);
    }
    const char *name;
    json_t *part;
    json_object_foreach(json_object_get(fields->object, "parts"), name, part) {
        if (strcmp(name, HT__LINE_KEY) == 0) {
            continue;
        }
        if (out->part_count == HT__MAX_PARTS) {
            return ht__fields_fail(fields, err, "there are at most %d parts.", HT__MAX_PARTS);
        }
        out->parts[out->part_count].name = name;
        ht__fields inside = {part, fields->file, "parts"};
        HT_TRY(read_part(arena, &inside, &out->parts[out->part_count++], err));
    }
    bool whole = ht__description_part(out, "all") != NULL;
    if (out->part_count == 0 || (whole && out->part_count != 1)) {
        return ht__fields_fail(fields, err, "'parts' must have one part 'all', or train and test.");
    }
    return HT_OK;
}

static ht_status read_split(const ht__fields *root, ht__description *out, ht_error *err) {
    static const char *const keys[] = {"train", "validation", "test", "stratified", "calibration", NULL};
    bool whole = ht__description_part(out, "all") != NULL;
    out->train = whole ? 0.6 : 1;
    out->validation = whole ? 0.2 : 0.1;
    out->test = whole ? 0.2 : 0;
    out->calibration = 1000;
    ht__fields fields = {json_object_get(root->object, "split"), root->file, "split"};
    HT_TRY(ht__fields_known(&fields, keys, err));
    HT_TRY(ht__field_double(&fields, "train", &out->train, err));
    HT_TRY(ht__field_double(&fields, "validation", &out->validation, err));
    HT_TRY(ht__field_double(&fields, "test", &out->test, err));
    HT_TRY(ht__field_bool(&fields, "stratified", &out->stratified, err));
    HT_TRY(ht__field_size(&fields, "calibration", 1, UINT32_MAX, &out->calibration, err));
    if (!whole) {
        out->train = 1 - out->validation; /* the test part stands on its own */
    }
    double sum = out->train + out->validation + out->test;
    if (!(out->train > 0 && out->validation >= 0 && out->test >= 0 && sum > 0.999999 && sum < 1.000001)) {
        return ht__fields_fail(&fields, err, "train, validation and test must be fractions that sum to 1.");
    }
    return HT_OK;
}

static ht_status read_reader(const ht__fields *fields, ht__description *out, ht_error *err) {
    const char *reader = NULL, *task = "classification";
    HT_TRY(ht__field_text(fields, "reader", &reader, err));
    HT_TRY(ht__field_text(fields, "task", &task, err));
    out->reader = reader != NULL ? ht__reader_type_find(reader) : NULL;
    if (out->reader == NULL) {
        char names[128] = "";
        for (size_t i = 0; ht__reader_types[i] != NULL; ++i) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", i == 0 ? "" : ", ", ht__reader_types[i]->name);
        }
        return ht__fields_fail(fields, err, "'reader' must be one of %s.", names);
    }
    out->task = strcmp(task, "regression") == 0 ? HT_TASK_REGRESSION : HT_TASK_CLASSIFICATION;
    if (out->task == HT_TASK_CLASSIFICATION && strcmp(task, "classification") != 0) {
        return ht__fields_fail(fields, err, "'task' must be classification or regression.");
    }
    return HT_OK;
}

ht_status ht__description_from_json(ht_arena *arena, const char *file, json_t *root, ht__description *out,
                                    ht_error *err) {
    static const char *const keys[] = {"name",    "title", "licence", "source",     "task",  "reader", "options",
                                       "classes", "parts", "split",   "preprocess", "fetch", "manual", NULL};
    *out = (ht__description){.root = root, .file = file, .name = "unnamed", .title = "", .licence = "", .manual = ""};
    ht__fields fields = {root, file, "the description"};
    if (!json_is_object(root)) {
        return ht__fields_fail(&fields, err, "a mapping of keys to values is wanted.");
    }
    HT_TRY(ht__fields_known(&fields, keys, err));
    HT_TRY(ht__field_text(&fields, "name", &out->name, err));
    HT_TRY(ht__field_text(&fields, "title", &out->title, err));
    HT_TRY(ht__field_text(&fields, "licence", &out->licence, err));
    HT_TRY(ht__field_text(&fields, "manual", &out->manual, err));
    HT_TRY(read_reader(&fields, out, err));
    HT_TRY(ht__field_texts(&fields, "classes", arena, &out->classes, &out->class_count, err));
    HT_TRY(read_parts(arena, &fields, out, err));
    HT_TRY(read_split(&fields, out, err));
    out->options = json_object_get(root, "options");
    out->preprocess = json_object_get(root, "preprocess");
    out->fetch = json_object_get(root, "fetch");
    return HT_OK;
}

ht_status ht__description_read(ht_arena *arena, const char *file, const char *text, size_t size, ht__description *out,
                               ht_error *err) {
    *out = (ht__description){0};
    json_t *root;
    HT_TRY(ht__yaml_read(file, text, size, &root, err));
    return ht__description_from_json(arena, file, root, out, err);
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static ht_status read_file(ht_context *ctx, ht_arena *arena, const char *path, ht__description *out, ht_error *err) {
    ht__bytes bytes;
    HT_TRY(ht__bytes_read(&ctx->allocator, path, DESCRIPTION_LIMIT, &bytes, err));
    char *file = ht__arena_strdup(arena, path), *folder = ht__arena_strdup(arena, path);
    ht_status status = file != NULL && folder != NULL
                           ? ht__description_read(arena, file, (const char *)bytes.data, bytes.size, out, err)
                           : ht__fail_memory(err, strlen(path));
    ht__bytes_free(&bytes);
    if (status == HT_OK) {
        char *slash = strrchr(folder, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        out->folder = slash == NULL ? "." : slash == folder ? "/" : folder;
    }
    return status;
}

/* Levenshtein's distance, for names of up to 63 bytes. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[64], lb = strlen(b);
    if (lb >= 64) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= lb; ++j) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; ++j) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < insert ? replace : insert;
        }
    }
    return row[lb];
}

static ht_status fail_unknown(const char *base, ht_error *err) {
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (const ht_builtin_file *file = ht__builtin_datasets; file->name != NULL; ++file) {
        size_t distance = edit_distance(base, file->name);
        if (distance < least) {
            least = distance;
            nearest = file->name;
        }
    }
    const char *colon = strrchr(base, ':');
    if (colon != NULL) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, base,
                           "'%.60s' is no split; there are train, validation, test, calibration and all.", colon + 1);
    }
    if (nearest != NULL && least <= 3) {
        return ht__fail_at(err, HT_ERROR_NOT_FOUND, base,
                           "There is no data set, folder or .yaml of this name; the nearest is '%s'.", nearest);
    }
    return ht__fail_at(err, HT_ERROR_NOT_FOUND, base,
                       "There is no data set, folder or .yaml of this name; `halftone data list` shows what there is.");
}

static bool has_ending(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

static bool names_reader(const char *base) {
    size_t length = strcspn(base, ":");
    for (const ht__reader_type *const *type = ht__reader_types; base[length] == ':' && *type != NULL; ++type) {
        if (strlen((*type)->name) == length && strncmp((*type)->name, base, length) == 0) {
            return true;
        }
    }
    return false;
}

ht_status ht__description_find(ht_context *ctx, ht_arena *arena, const char *base, ht__description *out,
                               ht_error *err) {
    *out = (ht__description){0};
    json_t *root;
    if (names_reader(base)) {
        HT_TRY(ht__inline_description(arena, base, &root, err));
        HT_TRY(ht__description_from_json(arena, ht__arena_strdup(arena, base), root, out, err));
        out->folder = ".";
        return HT_OK;
    }
    if (has_ending(base, ".yaml") || has_ending(base, ".yml")) {
        return read_file(ctx, arena, base, out, err);
    }
    for (const ht_builtin_file *file = ht__builtin_datasets; file->name != NULL; ++file) {
        if (strcmp(file->name, base) == 0) {
            const char *name = ht__arena_printf(arena, "%s.yaml", base);
            return ht__description_read(arena, name, file->text, strlen(file->text), out, err);
        }
    }
    if (ht__is_folder(base) || (ht__is_picture_name(base) && access(base, F_OK) == 0)) {
        HT_TRY(ht__folder_description(arena, base, &root, err));
        HT_TRY(ht__description_from_json(arena, ht__arena_strdup(arena, base), root, out, err));
        out->folder = ".";
        return HT_OK;
    }
    return fail_unknown(base, err);
}
