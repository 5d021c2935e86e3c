/* Fuzz target: files of pictures. The first byte chooses: a JPEG or PNG, an IDX file, a CIFAR file, a .npy file, each
 * as the pictures or as the labels. */
#define _GNU_SOURCE
#include "data/picture.h"
#include "fuzz.h"
#include "halftone/data.h"
#include "memory_file.h"

static void decode(const uint8_t *data, size_t size, size_t channels) {
    ht__picture picture = {.allocator = &ht__system_allocator};
    ht_error err;
    (void)ht__picture_decode("fuzz", data, size, channels, &picture, &err);
    ht__picture_free(&picture);
}

static void open_set(const char *format, const uint8_t *data, size_t size) {
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    ht_context *ctx;
    memory_file file, other;
    if (!memory_file_open(&file, data, size)) {
        return;
    }
    if (!memory_file_open(&other, labels, sizeof labels)) {
        memory_file_close(&file);
        return;
    }
    if (ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) == HT_OK) {
        char spec[256];
        ht_error err;
        ht_dataset *dataset;
        snprintf(spec, sizeof spec, format, file.path, other.path);
        if (ht_dataset_open(ctx, spec, NULL, &dataset, &err) == HT_OK) {
            ht_dataset_close(dataset);
        }
        ht_context_destroy(ctx);
    }
    memory_file_close(&other);
    memory_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const forms[] = {"idx:%1$s,labels=%2$s", "idx:%2$s,labels=%1$s", "cifar:%1$s",
                                        "npy:%1$s,labels=%2$s", "npy:%1$s,labels=%1$s,task=regression"};
    const size_t count = sizeof forms / sizeof *forms;
    if (size == 0) {
        return 0;
    }
    if (data[0] % (count + 2) < count) {
        open_set(forms[data[0] % (count + 2)], data + 1, size - 1);
    } else {
        decode(data + 1, size - 1, data[0] % (count + 2) == count ? 1 : 3);
    }
    return 0;
}
