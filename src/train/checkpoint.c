#include "train/checkpoint.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/file.h"

static const char magic[8] = "HTTRAIN1";

ht_status ht__fingerprint(const ht_checkpoint_part *parts, size_t count, uint8_t out[HT_FINGERPRINT_BYTES],
                          ht_error *err) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool fine = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; i < count && fine; ++i) {
        fine = EVP_DigestUpdate(digest, parts[i].data, parts[i].bytes) == 1;
    }
    fine = fine && EVP_DigestFinal_ex(digest, out, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return fine ? HT_OK : ht__fail(err, HT_ERROR_INTERNAL, "SHA-256 could not be computed.");
}

/* What stands before the parts: magic, fingerprint, number of parts, their sizes; then comes the hash over header and
 * parts at the end of the file. */
static size_t header_bytes(size_t count) {
    return sizeof magic + HT_FINGERPRINT_BYTES + (1 + count) * sizeof(uint64_t);
}

static void make_header(const uint8_t fingerprint[HT_FINGERPRINT_BYTES], const ht_checkpoint_part *parts, size_t count,
                        uint8_t *out) {
    memcpy(out, magic, sizeof magic);
    memcpy(out + sizeof magic, fingerprint, HT_FINGERPRINT_BYTES);
    uint8_t *sizes = out + sizeof magic + HT_FINGERPRINT_BYTES;
    for (size_t i = 0; i <= count; ++i) {
        uint64_t number = i == 0 ? count : parts[i - 1].bytes;
        memcpy(sizes + i * sizeof number, &number, sizeof number);
    }
}

#define MOST_PARTS 16

static ht_status hash_all(uint8_t *header, const ht_checkpoint_part *parts, size_t count,
                          uint8_t out[HT_FINGERPRINT_BYTES], ht_error *err) {
    ht_checkpoint_part all[MOST_PARTS + 1] = {{header, header_bytes(count)}};
    memcpy(all + 1, parts, count * sizeof *parts);
    return ht__fingerprint(all, count + 1, out, err);
}

ht_status ht__checkpoint_write(const ht_allocator *allocator, const char *path,
                               const uint8_t fingerprint[HT_FINGERPRINT_BYTES], const ht_checkpoint_part *parts,
                               size_t count, ht_error *err) {
    uint8_t header[sizeof magic + HT_FINGERPRINT_BYTES + (1 + MOST_PARTS) * sizeof(uint64_t)];
    uint8_t hash[HT_FINGERPRINT_BYTES];
    make_header(fingerprint, parts, count, header);
    HT_TRY(hash_all(header, parts, count, hash, err));
    ht_file_writer writer;
    HT_TRY(ht__file_create(allocator, path, true, &writer, err));
    fwrite(header, 1, header_bytes(count), writer.stream);
    for (size_t i = 0; i < count; ++i) {
        fwrite(parts[i].data, 1, parts[i].bytes, writer.stream);
    }
    fwrite(hash, 1, sizeof hash, writer.stream);
    return ht__file_commit(&writer, err); /* reports what went wrong in between */
}

/* Why the file is none of this run's, or NULL. */
static const char *refusal(const ht_file_view *file, const uint8_t *header, size_t header_size, size_t total) {
    if (file->size < header_size || memcmp(file->data, magic, sizeof magic) != 0) {
        return "it is no checkpoint of this version";
    }
    if (memcmp(file->data, header, header_size) != 0) {
        return "it was made with other options or other data";
    }
    return file->size != total ? "it is cut off" : NULL;
}

ht_status ht__checkpoint_read(const char *path, const uint8_t fingerprint[HT_FINGERPRINT_BYTES],
                              const ht_checkpoint_part *parts, size_t count, bool *found, const char **reason,
                              ht_error *err) {
    *found = false;
    *reason = NULL;
    if (!ht__file_exists(path)) {
        return HT_OK;
    }
    uint8_t header[sizeof magic + HT_FINGERPRINT_BYTES + (1 + MOST_PARTS) * sizeof(uint64_t)];
    uint8_t hash[HT_FINGERPRINT_BYTES];
    make_header(fingerprint, parts, count, header);
    size_t total = header_bytes(count) + sizeof hash;
    for (size_t i = 0; i < count; ++i) {
        total += parts[i].bytes;
    }
    ht_file_view file;
    HT_TRY(ht__file_map(path, &file, err));
    *reason = refusal(&file, header, header_bytes(count), total);
    ht_status status = HT_OK;
    if (*reason == NULL) {
        ht_checkpoint_part all = {(void *)(uintptr_t)file.data, total - sizeof hash};
        status = ht__fingerprint(&all, 1, hash, err);
        if (status == HT_OK && memcmp(hash, file.data + total - sizeof hash, sizeof hash) != 0) {
            *reason = "it is damaged";
        }
    }
    if (status == HT_OK && *reason == NULL) {
        const uint8_t *from = file.data + header_bytes(count);
        for (size_t i = 0; i < count; ++i) {
            memcpy(parts[i].data, from, parts[i].bytes);
            from += parts[i].bytes;
        }
        *found = true;
    }
    ht__file_unmap(&file);
    return status;
}
