#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "data/fetch.h"

static ht_status digest_stream(FILE *file, const char *path, EVP_MD_CTX *digest, ht_error *err) {
    unsigned char buffer[65536];
    size_t count;
    while ((count = fread(buffer, 1, sizeof buffer, file)) > 0) {
        EVP_DigestUpdate(digest, buffer, count);
    }
    return ferror(file) ? ht__fail_at(err, HT_ERROR_IO, path, "The file cannot be read: %s.", strerror(errno)) : HT_OK;
}

ht_status ht__digest_check(const char *path, const ht__digest *wanted, bool *equal, char found[65], ht_error *err) {
    *equal = false;
    found[0] = '\0';
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return ht__fail_at(err, HT_ERROR_IO, path, "The file cannot be opened: %s.", strerror(errno));
    }
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    ht_status status = HT_OK;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (digest == NULL || EVP_DigestInit_ex(digest, EVP_get_digestbyname(wanted->algorithm), NULL) != 1) {
        status = ht__fail_at(err, HT_ERROR_UNSUPPORTED, path, "This OpenSSL cannot compute %s.", wanted->algorithm);
    } else {
        status = digest_stream(file, path, digest, err);
        EVP_DigestFinal_ex(digest, bytes, &size);
    }
    EVP_MD_CTX_free(digest);
    fclose(file);
    for (unsigned i = 0; status == HT_OK && i < size && i < 32; ++i) {
        snprintf(found + 2 * i, 3, "%02x", bytes[i]);
    }
    *equal = status == HT_OK && strcasecmp(found, wanted->hex) == 0;
    return status;
}
