/* Fuzz target: plan files. The bytes are damage to be done to a sound plan, which is made once from a model of the
 * repository: pairs of a place and a value, then the checksum is made anew, as an attacker would. Or, with a first byte
 * of 0, they are a plan themselves. What is accepted is run. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "fuzz.h"
#include "halftone/compile.h"
#include "run/plan_format.h"
#include "run/plan_program.h"

#define MOST_BYTES ((size_t)16 << 20) /* of arena and plan: a device's budget */
#define MOST_WORK 2000000             /* elements that a plan's tensors have: what takes longer is no news */

/* Plans to damage: made for this processor and for any, of a float and of an integer network. */
typedef struct seed {
    unsigned char *bytes;
    size_t size;
} seed;
#define SEEDS 6

static seed make_seed(const char *model_path, const char *target) {
    char path[] = "/tmp/fuzz-plan-XXXXXX";
    int fd = mkstemp(path);
    ht_context *ctx;
    ht_model *model;
    ht_file_view file;
    seed made = {NULL, 0};
    ht_compile_settings settings = {.target = target, .overwrite = true};
    if (fd < 0 || ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) != HT_OK) {
        abort();
    }
    close(fd);
    if (ht_model_load(ctx, model_path, &model, NULL) == HT_OK) {
        if (ht_model_compile(model, path, &settings, NULL, NULL, NULL, NULL) == HT_OK &&
            ht__file_map(path, &file, NULL) == HT_OK) {
            made = (seed){ht__alloc(&ht__system_allocator, file.size), file.size};
            memcpy(made.bytes, file.data, file.size);
            ht__file_unmap(&file);
        }
        ht_model_destroy(model);
    }
    ht_context_destroy(ctx);
    unlink(path);
    return made;
}

static const seed *seeds(void) {
    static const char *const models[SEEDS] = {"models/fashion-mnist-small.onnx",
                                              "fuzz/corpus/tflite/conv.tflite",
                                              "fuzz/corpus/tflite/gemm.tflite",
                                              "models/churn-mlp-simple-s0.onnx",
                                              "fuzz/corpus/tflite/softmax_channels.tflite",
                                              "fuzz/corpus/tflite/resize_linear.tflite"};
    static seed list[SEEDS];
    static bool made;
    for (int i = 0; !made && i < SEEDS; ++i) {
        list[i] = make_seed(models[i], i % 2 == 0 ? "scalar" : "native");
    }
    made = true;
    return list;
}

/* Damages the tables: each 6 bytes are a place in them, a kind, and a value. */
static void damage(unsigned char *bytes, size_t size, const uint8_t *data, size_t count) {
    ht_plan_header *header = (ht_plan_header *)(void *)bytes;
    size_t tables = header->constants.offset < size ? (size_t)header->constants.offset : size;
    for (; count >= 6; data += 6, count -= 6) {
        size_t at = ((size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % tables;
        uint32_t value = data[4] | (uint32_t)data[5] << 8;
        size_t width = (size_t)1 << data[3] % 4;
        uint64_t wide = data[3] & 16 ? value : data[3] & 32 ? 0 - (uint64_t)value : (uint64_t)value << 24;
        at = data[3] & 64 ? at : at / width * width;
        memcpy(bytes + at, &wide, at + width <= size ? width : 0);
    }
    header->table_checksum = 0;
    if (header->constants.offset <= size) {
        header->table_checksum = ht__checksum_of(bytes, (size_t)header->constants.offset);
    }
}

static bool is_quick(const ht_program *program) {
    int64_t work = 0;
    for (size_t i = 0; i < program->tensor_count; ++i) {
        work += ht__desc_elements(&program->tensors[i].desc);
        if (work > MOST_WORK) {
            return false;
        }
    }
    return program->step_count < 100;
}

static void run(const ht_plan *plan, size_t arena_bytes) {
    const ht_program *program = ht__plan_program(plan);
    ht_tensor inputs[64];
    void *outputs[64] = {NULL}, *arena = ht__alloc(&ht__system_allocator, arena_bytes);
    ht_plan_end end;
    size_t in = 0, out = 0;
    for (; in < 64 && ht_plan_input(plan, in, &end); ++in) {
        inputs[in] = (ht_tensor){
            .type = end.type, .rank = end.rank, .data = ht__calloc(&ht__system_allocator, 1, end.bytes + 1)};
        memcpy(inputs[in].dims, end.dims, sizeof end.dims);
    }
    for (; out < 64 && ht_plan_output(plan, out, &end); ++out) {
        outputs[out] = ht__alloc(&ht__system_allocator, end.bytes);
    }
    ht_plan_buffers buffers = {.inputs = inputs, .outputs = outputs, .arena = arena, .arena_bytes = arena_bytes};
    ht_error err;
    memset(arena, 0x5A, arena_bytes);
    if (program->output_count <= 64) {
        (void)ht_plan_run(plan, NULL, &buffers, &err);
    }
    while (in > 0) {
        ht__free(&ht__system_allocator, (void *)(uintptr_t)inputs[--in].data);
    }
    while (out > 0) {
        ht__free(&ht__system_allocator, outputs[--out]);
    }
    ht__free(&ht__system_allocator, arena);
}

/* Reads the plan and runs it; `bytes` are aligned. */
static void try_plan(const unsigned char *bytes, size_t size) {
    ht_plan_memory sizes;
    ht_plan *plan;
    ht_error err;
    if (ht_plan_measure(bytes, size, 1, &sizes, &err) != HT_OK || sizes.plan_bytes > MOST_BYTES ||
        sizes.arena_bytes > MOST_BYTES) {
        return;
    }
    void *memory = ht__alloc(&ht__system_allocator, sizes.plan_bytes);
    if (ht_plan_create(bytes, size, 1, memory, sizes.plan_bytes, &plan, &err) != HT_OK) {
        abort(); /* what was measured can be made */
    }
    (void)ht_plan_verify(plan, &err);
    if (is_quick(ht__plan_program(plan))) {
        run(plan, sizes.arena_bytes);
    }
    ht_plan_close(plan);
    ht__free(&ht__system_allocator, memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const seed *from = size > 0 && data[0] != 0 ? &seeds()[data[0] % SEEDS] : NULL;
    size_t bytes = from != NULL ? from->size : size;
    unsigned char *copy = ht__alloc(&ht__system_allocator, bytes);
    if (copy == NULL || (from != NULL && from->bytes == NULL)) {
        ht__free(&ht__system_allocator, copy);
        return 0;
    }
    memcpy(copy, from != NULL ? from->bytes : data, bytes);
    if (from != NULL) {
        damage(copy, bytes, data + 1, size - 1);
    }
    try_plan(copy, bytes);
    ht__free(&ht__system_allocator, copy);
    return 0;
}
