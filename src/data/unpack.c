/* Archives through libarchive. Names in an archive are hostile: nothing may be written outside the folder. */
#include <string.h>

#include "data/fetch.h"

bool ht__path_stays_inside(const char *path) {
    if (path[0] == '\0' || path[0] == '/') {
        return false;
    }
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') {
            return false;
        }
    }
    return true;
}

#ifdef HT_WITH_ARCHIVE

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define MAX_ENTRIES 10000000u
#define MAX_BYTES ((uint64_t)256 << 30)

typedef struct unpacking {
    ht_context *ctx;
    const char *path, *folder;
    struct archive *archive;
    size_t entries;
    uint64_t bytes;
} unpacking;

static ht_status fail_archive(const unpacking *job, ht_error *err) {
    const char *reason = archive_error_string(job->archive);
    return ht__fail_offset(err, HT_ERROR_FORMAT, job->path, archive_filter_bytes(job->archive, -1),
                           "The archive is damaged: %s.", reason != NULL ? reason : "it cannot be read");
}

static ht_status copy_data(unpacking *job, FILE *out, const char *target, ht_error *err) {
    char buffer[65536];
    la_ssize_t count;
    while ((count = archive_read_data(job->archive, buffer, sizeof buffer)) > 0) {
        job->bytes += (uint64_t)count;
        if (job->bytes > MAX_BYTES) {
            return ht__fail_at(err, HT_ERROR_LIMIT, job->path, "The archive unpacks to more than %llu GiB.",
                               (unsigned long long)(MAX_BYTES >> 30));
        }
        if (fwrite(buffer, 1, (size_t)count, out) != (size_t)count) {
            return ht__fail_at(err, HT_ERROR_IO, target, "The file could not be written: %s.", strerror(errno));
        }
    }
    return count < 0 ? fail_archive(job, err) : HT_OK;
}

/* No component of target's path below the folder may be a link that was there before. */
static ht_status refuse_links(const unpacking *job, const char *target, ht_error *err) {
    char path[4096];
    size_t base = strlen(job->folder);
    for (size_t i = base + 1; target[i] != '\0'; ++i) {
        struct stat info;
        if (target[i] == '/') {
            memcpy(path, target, i);
            path[i] = '\0';
            if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
                return ht__fail_at(err, HT_ERROR_FORMAT, path,
                                   "A symbolic link stands where the archive has a folder.");
            }
        }
    }
    return HT_OK;
}

static ht_status write_entry(unpacking *job, const char *target, ht_error *err) {
    char parent[4096], beside[4096 + 8];
    snprintf(parent, sizeof parent, "%s", target);
    *strrchr(parent, '/') = '\0';
    HT_TRY(ht__make_folders(parent, err));
    snprintf(beside, sizeof beside, "%s.part", target);
    unlink(beside); /* never through a link that stands there */
    FILE *out = fopen(beside, "wbxe");
    if (out == NULL) {
        return ht__fail_at(err, HT_ERROR_IO, target, "The file cannot be written: %s.", strerror(errno));
    }
    ht_status status = copy_data(job, out, target, err);
    bool closed = fclose(out) == 0;
    if (status == HT_OK && (!closed || rename(beside, target) != 0)) {
        status = ht__fail_at(err, HT_ERROR_IO, target, "The file could not be written: %s.", strerror(errno));
    }
    if (status != HT_OK) {
        unlink(beside);
    }
    return status;
}

static ht_status take_entry(unpacking *job, struct archive_entry *entry, ht_error *err) {
    const char *name = archive_entry_pathname(entry);
    char target[4096];
    if (++job->entries > MAX_ENTRIES) {
        return ht__fail_at(err, HT_ERROR_LIMIT, job->path, "The archive has more than %u entries.", MAX_ENTRIES);
    }
    if (name == NULL || !ht__path_stays_inside(name) ||
        (size_t)snprintf(target, sizeof target, "%s/%s", job->folder, name) >= sizeof target) {
        return ht__fail_at(err, HT_ERROR_FORMAT, job->path,
                           "The archive has an entry that would leave its folder: '%.100s'.",
                           name != NULL ? name : "(no name)");
    }
    bool link = archive_entry_hardlink(entry) != NULL;
    if (archive_entry_filetype(entry) == AE_IFDIR && !link) {
        HT_TRY(refuse_links(job, target, err));
        return ht__make_folders(target, err);
    }
    if (archive_entry_filetype(entry) != AE_IFREG || link) {
        return ht__fail_at(err, HT_ERROR_FORMAT, job->path, "The entry '%.100s' is neither a file nor a folder.", name);
    }
    HT_TRY(refuse_links(job, target, err));
    return write_entry(job, target, err);
}

static ht_status take_all(unpacking *job, ht_error *err) {
    for (;;) {
        struct archive_entry *entry;
        int result = archive_read_next_header(job->archive, &entry);
        if (result == ARCHIVE_EOF) {
            return HT_OK;
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            return fail_archive(job, err);
        }
        HT_TRY(take_entry(job, entry, err));
        ht__progress(job->ctx, "unpacking", (double)job->entries, 0, NULL);
        HT_TRY(ht__check_interrupt(job->ctx, err));
    }
}

ht_status ht__unpack_archive(ht_context *ctx, const char *archive, const char *folder, ht_error *err) {
    HT_TRY(ht__make_folders(folder, err));
    unpacking job = {.ctx = ctx, .path = archive, .folder = folder, .archive = archive_read_new()};
    if (job.archive == NULL) {
        return ht__fail_memory(err, 1);
    }
    archive_read_support_format_tar(job.archive);
    archive_read_support_format_zip(job.archive);
    archive_read_support_filter_all(job.archive);
    ht_status status = archive_read_open_filename(job.archive, archive, 65536) == ARCHIVE_OK ? take_all(&job, err)
                                                                                             : fail_archive(&job, err);
    archive_read_free(job.archive);
    return status;
}

#else

ht_status ht__unpack_archive(ht_context *ctx, const char *archive, const char *folder, ht_error *err) {
    (void)ctx, (void)folder;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, archive,
                       "This build unpacks nothing: it was made without libarchive.");
}

#endif
