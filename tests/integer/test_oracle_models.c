/* Quantized models that a folder holds ($HALFTONE_INTEGER_MODELS, filled by models.py) run in integers and are compared
 * with what ONNX Runtime computed. Models called exact_* must give the same numbers; plain_* the same as ONNX Runtime
 * without optimizations, which computes the nodes one by one; real_* give real numbers, the same within 1e-5; others
 * may be one step off in a few places. */
#include <dirent.h>
#include <math.h>

#include "onnx/model_support.h"

#define MOST_OFF 0.01 /* share of outputs that may be a step off */

/* Runs the model in integers on the input beside it; *count floats, to be freed. */
static float *run_integers(const ht_model *model, const char *stem, int64_t *count) {
    ht_graph *graph;
    ht_program *program;
    SUCCEED(ht__graph_copy(model->graph, &graph, err));
    SUCCEED(ht__pass_prepare(graph, 1, HT_PREPARE_INTEGER, err));
    SUCCEED(ht__compile(graph, NULL, &program, err));
    char path[1100];
    snprintf(path, sizeof path, "%s.in0.bin", stem);
    ht_file_view file;
    SUCCEED(ht__file_map(path, &file, err));
    *count = ht__desc_elements(&program->tensors[program->outputs[0]].desc);
    float *output = calloc((size_t)*count + 1, sizeof *output);
    void *arena = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
    ht_run_arguments arguments = {.inputs = (const void *const[]){file.data},
                                  .outputs = (void *const[]){output},
                                  .arena = arena,
                                  .pool = test_context->pool};
    SUCCEED(ht__program_run(program, &arguments, err));
    for (size_t i = 0; i < program->step_count; ++i) { /* nothing fell back to real numbers */
        const char *kernel = program->steps[i].variant->name;
        if (strncmp(kernel, "conv_", 5) == 0 || strncmp(kernel, "matmul_", 7) == 0) {
            fail_msg("%s: the node %s runs in float (%s)", stem, program->steps[i].name, kernel);
        }
    }
    free(arena);
    ht__file_unmap(&file);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
    return output;
}

/* Compares with NAME.<which>0.bin; returns the number of differences, and in *largest the largest one. */
static int64_t differences(const char *stem, const char *which, const float *ours, int64_t count, double *largest) {
    char path[1100];
    snprintf(path, sizeof path, "%s.%s0.bin", stem, which);
    ht_file_view file;
    SUCCEED(ht__file_map(path, &file, err));
    assert_int_equal(file.size, (size_t)count * sizeof(float));
    int64_t different = 0;
    *largest = 0;
    for (int64_t i = 0; i < count; ++i) {
        float theirs;
        memcpy(&theirs, file.data + (size_t)i * sizeof theirs, sizeof theirs);
        different += ours[i] != theirs;
        *largest = fmax(*largest, fabs((double)ours[i] - (double)theirs));
    }
    ht__file_unmap(&file);
    return different;
}

/* Is it as its name says? */
static bool check_model(const char *folder, const char *name) {
    char path[1024], stem[1000];
    snprintf(stem, sizeof stem, "%s/%.*s", folder, (int)(strlen(name) - 5), name);
    snprintf(path, sizeof path, "%s.onnx", stem);
    ht_model *model;
    SUCCEED(ht_model_load(test_context, path, &model, err));
    int64_t count;
    float *ours = run_integers(model, stem, &count);
    bool plain = strncmp(name, "plain_", 6) == 0, exact = strncmp(name, "exact_", 6) == 0;
    double largest;
    int64_t different = differences(stem, plain ? "plain" : "out", ours, count, &largest);
    print_message("%s: %lld of %lld differ, by up to %g\n", name, (long long)different, (long long)count, largest);
    free(ours);
    ht_model_destroy(model);
    return strncmp(name, "real_", 5) == 0 ? largest < 1e-5
                                          : different <= (plain || exact ? 0 : (int64_t)(MOST_OFF * (double)count) + 1);
}

static void models_equal_onnx_runtime(void **state) {
    (void)state;
    const char *folder = getenv("HALFTONE_INTEGER_MODELS"), *only = getenv("HALFTONE_INTEGER_ONLY");
    DIR *files = folder != NULL ? opendir(folder) : NULL;
    if (files == NULL) {
        print_message("skipped: HALFTONE_INTEGER_MODELS names no folder\n");
        skip();
    }
    int models = 0, wrong = 0;
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".onnx") == 0 &&
            (only == NULL || strstr(entry->d_name, only) != NULL)) {
            wrong += check_model(folder, entry->d_name) ? 0 : 1;
            ++models;
        }
    }
    closedir(files);
    assert_true(models > 0);
    assert_int_equal(wrong, 0);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {cmocka_unit_test(models_equal_onnx_runtime)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
