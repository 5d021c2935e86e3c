/* Every allocation of opening a data set fails once: HT_ERROR_MEMORY, nothing leaks. */
#include "data_support.h"
#include "failing_allocator.h"

static char spec[256];

static ht_status open_spec(ht_context *failing, ht_error *err) {
    ht_dataset *dataset;
    ht_status status = ht_dataset_open(failing, spec, NULL, &dataset, err);
    if (status == HT_OK) {
        ht_dataset_close(dataset);
    }
    return status;
}

static void tables_survive_each_failure(void **state) {
    (void)state;
    static const char text[] = "x,colour,y\n1,red,a\n2,blue,b\n3,red,a\n4,blue,b\n5,green,a\n";
    snprintf(spec, sizeof spec, "csv:%s,target=y", put("t.csv", text, sizeof text - 1));
    assert_true(fail_every_allocation(open_spec) > 10);
}

static void pictures_survive_each_failure(void **state) {
    (void)state;
    static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    static const char text[] = "name: s\nreader: idx\nparts: {train: {images: images, labels: labels}}\n"
                               "split: {validation: 0}\npreprocess: [{resize: {height: 3, width: 3}}, "
                               "{letterbox: {height: 4, width: 5}}, repeat-channels, standardize]\n";
    put("images", images, sizeof images);
    put("labels", labels, sizeof labels);
    snprintf(spec, sizeof spec, "%s:train", put("s.yaml", text, sizeof text - 1));
    assert_true(fail_every_allocation(open_spec) > 10);
}

static ht_status inspect_spec(ht_context *failing, ht_error *err) {
    char *json;
    ht_status status = ht_dataset_inspect(failing, spec, NULL, &json, err);
    if (status == HT_OK) {
        ht_text_free(failing, json);
    }
    return status;
}

static void inspection_survives_each_failure(void **state) {
    (void)state;
    static const char text[] = "x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n";
    snprintf(spec, sizeof spec, "csv:%s,target=y", put("t.csv", text, sizeof text - 1));
    assert_true(fail_every_allocation(inspect_spec) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_survive_each_failure),
        cmocka_unit_test(pictures_survive_each_failure),
        cmocka_unit_test(inspection_survives_each_failure),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
