/* Fuzz target: tables. The first byte chooses the reader, the rest is the file. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "halftone/data.h"
#include "memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const forms[] = {"csv:%s,target=y", "csv:%s,target=y,separator=tab,task=regression",
                                        "csv:%s,header=false,target=x1", "keel:%s", "keel:%s,task=regression"};
    ht_context *ctx;
    memory_file file;
    if (size == 0 || !memory_file_open(&file, data + 1, size - 1)) {
        return 0;
    }
    if (ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) == HT_OK) {
        char spec[128];
        ht_error err;
        ht_dataset *dataset;
        char *report;
        snprintf(spec, sizeof spec, forms[data[0] % (sizeof forms / sizeof *forms)], file.path);
        if (ht_dataset_open(ctx, spec, NULL, &dataset, &err) == HT_OK) {
            ht_dataset_close(dataset);
        }
        if (ht_dataset_inspect(ctx, spec, NULL, &report, &err) == HT_OK) {
            ht_text_free(ctx, report);
        }
        ht_context_destroy(ctx);
    }
    memory_file_close(&file);
    return 0;
}
