/* Plans compute what their models do, and what is wrong with a plan gets a sentence. */
#define _GNU_SOURCE
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/tensor.h"
#include "halftone/compile.h"
#include "kernels/families.h"
#include "run/plan_format.h"
#include "run/plan_program.h"
#include "support.h"

#define MOST_ENDS 64

static ht_context *ctx;
static char folder[] = "/tmp/halftone-plans-XXXXXX", plan_path[64];

/* ---- the same results ---- */

static void fill(ht_rng *rng, ht_type type, void *data, size_t bytes) {
    for (size_t i = 0; i < bytes / ht_type_bytes(type); ++i) {
        switch (type) {
        case HT_F32: ((float *)data)[i] = (float)ht__rng_normal(rng); break;
        case HT_U8:
        case HT_I8: ((uint8_t *)data)[i] = (uint8_t)ht__rng_below(rng, 256); break;
        case HT_I16: ((int16_t *)data)[i] = (int16_t)ht__rng_below(rng, 65536); break;
        case HT_I32: ((int32_t *)data)[i] = (int32_t)ht__rng_below(rng, 2); break;
        case HT_I64: ((int64_t *)data)[i] = (int64_t)ht__rng_below(rng, 2); break;
        default: memset(data, 0, bytes); return;
        }
    }
}

/* Integers are equal; floats may come from other kernels, which sum in another order. */
static bool agrees(const ht_tensor *a, const ht_tensor *b, bool exact) {
    size_t count = 1;
    float largest = 1e-6f;
    for (int32_t i = 0; i < a->rank; ++i) {
        count *= (size_t)a->dims[i];
    }
    if (a->type != b->type || a->rank != b->rank || memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) != 0) {
        return false;
    }
    if (a->type != HT_F32 || exact) {
        return memcmp(a->data, b->data, count * ht_type_bytes(a->type)) == 0;
    }
    const float *x = a->data, *y = b->data;
    for (size_t i = 0; i < count; ++i) {
        largest = isfinite(x[i]) && fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    }
    for (size_t i = 0; i < count; ++i) {
        bool same = memcmp(&x[i], &y[i], sizeof x[i]) == 0 || (isnan(x[i]) && isnan(y[i]));
        if (!same && !(fabsf(x[i] - y[i]) <= 1e-4f * largest)) {
            return false;
        }
    }
    return true;
}

static size_t make_inputs(const ht_plan *plan, ht_tensor *inputs) {
    ht_rng rng = {7, 0, 0};
    ht_plan_end end;
    size_t count = 0;
    for (; count < MOST_ENDS && ht_plan_input(plan, count, &end); ++count) {
        void *data = calloc(1, end.bytes + 1);
        fill(&rng, end.type, data, end.bytes);
        inputs[count] = (ht_tensor){.name = end.name, .type = end.type, .rank = end.rank, .data = data};
        memcpy(inputs[count].dims, end.dims, sizeof end.dims);
    }
    return count;
}

static void free_inputs(ht_tensor *inputs, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        free((void *)(uintptr_t)inputs[i].data);
    }
}

static void compare(const char *path, const ht_model *model, const ht_plan *plan, bool exact) {
    ht_tensor inputs[MOST_ENDS];
    ht_tensors *expected = NULL, *found = NULL;
    ht_error err = {0};
    size_t count = make_inputs(plan, inputs);
    ht_status status = ht_model_run(model, inputs, count, NULL, &expected, &err);
    ht_status own = ht_plan_run_named(plan, ctx, inputs, count, &found, &err);
    if (status != own) {
        fail_msg("%s: the model gives %s, its plan %s: %s", path, ht_status_name(status), ht_status_name(own),
                 err.message);
    }
    for (size_t i = 0; i < ht_tensors_count(expected); ++i) {
        if (!agrees(ht_tensors_at(expected, i), ht_tensors_at(found, i), exact)) {
            fail_msg("%s: output %s of the plan differs", path, ht_tensors_at(expected, i)->name);
        }
    }
    ht_tensors_destroy(expected);
    ht_tensors_destroy(found);
    free_inputs(inputs, count);
}

/* Was there a plan to compare? */
static bool compile_and_compare(const char *path, const char *target, bool exact) {
    ht_model *model;
    ht_plan *plan;
    ht_error err = {0};
    ht_compile_settings settings = {.target = target, .overwrite = true};
    if (ht_model_load(ctx, path, &model, NULL) != HT_OK) {
        return false;
    }
    ht_status status = ht_model_compile(model, plan_path, &settings, NULL, NULL, NULL, &err);
    if (status == HT_OK) {
        status = ht_plan_open(ctx, plan_path, &plan, &err);
        if (status == HT_ERROR_UNSUPPORTED && strstr(err.message, "this one lacks") != NULL) {
            ht_model_destroy(model); /* compiled for a processor that has more */
            return true;
        }
        if (status != HT_OK) {
            fail_msg("%s: its plan cannot be opened: %s: %s", path, err.where, err.message);
        }
        assert_int_equal(ht_plan_verify(plan, &err), HT_OK);
        compare(path, model, plan, exact);
        ht_plan_close(plan);
    } else {
        assert_true(status == HT_ERROR_UNSUPPORTED || status == HT_ERROR_MISMATCH || status == HT_ERROR_LIMIT);
        assert_true(err.message[0] != '\0');
    }
    ht_model_destroy(model);
    return status == HT_OK;
}

static size_t compare_folder(const char *name, const char *target) {
    DIR *list = opendir(name);
    size_t count = 0;
    assert_non_null(list);
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        count += entry->d_name[0] != '.' && compile_and_compare(path, target, false) ? 1 : 0;
    }
    closedir(list);
    return count;
}

static void plans_of_small_models_compute_what_the_models_do(void **state) {
    (void)state;
    static const char *const targets[] = {"native", "scalar"};
    for (size_t t = 0; t < 2; ++t) {
        size_t onnx = compare_folder("fuzz/corpus/onnx", targets[t]);
        size_t tflite = compare_folder("fuzz/corpus/tflite", targets[t]);
        assert_true(onnx == 0 || onnx >= 20); /* 0: a build without the format */
        assert_true(tflite == 0 || tflite >= 10);
    }
}

static bool is_target(const char *wanted) {
    const char *name, *features;
    for (size_t i = 0; ht_compile_target_at(i, &name, &features); ++i) {
        if (strcmp(name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* Of models that compute in integers from end to end, every bit. */
static void plans_of_integer_models_have_the_models_bits(void **state) {
    (void)state;
    static const char *const models[] = {"mlperf-tiny/ad01_int8.tflite",
                                         "mlperf-tiny/kws_ref_model.tflite",
                                         "mlperf-tiny/pretrainedResnet_quant.tflite",
                                         "mlperf-tiny/str_ww_ref_model.tflite",
                                         "mlperf-tiny/vww_96_int8.tflite",
                                         "mobilenet/mobilenet_v1_0.25_128_quant.tflite",
                                         "mobilenet/mobilenet_v2_1.0_224_quant.tflite",
                                         "tflite-micro/keyword_scrambled_8bit.tflite",
                                         "tflite-micro/micro_speech_quantized.tflite",
                                         "tflite-micro/person_detect.tflite"};
    static const char *const targets[] = {"native", "avx512-vnni", "avx2", "scalar"};
    const char *shared = getenv("HALFTONE_SHARED");
    for (size_t m = 0; shared != NULL && m < sizeof models / sizeof models[0]; ++m) {
        for (size_t t = 0; t < sizeof targets / sizeof targets[0]; ++t) {
            char path[512];
            snprintf(path, sizeof path, "%s/models/%s", shared, models[m]);
            if (is_target(targets[t]) && access(path, R_OK) == 0 && !compile_and_compare(path, targets[t], true)) {
                fail_msg("%s: there is no plan for %s", models[m], targets[t]);
            }
        }
    }
    if (shared == NULL) {
        skip();
    }
}

/* The list for plans is that of the families with rules. */
static void families_of_plans_have_rules(void **state) {
    (void)state;
    size_t with_rules = 0, listed = 0;
    for (size_t f = 0; ht__kernel_families[f] != NULL; ++f) {
        with_rules += ht__kernel_families[f]->rules != NULL ? 1 : 0;
    }
    for (; ht__plan_families[listed] != NULL; ++listed) {
        assert_non_null(ht__plan_families[listed]->rules);
    }
    assert_int_equal(listed, with_rules);
}

/* ---- hostile plans ---- */

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static bytes example(void) {
    ht_model *model;
    ht_error err = {0};
    ht_file_view file;
    ht_compile_settings settings = {.target = "scalar", .overwrite = true};
    assert_int_equal(ht_model_load(ctx, "models/fashion-mnist-small.onnx", &model, &err), HT_OK);
    assert_int_equal(ht_model_compile(model, plan_path, &settings, NULL, NULL, NULL, &err), HT_OK);
    ht_model_destroy(model);
    assert_int_equal(ht__file_map(plan_path, &file, &err), HT_OK);
    bytes copy = {ht__alloc(&ht__system_allocator, file.size), file.size};
    memcpy(copy.data, file.data, file.size);
    ht__file_unmap(&file);
    return copy;
}

static ht_plan_header *header_of(bytes b) { return (ht_plan_header *)(void *)b.data; }

/* The checksum of damaged tables, made anew: what an attacker does. */
static void seal(bytes b) {
    ht_plan_header *header = header_of(b);
    header->table_checksum = 0;
    if (header->constants.offset <= b.size) {
        header->table_checksum = ht__checksum_of(b.data, (size_t)header->constants.offset);
    }
}

static ht_status measure(bytes b, ht_error *err) {
    ht_plan_memory sizes;
    *err = (ht_error){0};
    return ht_plan_measure(b.data, b.size, 1, &sizes, err);
}

static void refuses(bytes b, ht_status status, const char *words) {
    ht_error err;
    ht_status found = measure(b, &err);
    if (found != status || strstr(err.message, words) == NULL) {
        fail_msg("%s instead of %s: %s", ht_status_name(found), words, err.message);
    }
}

static void damaged_headers_are_refused(void **state) {
    (void)state;
    bytes good = example();
    ht_error err;
    assert_int_equal(measure(good, &err), HT_OK);
    for (size_t size = 0; size < good.size; size += size < sizeof(ht_plan_header) ? 1 : 509) {
        assert_int_equal(measure((bytes){good.data, size}, &err), HT_ERROR_FORMAT);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(measure((bytes){good.data + 8, good.size - 8}, &err), HT_ERROR_ARGUMENT);
    ht_plan_header *header = header_of(good), kept = *header;
    header->version = 2;
    refuses(good, HT_ERROR_FORMAT, "version 2");
    *header = kept;
    header->features = 1u << 31;
    seal(good);
    refuses(good, HT_ERROR_UNSUPPORTED, "does not know");
    *header = kept;
    header->arena_bytes += 1;
    seal(good);
    refuses(good, HT_ERROR_FORMAT, "not sound");
    *header = kept;
    header->tables[HT_PLAN_STEPS].count += 1000000;
    seal(good);
    refuses(good, HT_ERROR_FORMAT, "table");
    *header = kept;
    good.data[header->tables[HT_PLAN_STEPS].offset] ^= 1;
    refuses(good, HT_ERROR_FORMAT, "damaged");
    ht__free(&ht__system_allocator, good.data);
}

static void other_processors_are_refused_with_what_they_lack(void **state) {
    (void)state;
    bytes good = example();
    ht_plan_memory sizes;
    ht_error err = {0};
    header_of(good)->features = 1u << 1 | 1u << 6; /* avx2 and avx512-vnni */
    seal(good);
    assert_int_equal(ht__plan_measure_on(good.data, good.size, "x.ht", 1, 1u << 1, &sizes, &err), HT_ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "lacks avx512-vnni"));
    ht__free(&ht__system_allocator, good.data);
}

/* Every byte of the tables in turn: refused, or still a plan whose run stays within its memory (the sanitizers watch).
 */
static void damaged_tables_do_no_harm(void **state) {
    (void)state;
    bytes good = example();
    ht_plan_memory most;
    ht_error err;
    assert_int_equal(ht_plan_measure(good.data, good.size, 1, &most, NULL), HT_OK);
    size_t tables = (size_t)header_of(good)->constants.offset, refused = 0;
    for (size_t at = sizeof(ht_plan_header); at < tables; ++at) {
        unsigned char kept = good.data[at];
        good.data[at] ^= (unsigned char)(1u << at % 8);
        seal(good);
        refused += measure(good, &err) != HT_OK ? 1 : 0;
        good.data[at] = kept;
    }
    assert_true(refused > tables / 20);
    ht__free(&ht__system_allocator, good.data);
}

static void operands_outside_are_refused(void **state) {
    (void)state;
    bytes good = example();
    ht_plan_header *header = header_of(good);
    ht_plan_tensor_record *tensors = (void *)(good.data + header->tables[HT_PLAN_TENSORS].offset);
    ht_plan_step_record *steps = (void *)(good.data + header->tables[HT_PLAN_STEPS].offset);
    for (size_t i = 0; i < header->tables[HT_PLAN_TENSORS].count; ++i) {
        ht_plan_tensor_record kept = tensors[i];
        if (kept.place == HT_PLAN_PACKED) {
            continue;
        }
        tensors[i].at = kept.place == HT_PLAN_IN_ARENA ? header->arena_bytes : header->constants.count + 64;
        seal(good);
        refuses(good, HT_ERROR_FORMAT, "sound");
        tensors[i] = kept;
        tensors[i].dims[0] = INT64_MAX;
        seal(good);
        refuses(good, HT_ERROR_FORMAT, "sound");
        tensors[i] = kept;
    }
    for (size_t i = 0; i < header->tables[HT_PLAN_STEPS].count; ++i) {
        ht_plan_step_record kept = steps[i];
        steps[i].packed_at = header->constants.count + 64;
        seal(good);
        refuses(good, HT_ERROR_FORMAT, "sound");
        steps[i] = kept;
        steps[i].operands = UINT32_MAX - 2;
        seal(good);
        refuses(good, HT_ERROR_FORMAT, "sound");
        steps[i] = kept;
        steps[i].kernel = 1000;
        seal(good);
        refuses(good, HT_ERROR_FORMAT, "sound");
        steps[i] = kept;
    }
    ht__free(&ht__system_allocator, good.data);
}

static void damaged_constants_are_found_on_request(void **state) {
    (void)state;
    bytes good = example();
    ht_plan_memory sizes;
    ht_plan *plan;
    ht_error err = {0};
    good.data[header_of(good)->constants.offset] ^= 1;
    assert_int_equal(ht_plan_measure(good.data, good.size, 1, &sizes, &err), HT_OK);
    void *memory = ht__alloc(&ht__system_allocator, sizes.plan_bytes);
    assert_int_equal(ht_plan_create(good.data, good.size, 1, memory, sizes.plan_bytes, &plan, &err), HT_OK);
    assert_int_equal(ht_plan_verify(plan, &err), HT_ERROR_FORMAT);
    ht_plan_close(plan);
    ht__free(&ht__system_allocator, memory);
    ht__free(&ht__system_allocator, good.data);
}

/* ---- memory and arguments ---- */

static void wrong_memory_and_inputs_are_refused(void **state) {
    (void)state;
    bytes good = example();
    ht_plan_memory sizes;
    ht_plan *plan;
    ht_error err = {0};
    ht_plan_end out;
    assert_int_equal(ht_plan_measure(good.data, good.size, 0, &sizes, &err), HT_ERROR_ARGUMENT);
    assert_int_equal(ht_plan_measure(good.data, good.size, 1, &sizes, &err), HT_OK);
    char *memory = ht__alloc(&ht__system_allocator, sizes.plan_bytes + 64);
    assert_int_equal(ht_plan_create(good.data, good.size, 1, memory, sizes.plan_bytes - 1, &plan, &err),
                     HT_ERROR_ARGUMENT);
    assert_int_equal(ht_plan_create(good.data, good.size, 1, memory + 8, sizes.plan_bytes, &plan, &err),
                     HT_ERROR_ARGUMENT);
    assert_int_equal(ht_plan_create(good.data, good.size, 1, memory, sizes.plan_bytes, &plan, &err), HT_OK);
    assert_true(ht_plan_output(plan, 0, &out) && !ht_plan_output(plan, 1, &out));
    ht_tensor inputs[MOST_ENDS], right;
    size_t count = make_inputs(plan, inputs);
    right = inputs[0];
    char *arena = ht__alloc(&ht__system_allocator, sizes.arena_bytes + 64);
    void *result = ht__alloc(&ht__system_allocator, out.bytes);
    ht_plan_buffers buffers = {.inputs = inputs, .outputs = &result, .arena = arena, .arena_bytes = sizes.arena_bytes};
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_OK);
    buffers.arena_bytes = sizes.arena_bytes - 1;
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_ERROR_ARGUMENT);
    buffers.arena_bytes = sizes.arena_bytes;
    buffers.arena = arena + 4;
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_ERROR_ARGUMENT);
    buffers.arena = arena;
    inputs[0].type = HT_I32;
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_ERROR_MISMATCH);
    inputs[0] = right;
    inputs[0].dims[1] += 1;
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_ERROR_MISMATCH);
    inputs[0] = right;
    inputs[0].name = "no such";
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_ERROR_MISMATCH);
    inputs[0] = right;
    inputs[0].data = NULL;
    assert_int_equal(ht_plan_run(plan, NULL, &buffers, &err), HT_ERROR_ARGUMENT);
    inputs[0] = right;
    free_inputs(inputs, count);
    ht__free(&ht__system_allocator, result);
    ht__free(&ht__system_allocator, arena);
    ht_plan_close(plan);
    ht__free(&ht__system_allocator, memory);
    ht__free(&ht__system_allocator, good.data);
}

static int begin(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(plan_path, sizeof plan_path, "%s/plan.ht", folder);
    return ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) == HT_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    unlink(plan_path);
    rmdir(folder);
    ht_context_destroy(ctx);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_of_small_models_compute_what_the_models_do),
        cmocka_unit_test(plans_of_integer_models_have_the_models_bits),
        cmocka_unit_test(families_of_plans_have_rules),
        cmocka_unit_test(damaged_headers_are_refused),
        cmocka_unit_test(other_processors_are_refused_with_what_they_lack),
        cmocka_unit_test(damaged_tables_do_no_harm),
        cmocka_unit_test(operands_outside_are_refused),
        cmocka_unit_test(damaged_constants_are_found_on_request),
        cmocka_unit_test(wrong_memory_and_inputs_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
