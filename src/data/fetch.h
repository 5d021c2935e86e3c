/* The pieces of `data fetch`. */
#ifndef HT_DATA_FETCH_H
#define HT_DATA_FETCH_H

#include "base/context.h"

/* What a file's digest must be: lower-case hex. SHA-256; MD5 where the publisher gives nothing better. */
typedef struct ht__digest {
    const char *algorithm; /* "sha256" or "md5", as OpenSSL names them */
    const char *hex;
} ht__digest;

/* Compares a file's digest. *found (65 bytes) gets what it is. Errors: HT_ERROR_IO; HT_ERROR_UNSUPPORTED (the algorithm
 * is switched off in this OpenSSL). */
ht_status ht__digest_check(const char *path, const ht__digest *wanted, bool *equal, char found[65], ht_error *err);

/* Downloads `url` to `path`.part, going on where an earlier try stopped, verifies it and renames it to `path`. A
 * connection that breaks is tried again, up to 5 times. Errors: HT_ERROR_NETWORK, HT_ERROR_MISMATCH (the part is
 * removed), HT_ERROR_IO, HT_ERROR_INTERRUPTED (the part stays), HT_ERROR_UNSUPPORTED (built without libcurl). */
ht_status ht__download(ht_context *ctx, const char *url, const char *path, const ht__digest *digest, ht_error *err);

/* Unpacks an archive (tar, zip; gzip, xz, ...) into a folder: regular files and folders only, each written beside and
 * renamed. Errors: HT_ERROR_FORMAT (damaged; an entry that leaves the folder, or is a link or a device), HT_ERROR_IO,
 * HT_ERROR_LIMIT, HT_ERROR_UNSUPPORTED (built without libarchive). */
ht_status ht__unpack_archive(ht_context *ctx, const char *archive, const char *folder, ht_error *err);

/* Whether a path from outside stays inside the folder that it is appended to. */
bool ht__path_stays_inside(const char *path);

#endif
