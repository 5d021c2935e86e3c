/* Models of others: each .tflite file under $HALFTONE_TFLITE_MODELS (or under the shared models) is read and run on
 * random inputs, and on pictures where it takes codes of some; what went in and came out is left in
 * $HALFTONE_TFLITE_SAMPLES for oracle.py, which asks LiteRT. $HALFTONE_TFLITE_INPUTS may hold files NAME.in0.bin ...
 * with the samples for models, one after another: then only those models run, and on these. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "formats/model.h"
#include "halftone/eval.h"
#include "halftone/run.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "support.h"

static ht_context *context;

#define SUCCEED(expression)                                                \
    do {                                                                   \
        ht_error succeed_err_ = {0};                                       \
        ht_error *err = &succeed_err_;                                     \
        if ((expression) != HT_OK) {                                       \
            fail_msg("%s: %s: %s", #expression, err->where, err->message); \
        }                                                                  \
    } while (0)

/* Random numbers that belong to the type: f32 in [-1, 1), integers any byte. */
static void fill(const ht_tensor_desc *desc, uint64_t stream, void *out) {
    size_t bytes;
    assert_true(ht__desc_bytes(desc, &bytes));
    for (size_t i = 0; i < (size_t)ht__desc_elements(desc); ++i) {
        float uniform = ht__random_at(7, stream, i);
        if (desc->type == HT_F32) {
            ((float *)out)[i] = 2.0f * uniform - 1.0f;
        } else {
            assert_true(desc->type == HT_I8 || desc->type == HT_U8 || desc->type == HT_I16);
            size_t size = ht_type_bytes(desc->type);
            uint16_t code = (uint16_t)(65536.0f * uniform);
            memcpy((char *)out + i * size, &code, size);
        }
    }
}

/* Pictures for a network with one input of codes in three channels, in the range that they stand for; NULL: it is no
 * such network, or there are no pictures. */
static ht_dataset *pictures_for(const ht_model *model, size_t count) {
    const char *shared = getenv("HALFTONE_SHARED");
    ht_tensor_info input, second;
    ht_input_range range;
    char spec[1024], steps[96];
    if (shared == NULL || !ht_model_input(model, 0, &input) || ht_model_input(model, 1, &second) || input.rank != 4 ||
        input.dims[0] > 1 || input.dims[1] < 32 || input.dims[3] != 3 || ht_type_bytes(input.type) != 1 ||
        ht_model_input_range(model, &range, NULL) != HT_OK || !range.coded) {
        return NULL;
    }
    snprintf(spec, sizeof spec, "%s/data/imagenet-250[0:%zu]", shared, count);
    snprintf(steps, sizeof steps, "size=%dx%d,%s", (int)input.dims[1], (int)input.dims[2],
             range.high > 100.0  ? "raw"
             : range.low < -0.25 ? "mean=127.5,std=127.5"
                                 : "unit");
    ht_dataset *out = NULL;
    SUCCEED(ht_dataset_open(context, spec, &(ht_dataset_options){.preprocess = steps}, &out, err));
    return out;
}

static void fill_with_picture(const ht_model *model, const ht_dataset *pictures, size_t k, size_t bytes, void *out) {
    ht_tensor_info input;
    ht_tensors *tensors;
    assert_true(ht_model_input(model, 0, &input));
    SUCCEED(ht_dataset_tensor(context, pictures, k, model, input.name, &tensors, err));
    memcpy(out, ht_tensors_at(tensors, 0)->data, bytes);
    ht_tensors_destroy(tensors);
}

static void leave(const char *stem, const char *kind, size_t index, const void *data, size_t bytes) {
    const char *folder = getenv("HALFTONE_TFLITE_SAMPLES");
    char path[1024];
    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/%s.%s%zu.bin", folder, stem, kind, index);
        SUCCEED(ht__file_write(&ht__system_allocator, path, true, data, bytes, err));
    }
}

/* Samples that each model runs: $HALFTONE_TFLITE_COUNT, or a few. */
static size_t sample_count(void) {
    const char *text = getenv("HALFTONE_TFLITE_COUNT");
    return text != NULL ? strtoul(text, NULL, 10) : 3;
}

/* The samples that are given for the model's input `index`; false: none are. */
static bool given_samples(const char *stem, size_t index, ht_file_view *out) {
    const char *folder = getenv("HALFTONE_TFLITE_INPUTS");
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.in%zu.bin", folder != NULL ? folder : "", stem, index);
    return folder != NULL && ht__file_map(path, out, NULL) == HT_OK;
}

/* Buffers of one input or output for all samples. */
typedef struct samples {
    char *data;
    size_t bytes; /* of one sample */
} samples;

static samples make_samples(const ht_program_tensor *tensor, size_t count) {
    samples s;
    assert_true(ht__desc_bytes(&tensor->desc, &s.bytes));
    s.data = malloc(count * s.bytes + 1);
    assert_non_null(s.data);
    return s;
}

/* What input `index` takes in `*count` runs. */
static samples input_samples(const ht_model *model, const char *stem, size_t index, const ht_program_tensor *tensor,
                             const ht_dataset *pictures, size_t *count) {
    ht_file_view given;
    bool is_given = given_samples(stem, index, &given);
    size_t bytes;
    assert_true(ht__desc_bytes(&tensor->desc, &bytes));
    *count = is_given ? given.size / bytes : sample_count();
    samples s = make_samples(tensor, *count);
    if (is_given) {
        memcpy(s.data, given.data, *count * bytes);
        ht__file_unmap(&given);
        return s;
    }
    for (size_t k = 0; k < *count; ++k) {
        if (pictures != NULL && k % 2 == 0) {
            fill_with_picture(model, pictures, k, bytes, s.data + k * bytes);
        } else {
            fill(&tensor->desc, 100 + index + 1000 * k, s.data + k * bytes);
        }
    }
    return s;
}

/* Runs the model in integers, one sample at a time, and leaves what it took and gave. */
static void run(const ht_model *model, const char *stem) {
    ht_graph *graph;
    ht_program *program;
    SUCCEED(ht__graph_copy(model->graph, &graph, err));
    SUCCEED(ht__pass_prepare(graph, 1, HT_PREPARE_INTEGER, err));
    SUCCEED(ht__compile(graph, &(ht_compile_options){0}, &program, err));
    samples inputs[8], outputs[8];
    size_t count = 0;
    assert_true(program->input_count <= 8 && program->output_count <= 8);
    ht_dataset *pictures = getenv("HALFTONE_TFLITE_INPUTS") == NULL ? pictures_for(model, sample_count()) : NULL;
    for (size_t i = 0; i < program->input_count; ++i) {
        inputs[i] = input_samples(model, stem, i, &program->tensors[program->inputs[i]], pictures, &count);
        leave(stem, "in", i, inputs[i].data, count * inputs[i].bytes);
    }
    for (size_t i = 0; i < program->output_count; ++i) {
        outputs[i] = make_samples(&program->tensors[program->outputs[i]], count);
    }
    void *arena = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
    for (size_t k = 0; k < count; ++k) {
        const void *from[8];
        void *to[8];
        for (size_t i = 0; i < program->input_count; ++i) {
            from[i] = inputs[i].data + k * inputs[i].bytes;
        }
        for (size_t i = 0; i < program->output_count; ++i) {
            to[i] = outputs[i].data + k * outputs[i].bytes;
        }
        /* networks with states give something else each time */
        ht_run_arguments arguments = {.inputs = from, .outputs = to, .arena = arena, .keep_states = k > 0};
        SUCCEED(ht__program_run(program, &arguments, err));
    }
    for (size_t i = 0; i < program->output_count; ++i) {
        leave(stem, "out", i, outputs[i].data, count * outputs[i].bytes);
        free(outputs[i].data);
    }
    for (size_t i = 0; i < program->input_count; ++i) {
        free(inputs[i].data);
    }
    ht_dataset_close(pictures);
    free(arena);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
}

/* With samples given: are there some for this one? */
static bool is_wanted(const char *stem) {
    ht_file_view given;
    bool wanted = getenv("HALFTONE_TFLITE_INPUTS") == NULL;
    if (!wanted && given_samples(stem, 0, &given)) {
        ht__file_unmap(&given);
        wanted = true;
    }
    return wanted;
}

/* Does the model need to know what it is given before it has shapes? detector.py runs those. */
static bool is_open(const ht_model *model) {
    ht_tensor_info input;
    for (size_t i = 0; ht_model_input(model, i, &input); ++i) {
        for (int32_t k = 1; k < input.rank; ++k) {
            if (input.dims[k] < 0) {
                return true;
            }
        }
    }
    return false;
}

static int found;

static int read_and_run(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    size_t length = strlen(path);
    if (kind != FTW_F || length < 7 || strcmp(path + length - 7, ".tflite") != 0) {
        return 0;
    }
    print_message("%s\n", path);
    char stem[256];
    snprintf(stem, sizeof stem, "%.*s", (int)(length - 7 - (size_t)place->base), path + place->base);
    ht_model *model;
    if (!is_wanted(stem)) {
        return 0;
    }
    SUCCEED(ht_model_load(context, path, &model, err));
    if (!is_open(model)) {
        run(model, stem);
    }
    ht_model_destroy(model);
    ++found;
    return 0;
}

static void models_of_others_run(void **state) {
    (void)state;
    const char *shared = getenv("HALFTONE_SHARED"), *folder = getenv("HALFTONE_TFLITE_MODELS");
    char path[1024];
    if (folder == NULL && shared == NULL) {
        print_message("skipped: neither HALFTONE_TFLITE_MODELS nor HALFTONE_SHARED is set\n");
        skip();
    }
    snprintf(path, sizeof path, "%s%s", folder != NULL ? folder : shared, folder != NULL ? "" : "/models");
    assert_int_equal(nftw(path, read_and_run, 8, FTW_PHYS), 0);
    assert_true(found > 0);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {cmocka_unit_test(models_of_others_run)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(context);
    return failed;
}
