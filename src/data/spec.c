#include "data/spec.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"

const char *const ht__split_names[HT__SPLIT_NAMES] = {"train", "validation", "test", "calibration", "all"};

/* Reads "train+test". Returns false when a part is no split's name. */
static bool read_splits(const char *text, ht__spec *out) {
    size_t count = 0;
    for (;;) {
        size_t length = strcspn(text, "+");
        int found = -1;
        for (int i = 0; i < HT__SPLIT_NAMES; ++i) {
            if (strlen(ht__split_names[i]) == length && strncmp(text, ht__split_names[i], length) == 0) {
                found = i;
            }
        }
        if (found < 0 || count == HT__SPLIT_NAMES) {
            return false;
        }
        out->splits[count++] = (ht__split_name)found;
        if (text[length] == '\0') {
            out->split_count = count;
            return true;
        }
        text += length + 1;
    }
}

/* A bound of a slice: digits, or nothing for `otherwise`. */
static bool read_bound(const char *text, size_t otherwise, size_t *out) {
    int64_t value;
    if (*text == '\0') {
        *out = otherwise;
        return true;
    }
    if (!isdigit((unsigned char)*text) || !ht__parse_int64(text, &value)) {
        return false;
    }
    *out = (size_t)value;
    return true;
}

/* Cuts "[a:b]" off the end of `text`. */
static bool cut_slice(char *text, ht__spec *out) {
    size_t length = strlen(text);
    char *open = strrchr(text, '[');
    if (length == 0 || text[length - 1] != ']' || open == NULL) {
        return true;
    }
    text[length - 1] = '\0';
    char *colon = strchr(open, ':');
    if (colon == NULL) {
        return false;
    }
    *colon = '\0';
    *open = '\0';
    out->sliced = true;
    return read_bound(open + 1, 0, &out->slice_begin) && read_bound(colon + 1, SIZE_MAX, &out->slice_end) &&
           out->slice_begin < out->slice_end;
}

ht_status ht__spec_parse(ht_arena *arena, const char *text, ht__spec *out, ht_error *err) {
    *out = (ht__spec){.split_text = ""};
    out->base = ht__arena_strdup(arena, text);
    if (out->base == NULL) {
        return ht__fail_memory(err, strlen(text));
    }
    if (text[0] == '\0') {
        return ht__fail(err, HT_ERROR_ARGUMENT, "The name of the data set is empty.");
    }
    if (!cut_slice(out->base, out)) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, text,
                           "The slice at the end must read [first:behind-last], "
                           "such as [0:2000].");
    }
    char *colon = strrchr(out->base, ':');
    if (colon != NULL && read_splits(colon + 1, out)) {
        out->split_text = ht__arena_strdup(arena, text + (colon + 1 - out->base));
        *colon = '\0';
    } else if (out->sliced) {
        out->split_text = ht__arena_strdup(arena, text + strlen(out->base));
    }
    return out->split_text != NULL ? HT_OK : ht__fail_memory(err, strlen(text));
}
