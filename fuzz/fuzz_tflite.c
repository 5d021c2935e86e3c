/* Fuzz target: the TFLite reader, and writing what was read as ONNX and as TFLite. */
#include <stdlib.h>
#include <string.h>

#include "formats/onnx/onnx.h"
#include "formats/tflite/tflite.h"
#include "fuzz.h"

static bool count_bytes(void *user, const void *bytes, size_t size) {
    (void)bytes;
    *(size_t *)user += size;
    return true;
}

static void read_and_write(ht_context *ctx, const uint8_t *bytes, size_t size) {
    ht_error err;
    ht_model *model;
    if (ht__tflite_read(ctx, bytes, size, "fuzz.tflite", &model, &err) == HT_OK) {
        ht_model_info info;
        size_t written = 0;
        (void)ht_model_describe(model, &info, &err);
        (void)ht__onnx_write(model, &(ht_onnx_output){.write = count_bytes, .user = &written}, &err);
        ht_buffer file;
        ht__buffer_init(&file, &ht__system_allocator);
        (void)ht__tflite_write(model, &file, &err);
        ht__buffer_free(&file);
        ht_model_destroy(model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ht_context *ctx;
    /* Aligned as a mapped file is. */
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL || ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) != HT_OK) {
        free(bytes);
        return 0;
    }
    memcpy(bytes, data, size);
    read_and_write(ctx, bytes, size);
    ht_context_destroy(ctx);
    free(bytes);
    return 0;
}
