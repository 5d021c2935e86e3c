/* Tables end to end: the capstone's four sets where they are present, and small hostile files always. */
#include <math.h>

#include "data_support.h"

static ht_dataset_options shared_options(void) {
    const char *shared = getenv("HALFTONE_SHARED");
    static char data_dir[512];
    if (shared == NULL) {
        print_message("skipped: HALFTONE_SHARED is not set\n");
        skip();
    }
    snprintf(data_dir, sizeof data_dir, "%s/data", shared);
    return (ht_dataset_options){.data_dir = data_dir};
}

static void check_capstone_set(const char *name, size_t samples, size_t features, ht_task task) {
    ht_dataset_options options = shared_options();
    size_t found = 0;
    static const char *const splits[] = {"train", "validation", "test"};
    for (size_t i = 0; i < 3; ++i) {
        char spec[64];
        snprintf(spec, sizeof spec, "%s:%s", name, splits[i]);
        ht_dataset *dataset = open_or_fail(spec, &options);
        const ht_dataset_info *info = ht_dataset_describe(dataset);
        assert_int_equal(info->rank, 1);
        assert_int_equal(info->dims[0], features);
        assert_int_equal(info->task, task);
        assert_int_equal(info->target_width, 1);
        found += info->samples;
        ht_dataset_close(dataset);
    }
    assert_int_equal(found, samples);
}

static void capstone_sets_have_their_shapes(void **state) {
    (void)state;
    check_capstone_set("telescope", 19020, 10, HT_TASK_CLASSIFICATION);
    check_capstone_set("churn", 10000, 13, HT_TASK_CLASSIFICATION);
    check_capstone_set("mv", 40768, 10, HT_TASK_REGRESSION);
}

static void standardized_training_split_has_mean_0_and_deviation_1(void **state) {
    (void)state;
    ht_dataset_options options = shared_options();
    ht_dataset *dataset = open_or_fail("telescope:train", &options);
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    assert_int_equal(info->samples, 11412);
    double sum[10] = {0}, squares[10] = {0};
    for (uint32_t i = 0; i < info->samples; ++i) {
        float x[10], y;
        assert_int_equal(ht_dataset_read(dataset, &i, 1, x, &y, NULL), HT_OK);
        assert_true(y == 0.0f || y == 1.0f);
        for (size_t k = 0; k < 10; ++k) {
            sum[k] += (double)x[k];
            squares[k] += (double)x[k] * (double)x[k];
        }
    }
    for (size_t k = 0; k < 10; ++k) {
        assert_true(fabs(sum[k] / (double)info->samples) < 1e-6);
        assert_true(fabs(squares[k] / (double)info->samples - 1) < 1e-6);
    }
    ht_dataset_close(dataset);
}

static void california_is_filtered_by_training_quantiles(void **state) {
    (void)state;
    ht_dataset_options options = shared_options();
    ht_dataset *all = open_or_fail("california:all", &options);
    const ht_dataset_info *info = ht_dataset_describe(all);
    assert_int_equal(info->dims[0], 6);
    assert_true(info->samples > 18300 && info->samples < 18900); /* nine tenths of 20,640, and ties */
    const float *targets = ht_dataset_targets(all);
    for (size_t i = 0; i < info->samples; ++i) {
        assert_true(targets[i] > 50 && targets[i] < 500);
    }
    ht_dataset_close(all);
}

static void stored_preprocessing_repeats_the_same_values(void **state) {
    (void)state;
    ht_dataset_options options = shared_options();
    static const char *const specs[] = {"telescope:test", "churn:test", "mv:test[0:100]", "california:validation"};
    for (size_t k = 0; k < sizeof specs / sizeof *specs; ++k) {
        ht_dataset *first = open_or_fail(specs[k], &options);
        ht_dataset_options repeated = options;
        repeated.preprocess_json = ht_dataset_preprocess_json(first);
        ht_dataset *second = open_or_fail(specs[k], &repeated);
        assert_string_equal(ht_dataset_preprocess_json(second), ht_dataset_preprocess_json(first));
        const ht_dataset_info *info = ht_dataset_describe(first);
        assert_int_equal(info->samples, ht_dataset_describe(second)->samples);
        float a[64], b[64], ya, yb;
        for (uint32_t i = 0; i < info->samples; ++i) {
            assert_int_equal(ht_dataset_read(first, &i, 1, a, &ya, NULL), HT_OK);
            assert_int_equal(ht_dataset_read(second, &i, 1, b, &yb, NULL), HT_OK);
            assert_memory_equal(a, b, info->input_elements * sizeof *a);
            assert_true(ya == yb);
        }
        ht_dataset_close(second);
        ht_dataset_close(first);
    }
}

static const char small_csv[] = "id,colour,size,weight,label\n"
                                "1,red,1.5,10,yes\n"
                                "2,\"deep, \"\"blue\"\"\",2.5,20,no\n"
                                "3,green,3.5,30,yes\n"
                                "4,red,4.5,40,no\n"
                                "5,green,5.5,50,yes\n";

static void inline_csv_reads_quotes_words_and_options(void **state) {
    (void)state;
    char spec[256];
    snprintf(spec, sizeof spec, "csv:%s,target=label,drop=id+weight,preprocess=one-hot",
             put("small.csv", small_csv, sizeof small_csv - 1));
    ht_dataset *dataset = open_or_fail(spec, NULL);
    const ht_dataset_info *info = ht_dataset_describe(dataset);
    assert_int_equal(info->samples, 5);
    assert_int_equal(info->classes, 2);
    assert_string_equal(info->class_names[0], "no");
    assert_string_equal(info->input_names[info->dims[0] - 1], "size");
    ht_dataset_close(dataset);
}

static void must_fail(const char *spec, ht_status status, const char *words, int64_t line) {
    must_fail_at(spec, status, words, line, -1);
}

static void wrong_tables_are_named_with_their_line(void **state) {
    (void)state;
    char spec[256];
#define TABLE(text) (snprintf(spec, sizeof spec, "csv:%s,target=y", put("t.csv", text, sizeof text - 1)), spec)
    must_fail(TABLE("x,y\n1,a\n2\n"), HT_ERROR_FORMAT, "has 1 cells", 3);
    must_fail(TABLE("x,y\n1,a\n\"2,b\n"), HT_ERROR_FORMAT, "not closed", 3);
    must_fail(TABLE("x,y\n1,a\n,b\n3,a\n"), HT_ERROR_FORMAT, "no value", 3);
    must_fail(TABLE("x,y\n"), HT_ERROR_FORMAT, "no rows", -1);
    must_fail(TABLE(""), HT_ERROR_FORMAT, "empty", -1);
    must_fail(TABLE("x,x\n1,2\n"), HT_ERROR_FORMAT, "twice", -1);
    must_fail(TABLE("x,z\n1,2\n"), HT_ERROR_NOT_FOUND, "no column 'y'", -1);
    must_fail(TABLE("x,y\n1,\0\n"), HT_ERROR_FORMAT, "zero byte", 2);
    must_fail("csv:/nowhere/x.csv,target=y", HT_ERROR_NOT_FOUND, "not here", -1);
    must_fail("telescop:test", HT_ERROR_NOT_FOUND, "nearest is 'telescope'", -1);
    must_fail("telescope:tset", HT_ERROR_ARGUMENT, "is no split", -1);
    must_fail("telescope", HT_ERROR_ARGUMENT, "Name a split", -1);
    must_fail("telescope:test[5:2]", HT_ERROR_ARGUMENT, "slice", -1);
    must_fail("", HT_ERROR_ARGUMENT, "empty", -1);
}

/* Every prefix of a file is read or refused with a sentence; never a crash, and never rows that are not there. */
static void truncated_tables_never_crash(void **state) {
    (void)state;
    static const char keel[] = "@relation r\n@attribute a real[0,1]\n@attribute b {x,y}\n@inputs a\n@outputs b\n@data\n"
                               "0.5,x\n0.25,y\n0.75,x\n";
    for (size_t size = 0; size < sizeof keel; ++size) {
        char spec[256];
        ht_error err = {0};
        ht_dataset *dataset = NULL;
        snprintf(spec, sizeof spec, "keel:%s", put("t.dat", keel, size));
        if (ht_dataset_open(context, spec, NULL, &dataset, &err) != HT_OK) {
            assert_true(err.message[0] != '\0');
        }
        ht_dataset_close(dataset);
    }
}

static void slices_and_joined_splits_select(void **state) {
    (void)state;
    ht_dataset_options options = shared_options();
    ht_dataset *test = open_or_fail("telescope:test", &options);
    ht_dataset *slice = open_or_fail("telescope:test[10:15]", &options);
    ht_dataset *joined = open_or_fail("telescope:train+test[11412:]", &options);
    assert_int_equal(ht_dataset_describe(slice)->samples, 5);
    assert_int_equal(ht_dataset_describe(joined)->samples, 3804);
    for (uint32_t i = 0; i < 5; ++i) {
        float a[10], b[10], c[10];
        uint32_t j = i + 10;
        ht_dataset_read(test, &j, 1, a, NULL, NULL);
        ht_dataset_read(slice, &i, 1, b, NULL, NULL);
        ht_dataset_read(joined, &j, 1, c, NULL, NULL);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_equal(a, c, sizeof a);
    }
    uint32_t outside = 5;
    float x[10];
    assert_int_equal(ht_dataset_read(slice, &outside, 1, x, NULL, NULL), HT_ERROR_ARGUMENT);
    ht_dataset_close(joined);
    ht_dataset_close(slice);
    ht_dataset_close(test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capstone_sets_have_their_shapes),
        cmocka_unit_test(standardized_training_split_has_mean_0_and_deviation_1),
        cmocka_unit_test(california_is_filtered_by_training_quantiles),
        cmocka_unit_test(stored_preprocessing_repeats_the_same_values),
        cmocka_unit_test(inline_csv_reads_quotes_words_and_options),
        cmocka_unit_test(wrong_tables_are_named_with_their_line),
        cmocka_unit_test(truncated_tables_never_crash),
        cmocka_unit_test(slices_and_joined_splits_select),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
