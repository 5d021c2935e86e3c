/* Fuzz target: the ONNX reader, and writing again what was read. Models may have their data in the file data.bin. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/onnx/onnx.h"
#include "fuzz.h"

static bool count_bytes(void *user, const void *bytes, size_t size) {
    (void)bytes;
    *(size_t *)user += size;
    return true;
}

/* The folder of the models: one file of 4096 bytes, made once. */
static char folder[] = "/tmp/halftone-fuzz-XXXXXX";

static void remove_folder(void) {
    char path[64];
    snprintf(path, sizeof path, "%s/data.bin", folder);
    unlink(path);
    rmdir(folder);
}

static const char *model_folder(void) {
    static bool tried, there;
    char path[64];
    if (!tried) {
        uint8_t bytes[4096];
        for (size_t i = 0; i < sizeof bytes; ++i) {
            bytes[i] = (uint8_t)(i * 37);
        }
        there = mkdtemp(folder) != NULL && atexit(remove_folder) == 0;
        snprintf(path, sizeof path, "%s/data.bin", folder);
        there = there && ht__file_write(&ht__system_allocator, path, false, bytes, sizeof bytes, NULL) == HT_OK;
        tried = true;
    }
    return there ? folder : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ht_context *ctx;
    if (ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) != HT_OK) {
        return 0;
    }
    ht_error err;
    ht_model *model;
    if (ht__onnx_read(ctx, data, size, "fuzz.onnx", model_folder(), &model, &err) == HT_OK) {
        ht_model_info info;
        size_t written = 0;
        (void)ht_model_describe(model, &info, &err);
        (void)ht__onnx_write(model, &(ht_onnx_output){.write = count_bytes, .user = &written}, &err);
        ht_model_destroy(model);
    }
    ht_context_destroy(ctx);
    return 0;
}
