/* Descriptions that need no file: "csv:churn.csv,target=Exited,drop=RowNumber+Surname", a folder of pictures or arrays,
 * one picture. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/description.h"
#include "data/readers/readers.h"

/* "a+b" as a list; true, false and plain words as what they are. */
static json_t *inline_value(char *text) {
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return json_boolean(text[0] == 't');
    }
    if (strchr(text, '+') == NULL) {
        int64_t number;
        return ht__parse_int64(text, &number) ? json_integer(number) : json_string(text);
    }
    json_t *list = json_array();
    char *rest = NULL;
    for (char *word = strtok_r(text, "+", &rest); word != NULL; word = strtok_r(NULL, "+", &rest)) {
        json_array_append_new(list, json_string(word));
    }
    return list;
}

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* Keys of the description itself; every other key of a spec is an option of the reader. */
static bool is_description_key(const char *key) {
    return strcmp(key, "task") == 0 || strcmp(key, "classes") == 0 || strcmp(key, "preprocess") == 0;
}

static ht_status set_pair(const char *whole, json_t *root, json_t *options, json_t *files, char *pair, ht_error *err) {
    char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, whole, "After the file, key=value is wanted, not '%.60s'.", pair);
    }
    *equals = '\0';
    json_t *value = inline_value(equals + 1);
    json_t *place = strcmp(pair, "labels") == 0 ? files : is_description_key(pair) ? root : options;
    if (strcmp(pair, "preprocess") == 0 && !json_is_array(value)) {
        bool none = json_is_string(value) && strcmp(json_string_value(value), "none") == 0;
        json_t *list = json_array();
        if (none) {
            json_decref(value);
        } else {
            json_array_append_new(list, value);
        }
        value = list;
    }
    return json_object_set_new(place, pair, value) == 0 ? HT_OK : ht__fail_memory(err, strlen(pair));
}

ht_status ht__inline_description(ht_arena *arena, const char *text, json_t **out, ht_error *err) {
    *out = NULL;
    char *copy = ht__arena_strdup(arena, text), *rest = NULL;
    if (copy == NULL) {
        return ht__fail_memory(err, strlen(text));
    }
    char *path = strchr(copy, ':');
    *path++ = '\0';
    const ht__reader_type *reader = ht__reader_type_find(copy);
    path = strtok_r(path, ",", &rest);
    if (path == NULL) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, text, "A file is wanted after '%s:'.", copy);
    }
    json_t *options = json_object(), *files = json_object(), *root = NULL;
    json_object_set_new(files, reader->role, json_string(path));
    /* Tables need their words encoded and their features on one scale; pictures go from 0..255 to 0..1. */
    bool table = strcmp(reader->role, "table") == 0;
    json_t *steps =
        table ? json_pack("[s, s]", "one-hot", "standardize") : json_pack("[{s:{s:i}}]", "scale", "divide", 255);
    root = json_pack("{s:s, s:s, s:o, s:{s:o}, s:o}", "name", last_component(path), "reader", reader->name, "options",
                     options, "parts", "all", files, "preprocess", steps);
    if (root == NULL) {
        return ht__fail_memory(err, 256);
    }
    for (char *pair = strtok_r(NULL, ",", &rest); pair != NULL; pair = strtok_r(NULL, ",", &rest)) {
        ht_status status = set_pair(text, root, options, files, pair, err);
        if (status != HT_OK) {
            json_decref(root);
            return status;
        }
    }
    *out = root;
    return HT_OK;
}

/* Is there a .npy file in the folder? */
static bool holds_arrays(const char *path) {
    bool found = false;
    DIR *listing = opendir(path);
    for (struct dirent *entry = listing != NULL ? readdir(listing) : NULL; entry != NULL && !found;
         entry = readdir(listing)) {
        found = entry->d_name[0] != '.' && ht__is_array_name(entry->d_name);
    }
    if (listing != NULL) {
        closedir(listing);
    }
    return found;
}

/* What a network reads, without steps before it. */
static ht_status describe_arrays(const char *path, json_t **out, ht_error *err) {
    *out = json_pack("{s:s, s:s, s:[s], s:{s:{s:s}}, s:[]}", "name", last_component(path), "reader", "arrays",
                     "classes", "unlabelled", "parts", "all", "folder", path, "preprocess");
    return *out != NULL ? HT_OK : ht__fail_memory(err, 256);
}

/* Adds the class folders inside `path`; a split that lacks a class so still numbers the others alike. */
static void add_classes(ht_arena *arena, const char *path, json_t *classes) {
    DIR *listing = opendir(path);
    for (struct dirent *entry = listing != NULL ? readdir(listing) : NULL; entry != NULL; entry = readdir(listing)) {
        const char *inside = ht__arena_printf(arena, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && inside != NULL && ht__is_folder(inside)) {
            json_object_set_new(classes, entry->d_name, json_true());
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The keys of `classes`, sorted. */
static json_t *sorted_names(ht_arena *arena, json_t *classes) {
    size_t count = 0;
    const char **names = ht__arena_alloc(arena, (json_object_size(classes) + 1) * sizeof *names);
    const char *name;
    json_t *value;
    if (names == NULL) {
        return NULL;
    }
    json_object_foreach(classes, name, value) { names[count++] = name; }
    qsort(names, count, sizeof *names, compare_names);
    return ht__json_texts(names, count);
}

ht_status ht__folder_description(ht_arena *arena, const char *path, json_t **out, ht_error *err) {
    if (holds_arrays(path)) {
        return describe_arrays(path, out, err);
    }
    json_t *parts = json_object(), *classes = json_object();
    static const char *const names[] = {"train", "validation", "test"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        const char *inside = ht__arena_printf(arena, "%s/%s", path, names[i]);
        if (inside != NULL && ht__is_folder(inside)) {
            json_object_set_new(parts, names[i], json_pack("{s:s}", "folder", inside));
            add_classes(arena, inside, classes);
        }
    }
    if (json_object_size(parts) == 0) {
        json_object_set_new(parts, "all", json_pack("{s:s}", "folder", path));
        add_classes(arena, path, classes);
    }
    bool flat = json_object_size(classes) == 0;
    json_t *sorted = flat ? json_pack("[s]", "unlabelled") : sorted_names(arena, classes);
    json_decref(classes);
    *out = json_pack("{s:s, s:s, s:o, s:o, s:[{s:{s:i}}]}", "name", last_component(path), "reader", "folder", "classes",
                     sorted, "parts", parts, "preprocess", "scale", "divide", 255);
    return *out != NULL ? HT_OK : ht__fail_memory(err, 256);
}
