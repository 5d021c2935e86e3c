/* What the tests of data share: a context, a folder of their own, and opening with a sentence on failure. */
#ifndef HT_TESTS_DATA_SUPPORT_H
#define HT_TESTS_DATA_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "halftone/data.h"
#include "support.h"

static ht_context *context;
static char folder[64];

static inline int make_context(void **state) {
    (void)state;
    strcpy(folder, "/tmp/halftone-data-XXXXXX");
    return mkdtemp(folder) == NULL || ht_context_create(NULL, &context, NULL) != HT_OK;
}
static inline int drop_context(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ht_context_destroy(context);
    return system(command);
}

/* Writes a file into the test's folder; the path is good until the next call. */
static inline const char *put(const char *name, const void *bytes, size_t size) {
    static char path[192];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    /* Without the fsync of ht__file_write, and not over an old file (ext4 flushes then): some tests write thousands. */
    unlink(path);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
    return path;
}

static inline ht_dataset *open_or_fail(const char *spec, const ht_dataset_options *options) {
    ht_error err = {0};
    ht_dataset *dataset = NULL;
    if (ht_dataset_open(context, spec, options, &dataset, &err) != HT_OK) {
        fail_msg("%s: %s (%s, line %lld)", spec, err.message, err.where, (long long)err.line);
    }
    return dataset;
}

/* Opens a spec that must fail, and checks the status, a part of the sentence, and the line or offset (-1: any). */
static inline void must_fail_at(const char *spec, ht_status status, const char *words, int64_t line, int64_t offset) {
    ht_error err = {.line = -1, .offset = -1};
    ht_dataset *dataset = NULL;
    ht_status found = ht_dataset_open(context, spec, NULL, &dataset, &err);
    if (found != status || strstr(err.message, words) == NULL || (line > 0 && err.line != line) ||
        (offset >= 0 && err.offset != offset)) {
        fail_msg("%s: %s: '%s' line %lld offset %lld", spec, ht_status_name(found), err.message, (long long)err.line,
                 (long long)err.offset);
    }
}

#endif
