/* Fuzz target: the ONNX reader, and writing again what was read. */
#include <stdlib.h>
#include <string.h>

#include "formats/onnx/onnx.h"
#include "fuzz.h"

static bool count_bytes(void *user, const void *bytes, size_t size) {
    (void)bytes;
    *(size_t *)user += size;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ht_context *ctx;
    if (ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) != HT_OK) {
        return 0;
    }
    ht_error err;
    ht_model *model;
    if (ht__onnx_read(ctx, data, size, "fuzz.onnx", NULL, &model, &err) == HT_OK) {
        ht_model_info info;
        size_t written = 0;
        (void)ht_model_describe(model, &info, &err);
        (void)ht__onnx_write(model, &(ht_onnx_output){.write = count_bytes, .user = &written}, &err);
        ht_model_destroy(model);
    }
    ht_context_destroy(ctx);
    return 0;
}
