/* Fuzz target: running any ONNX model: operators with attributes, shapes and contents that nobody would write. The
 * inputs that the model declares get dimensions and numbers that follow from its bytes. Memory and time of a run are
 * bounded: what would take more ends as an error, as it does for a caller with a budget. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/rng.h"
#include "formats/onnx/onnx.h"
#include "fuzz.h"
#include "halftone/run.h"

#define MOST_BYTES ((size_t)24 << 20)
#define MOST_INPUTS 8
#define MOST_ELEMENTS 4096
#define SECONDS 2

/* ---- memory with a budget; each block has its size before it ---- */

static size_t used;

static void *allocate(void *user, size_t bytes) {
    (void)user;
    if (bytes > MOST_BYTES - used) {
        return NULL;
    }
    unsigned char *block = ht__system_allocator.allocate(NULL, bytes + 64);
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, &bytes, sizeof bytes);
    used += bytes;
    return block + 64;
}

static void release(void *user, void *memory) {
    (void)user;
    if (memory != NULL) {
        size_t bytes;
        memcpy(&bytes, (unsigned char *)memory - 64, sizeof bytes);
        used -= bytes;
        ht__system_allocator.release(NULL, (unsigned char *)memory - 64);
    }
}

static time_t end_of_run;
static bool is_over(void *user) {
    (void)user;
    return time(NULL) > end_of_run;
}

/* ---- inputs ---- */

static int64_t whole_number(ht_rng *rng) {
    static const int64_t nasty[] = {0, -1, INT64_MIN, INT64_MAX, INT32_MAX, (int64_t)1 << 32};
    return ht__rng_below(rng, 12) == 0 ? nasty[ht__rng_below(rng, sizeof nasty / sizeof nasty[0])]
                                       : (int64_t)ht__rng_below(rng, 7) - 2;
}

static void fill(ht_rng *rng, ht_type type, void *data, size_t count) {
    size_t bytes = ht_type_bytes(type);
    bool narrow = type == HT_I4 || type == HT_U4 || type == HT_I2 || type == HT_U2 || type == HT_BOOL;
    bool whole = type == HT_I32 || type == HT_I64 || type == HT_U32 || type == HT_U64;
    for (size_t i = 0; i < count; ++i) {
        unsigned char *at = (unsigned char *)data + i * bytes;
        float real = 4.0f * (float)ht__rng_uniform(rng) - 2.0f;
        int64_t number = whole_number(rng);
        uint64_t any = (uint64_t)ht__rng_u32(rng) << 32 | ht__rng_u32(rng);
        if (narrow) {
            *at = any & 1;
        } else if (type == HT_F32 && ht__rng_below(rng, 16) != 0) {
            memcpy(at, &real, sizeof real);
        } else {
            memcpy(at, whole ? (const void *)&number : &any, bytes); /* little-endian, as all our machines */
        }
    }
}

/* Gives the model's input a tensor; false when it is none that can be filled. */
static bool make_input(ht_rng *rng, const ht_tensor_info *info, ht_tensor *out) {
    size_t count = 1;
    *out = (ht_tensor){.name = info->name, .type = info->type, .rank = info->rank < 0 ? 2 : info->rank};
    for (int32_t i = 0; i < out->rank; ++i) {
        int64_t declared = info->rank < 0 ? -1 : info->dims[i];
        out->dims[i] = declared >= 0 ? declared : (int64_t)ht__rng_below(rng, 5);
        if (out->dims[i] > MOST_ELEMENTS || count > MOST_ELEMENTS) {
            return false;
        }
        count *= (size_t)out->dims[i];
    }
    if (info->type == HT_NONE || count > MOST_ELEMENTS) {
        return false;
    }
    void *data = aligned_alloc(64, (count * ht_type_bytes(info->type) + 127) & ~(size_t)63);
    if (data == NULL) {
        abort();
    }
    fill(rng, info->type, data, count);
    out->data = data;
    return true;
}

static void run(const ht_model *model, ht_rng *rng) {
    ht_tensor inputs[MOST_INPUTS] = {0};
    ht_tensor_info info;
    ht_tensors *results = NULL;
    size_t count = 0;
    bool usable = true;
    while (usable && ht_model_input(model, count, &info)) {
        usable = count < MOST_INPUTS && make_input(rng, &info, &inputs[count]);
        count += usable;
    }
    ht_run_options options = {.reference = ht__rng_below(rng, 4) == 0};
    ht_error err;
    if (usable && ht_model_run(model, inputs, count, &options, &results, &err) == HT_OK) {
        ht_tensors_destroy(results);
    }
    for (size_t i = 0; i < count; ++i) {
        free((void *)(uintptr_t)inputs[i].data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const ht_allocator allocator = {allocate, release, NULL};
    ht_context *ctx;
    ht_model *model;
    ht_error err;
    ht_rng rng = {.seed = size, .stream = 3};
    for (size_t i = 0; i < size; ++i) {
        rng.seed = rng.seed * 1099511628211u ^ data[i];
    }
    used = 0;
    end_of_run = time(NULL) + SECONDS;
    ht_context_options options = {.allocator = &allocator, .threads = 1, .interrupted = is_over};
    if (ht_context_create(&options, &ctx, NULL) != HT_OK) {
        return 0;
    }
    if (ht__onnx_read(ctx, data, size, "fuzz.onnx", NULL, &model, &err) == HT_OK) {
        run(model, &rng);
        ht_model_destroy(model);
    }
    ht_context_destroy(ctx);
    if (used != 0) {
        abort(); /* something is still held */
    }
    return 0;
}
