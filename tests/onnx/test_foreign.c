/* Models of other programs: each that a folder holds is read, written, read again and run; $HALFTONE_ONNX_FOREIGN names
 * the folder (tests/onnx/foreign.py fills it, oracle.py compares what this program leaves). Without it, the models
 * under $HALFTONE_SHARED are read. */
#include <dirent.h>

#include "model_support.h"

static ht_model *load(const char *path) {
    ht_model *model;
    ht_error err = {0};
    if (ht_model_load(test_context, path, &model, &err) != HT_OK) {
        fail_msg("%s: %s: %s", path, err.where, err.message);
    }
    return model;
}

/* What was read, written and read again writes the same bytes; *written, to be freed by the caller. */
static ht_model *load_and_settle(const char *path, ht_buffer *written) {
    ht_model *model = load(path);
    ht_buffer first = write_model(model);
    ht_model *again = read_model(&first);
    ht_buffer second = write_model(again);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    ht__buffer_free(&second);
    ht_model_destroy(again);
    *written = first;
    return model;
}

static void models_in_the_folder_run(void **state) {
    (void)state;
    const char *folder = getenv("HALFTONE_ONNX_FOREIGN");
    DIR *files = folder != NULL ? opendir(folder) : NULL;
    if (files == NULL) {
        print_message("skipped: HALFTONE_ONNX_FOREIGN names no folder\n");
        skip();
    }
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        const char *end = strstr(entry->d_name, ".onnx");
        if (end == NULL) {
            continue;
        }
        char path[1024], stem[256];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        snprintf(stem, sizeof stem, "%.*s", (int)(end - entry->d_name), entry->d_name);
        print_message("%s\n", path);
        ht_buffer written;
        ht_model *model = load_and_settle(path, &written);
        test_run run = run_model(model);
        leave_for_oracle(stem, &written, &run);
        ht__buffer_free(&written);
        for (size_t i = 0; i < run.input_count; ++i) {
            write_file(folder, stem, "in", i, run.inputs[i], run.input_bytes[i]);
        }
        for (size_t i = 0; i < run.output_count; ++i) {
            write_file(folder, stem, "out", i, run.outputs[i], run.output_bytes[i]);
        }
        free_run(&run);
        ht_model_destroy(model);
    }
    closedir(files);
}

static void real_models_are_read(void **state) {
    (void)state;
    const char *shared = getenv("HALFTONE_SHARED");
    if (shared == NULL) {
        print_message("skipped: HALFTONE_SHARED is not set\n");
        skip();
    }
    static const struct {
        const char *path;
        int64_t parameters, macs; /* counted by hand; yolox: by the onnx package's own shape inference */
    } models[] = {
        {"models/onnx-mnist/model.onnx", 5994, 28 * 28 * 8 * 25 + 14 * 14 * 16 * 8 * 25 + 2560},
        {"models/onnx-mnist/pytorch.onnx", 784 * 64 + 64 * 64 + 64 * 10 + 2 * 4 * 64, 784 * 64 + 64 * 64 + 64 * 10},
        {"models/yolox-nano/yolox_nano.onnx", 904467, 522553408},
    };
    for (size_t i = 0; i < sizeof models / sizeof models[0]; ++i) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", shared, models[i].path);
        ht_buffer written;
        ht_model *model = load_and_settle(path, &written);
        ht__buffer_free(&written);
        ht_model_info info;
        SUCCEED(ht_model_describe(model, &info, err));
        assert_int_equal(info.parameters, models[i].parameters);
        assert_int_equal(info.macs, models[i].macs);
        ht_model_destroy(model);
    }
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_in_the_folder_run),
        cmocka_unit_test(real_models_are_read),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
