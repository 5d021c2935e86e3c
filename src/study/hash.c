#include <openssl/evp.h>

#include "base/file.h"
#include "study/study.h"

static void print_hex(const unsigned char digest[32], char out[65]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; ++i) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = '\0';
}

void ht__sha256_hex(const void *bytes, size_t size, char out[65]) {
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL);
    print_hex(digest, out);
}

ht_digest ht__digest_begin(void) {
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    if (state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(state);
        state = NULL;
    }
    return (ht_digest){state};
}

void ht__digest_add(ht_digest *digest, const void *bytes, size_t size) {
    if (digest->state != NULL && EVP_DigestUpdate(digest->state, bytes, size) != 1) {
        EVP_MD_CTX_free(digest->state);
        digest->state = NULL;
    }
}

ht_status ht__digest_end(ht_digest *digest, char out[65], ht_error *err) {
    unsigned char bytes[EVP_MAX_MD_SIZE] = {0};
    bool ended = digest->state != NULL && EVP_DigestFinal_ex(digest->state, bytes, NULL) == 1;
    EVP_MD_CTX_free(digest->state);
    digest->state = NULL;
    print_hex(bytes, out);
    return ended ? HT_OK : ht__fail_memory(err, 256);
}

ht_status ht__sha256_file(const char *path, char out[65], ht_error *err) {
    ht_file_view view;
    HT_TRY(ht__file_map(path, &view, err));
    ht__sha256_hex(view.data != NULL ? view.data : (const uint8_t *)"", view.size, out);
    ht__file_unmap(&view);
    return HT_OK;
}
