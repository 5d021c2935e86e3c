#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

ht_status ht__file_map(const char *path, ht_file_view *out, ht_error *err) {
    *out = (ht_file_view){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused below, not waited for */
    if (fd < 0) {
        return ht__fail_at(err, errno == ENOENT ? HT_ERROR_NOT_FOUND : HT_ERROR_IO, path,
                           "The file cannot be opened: %s.", strerror(errno));
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return ht__fail_at(err, HT_ERROR_IO, path, "This is not a regular file.");
    }
    if ((uint64_t)info.st_size > SIZE_MAX) {
        close(fd);
        return ht__fail_at(err, HT_ERROR_LIMIT, path, "The file is larger than this processor can address.");
    }
    if (info.st_size > 0) {
        void *mapping = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapping == MAP_FAILED) {
            int reason = errno;
            close(fd);
            return ht__fail_at(err, HT_ERROR_IO, path, "The file cannot be mapped: %s.", strerror(reason));
        }
        out->mapping = mapping;
        out->data = mapping;
        out->size = (size_t)info.st_size;
    }
    close(fd);
    return HT_OK;
}

/* Does one of the path's parts climb up? */
static bool climbs(const char *path) {
    for (const char *part = path; *part != '\0'; part += strcspn(part, "/"), part += *part == '/') {
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
            return true;
        }
    }
    return false;
}

ht_status ht__file_map_inside(const char *folder, const char *name, ht_file_view *out, ht_error *err) {
    char path[PATH_MAX], base[PATH_MAX], real[PATH_MAX];
    if (name[0] == '\0' || name[0] == '/' || climbs(name)) {
        return ht__fail_at(err, HT_ERROR_FORMAT, name, "This name of a file must lead into the folder %s.", folder);
    }
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return ht__fail_at(err, HT_ERROR_LIMIT, name, "This name of a file is too long.");
    }
    if (realpath(folder, base) == NULL || realpath(path, real) == NULL) {
        return ht__fail_at(err, errno == ENOENT ? HT_ERROR_NOT_FOUND : HT_ERROR_IO, path,
                           "The file cannot be opened: %s.", strerror(errno));
    }
    size_t inside = strcmp(base, "/") == 0 ? 0 : strlen(base);
    if (strncmp(real, base, inside) != 0 || real[inside] != '/') {
        return ht__fail_at(err, HT_ERROR_FORMAT, path, "This name leads through a link out of the folder %s, or to it.",
                           folder);
    }
    return ht__file_map(real, out, err);
}

void ht__file_views_free(const ht_allocator *allocator, ht_file_views *views) {
    for (size_t i = 0; i < views->count; ++i) {
        ht__file_unmap(&views->items[i]);
    }
    ht__free(allocator, views->items);
    *views = (ht_file_views){0};
}

void ht__file_unmap(ht_file_view *view) {
    if (view->mapping != NULL) {
        munmap(view->mapping, view->size);
    }
    *view = (ht_file_view){0};
}

static void writer_free(ht_file_writer *writer) {
    ht__free(writer->allocator, writer->path);
    ht__free(writer->allocator, writer->beside);
    *writer = (ht_file_writer){.allocator = writer->allocator};
}

ht_status ht__file_create(const ht_allocator *allocator, const char *path, bool overwrite, ht_file_writer *out,
                          ht_error *err) {
    *out = (ht_file_writer){.allocator = allocator};
    if (!overwrite && ht__file_exists(path)) {
        return ht__fail_at(err, HT_ERROR_EXISTS, path, "The file exists already.");
    }
    size_t length = strlen(path) + 32;
    out->path = ht__strdup(allocator, path);
    out->beside = ht__alloc(allocator, length);
    if (out->path == NULL || out->beside == NULL) {
        writer_free(out);
        return ht__fail_memory(err, length);
    }
    snprintf(out->beside, length, "%s.part%ld", path, (long)getpid());
    out->stream = fopen(out->beside, "wbe");
    if (out->stream == NULL) {
        int reason = errno;
        writer_free(out);
        return ht__fail_at(err, HT_ERROR_IO, path, "The file cannot be written: %s.", strerror(reason));
    }
    return HT_OK;
}

ht_status ht__file_commit(ht_file_writer *writer, ht_error *err) {
    bool bad = ferror(writer->stream) != 0;
    errno = 0;
    bad |= fflush(writer->stream) != 0 || fsync(fileno(writer->stream)) != 0;
    int reason = errno;
    if (fclose(writer->stream) != 0 && !bad) {
        bad = true;
        reason = errno;
    }
    writer->stream = NULL;
    if (!bad && rename(writer->beside, writer->path) != 0) {
        bad = true;
        reason = errno;
    }
    ht_status status = HT_OK;
    if (bad) {
        unlink(writer->beside);
        status = ht__fail_at(err, HT_ERROR_IO, writer->path, "The file could not be written: %s.",
                             reason != 0 ? strerror(reason) : "an earlier write failed (is the disk full?)");
    }
    writer_free(writer);
    return status;
}

void ht__file_discard(ht_file_writer *writer) {
    if (writer->stream != NULL) {
        fclose(writer->stream);
        unlink(writer->beside);
    }
    writer_free(writer);
}

ht_status ht__file_write(const ht_allocator *allocator, const char *path, bool overwrite, const void *bytes,
                         size_t size, ht_error *err) {
    ht_file_writer writer;
    HT_TRY(ht__file_create(allocator, path, overwrite, &writer, err));
    if (size != 0) {
        fwrite(bytes, 1, size, writer.stream); /* errors surface at the commit */
    }
    return ht__file_commit(&writer, err);
}

bool ht__file_exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0;
}

bool ht__is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

ht_status ht__make_folders(const char *path, ht_error *err) {
    char part[4096];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        return ht__fail_at(err, HT_ERROR_ARGUMENT, path, "This is not a usable folder name.");
    }
    for (size_t i = 1; i <= length; ++i) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            return ht__fail_at(err, HT_ERROR_IO, part, "The folder cannot be made: %s.", strerror(errno));
        }
    }
    if (!ht__is_folder(path)) {
        return ht__fail_at(err, HT_ERROR_IO, path, "A file of this name stands where a folder is wanted.");
    }
    return HT_OK;
}

ht_status ht__read_bytes(ht_reader *reader, size_t count, const uint8_t **out, const char *what, ht_error *err) {
    if (count > reader->size - reader->position) {
        return ht__fail_offset(err, HT_ERROR_FORMAT, reader->name, (int64_t)reader->position,
                               "The file ends inside %s: %zu bytes are needed, %zu are left.", what, count,
                               reader->size - reader->position);
    }
    *out = reader->data + reader->position;
    reader->position += count;
    return HT_OK;
}

ht_status ht__read_u32_big(ht_reader *reader, uint32_t *out, const char *what, ht_error *err) {
    const uint8_t *bytes;
    HT_TRY(ht__read_bytes(reader, 4, &bytes, what, err));
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return HT_OK;
}

/* Made once and never changed: numbers in files do not depend on the user's language. */
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_c_locale(void) { c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0); }

bool ht__parse_double(const char *text, double *out) {
    pthread_once(&c_locale_once, make_c_locale);
    if (c_locale == (locale_t)0) {
        return false;
    }
    char *end = NULL;
    double value = strtod_l(text, &end, c_locale);
    while (end != NULL && (*end == ' ' || *end == '\t')) {
        ++end;
    }
    if (end == text || end == NULL || *end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

bool ht__parse_int64(const char *text, int64_t *out) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno == ERANGE) {
        return false;
    }
    *out = value;
    return true;
}
