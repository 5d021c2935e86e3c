#include <openssl/evp.h>

#include "base/file.h"
#include "study/study.h"

void ht__sha256_hex(const void *bytes, size_t size, char out[65]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < 32; ++i) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = '\0';
}

ht_status ht__sha256_file(const char *path, char out[65], ht_error *err) {
    ht_file_view view;
    HT_TRY(ht__file_map(path, &view, err));
    ht__sha256_hex(view.data != NULL ? view.data : (const uint8_t *)"", view.size, out);
    ht__file_unmap(&view);
    return HT_OK;
}
