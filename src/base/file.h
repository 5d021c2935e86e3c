/* Files: mapped for reading, written beside and renamed, and a bounded reader over bytes of unknown honesty. */
#ifndef HT_BASE_FILE_H
#define HT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"

/* A whole file, mapped read-only. An empty file has data NULL and size 0. */
typedef struct ht_file_view {
    const uint8_t *data;
    size_t size;
    void *mapping; /* private */
} ht_file_view;

/* A growing list of them, whose array lies in an allocator's memory. */
typedef struct ht_file_views {
    ht_file_view *items;
    size_t count, capacity;
} ht_file_views;

/* Errors: HT_ERROR_NOT_FOUND (missing), HT_ERROR_IO with the system's reason (unreadable, a directory). */
ht_status ht__file_map(const char *path, ht_file_view *out, ht_error *err);
/* The same for a file that another file names, and so is not trusted: `name` is relative to `folder`, has no "..", and
 * no link leads out of the folder. Errors: HT_ERROR_FORMAT (a name that leads out), and those above. */
ht_status ht__file_map_inside(const char *folder, const char *name, ht_file_view *out, ht_error *err);
void ht__file_unmap(ht_file_view *view);
/* Unmaps all of them and frees the array. */
void ht__file_views_free(const ht_allocator *allocator, ht_file_views *views);

/* Writing beside the final name: nothing half-written is ever seen under `path`. Commit flushes, syncs and renames;
 * discard removes what was written. Use stdio on `stream` in between; its errors surface at the commit. */
typedef struct ht_file_writer {
    FILE *stream;
    char *path, *beside;
    const ht_allocator *allocator;
} ht_file_writer;
/* Errors: HT_ERROR_EXISTS when `path` exists and `overwrite` is false; HT_ERROR_IO. */
ht_status ht__file_create(const ht_allocator *allocator, const char *path, bool overwrite, ht_file_writer *out,
                          ht_error *err);
ht_status ht__file_commit(ht_file_writer *writer, ht_error *err);
void ht__file_discard(ht_file_writer *writer);
/* The three together for bytes in memory. */
ht_status ht__file_write(const ht_allocator *allocator, const char *path, bool overwrite, const void *bytes,
                         size_t size, ht_error *err);

bool ht__file_exists(const char *path);
bool ht__is_folder(const char *path);
/* Makes a folder and its parents; an existing one is fine. */
ht_status ht__make_folders(const char *path, ht_error *err);

/* A reader that cannot leave its bytes: every read checks and fails with file name and offset. */
typedef struct ht_reader {
    const uint8_t *data;
    size_t size, position;
    const char *name; /* for errors */
} ht_reader;
ht_status ht__read_bytes(ht_reader *reader, size_t count, const uint8_t **out, const char *what, ht_error *err);
ht_status ht__read_u32_big(ht_reader *reader, uint32_t *out, const char *what, ht_error *err);

/* Numbers independent of the locale; the whole text must be used. Both return false and leave *out when it is not. */
bool ht__parse_double(const char *text, double *out);
bool ht__parse_int64(const char *text, int64_t *out);

#endif
