/* A study from a table of numbers to results, with nothing faked. */
#define _XOPEN_SOURCE 700
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "study/study.h"
#include "support.h"

/* Two classes that a small net learns in a few epochs. */
static void write_table(const ht_context *ctx, const char *folder) {
    ht_buffer text;
    ht__buffer_init(&text, &ctx->allocator);
    ht__buffer_text(&text, "a,b,c,label\n");
    ht_rng rng = {.seed = 4};
    for (int i = 0; i < 1000; ++i) {
        double a = ht__rng_normal(&rng), b = ht__rng_normal(&rng), c = ht__rng_normal(&rng);
        ht__buffer_printf(&text, "%.4f,%.4f,%.4f,%s\n", a, b, c, a + 0.7 * b - 0.5 * c > 0.0 ? "yes" : "no");
    }
    char path[96];
    snprintf(path, sizeof path, "%s/table.csv", folder);
    assert_int_equal(ht__file_write(&ctx->allocator, path, true, text.data, text.size, NULL), HT_OK);
    ht__buffer_free(&text);
}

static void write_study(const ht_context *ctx, const char *folder) {
    ht_buffer text;
    ht__buffer_init(&text, &ctx->allocator);
    ht__buffer_printf(
        &text,
        "models:\n"
        "  - {name: net, arch: mlp-simple, data: \"csv:%s/table.csv,target=label\", train: {epochs: 4}}\n"
        "grids:\n"
        "  - {schemes: [mid-rise, symmetric, stochastic/uniform], bits: [2, 8, 16], quantization_seeds: 2}\n"
        "  - {schemes: [affine], bits: [8], activation_bits: 8}\n"
        "  - {schemes: [mid-rise], bits: [8], fold_batch_norm: true}\n"
        "  - {schemes: [mid-rise], bits: [2], quantize_biases: false}\n",
        folder);
    char path[96];
    snprintf(path, sizeof path, "%s/study.yaml", folder);
    assert_int_equal(ht__file_write(&ctx->allocator, path, true, text.data, text.size, NULL), HT_OK);
    ht__buffer_free(&text);
}

static const json_t *find_cell(const json_t *root, const char *ending) {
    const json_t *cells = json_object_get(root, "cells");
    for (size_t i = 0; i < json_array_size(cells); ++i) {
        const char *id = json_string_value(json_object_get(json_array_get(cells, i), "id"));
        size_t length = strlen(id), wanted = strlen(ending);
        if (length >= wanted && strcmp(id + length - wanted, ending) == 0) {
            return json_array_get(cells, i);
        }
    }
    fail_msg("no cell ends in %s", ending);
    return NULL;
}

static double number(const json_t *object, const char *part, const char *key) {
    return json_number_value(json_object_get(part != NULL ? json_object_get(object, part) : object, key));
}

static void check_results(const json_t *root) {
    const json_t *model = json_array_get(json_object_get(root, "models"), 0);
    double exact = number(model, "float", "value");
    assert_true(exact > 0.85);
    const json_t *wide = find_cell(root, "/mid-rise/16"), *narrow = find_cell(root, "/mid-rise/2");
    assert_true(fabs(number(wide, NULL, "value") - exact) < 0.01);
    assert_true(number(narrow, NULL, "value") < exact);
    /* Ten neurons and two outputs: 3 x 10 + 10 + 10 x 2 + 2 parameters. */
    assert_int_equal((int)number(model, NULL, "parameters"), 62);
    assert_true(number(narrow, "size", "bytes_ideal") < number(wide, "size", "bytes_ideal"));
    const json_t *layer = json_array_get(json_object_get(wide, "layers"), 0);
    assert_true(number(layer, NULL, "sqnr_db") > 80.0 && number(layer, NULL, "sqnr_accumulated_db") > 70.0);
    /* A step of mid-rise levels is half a width away at most. */
    assert_true(number(layer, NULL, "max_error") < 1e-3);
    /* With biases left alone only weights are listed. */
    assert_int_equal(json_array_size(json_object_get(find_cell(root, "/mid-rise/-biases/2"), "layers")), 2);
    assert_int_equal(json_array_size(json_object_get(narrow, "layers")), 4);
    assert_true(fabs(number(find_cell(root, "/affine/8a8"), NULL, "value") - exact) < 0.05);
}

static void a_study_of_a_table_runs_from_end_to_end(void **state) {
    (void)state;
    char folder[] = "/tmp/halftone-real-XXXXXX", command[64];
    ht_context *ctx;
    ht_study *study;
    ht_error err;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 2}, &ctx, NULL), HT_OK);
    write_table(ctx, folder);
    write_study(ctx, folder);
    if (ht_study_open(ctx, folder, NULL, &study, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    ht_study_plan plan;
    assert_int_equal(ht_study_plan_run(study, NULL, NULL, &plan, NULL), HT_OK);
    assert_true(plan.minutes > 0.0 && plan.minutes < 600.0); /* measured here and now: a busy machine needs longer */
    ht_study_counts counts;
    assert_int_equal(ht_study_run(study, &counts, NULL), HT_OK);
    assert_int_equal(counts.cells, 3 + 3 + 6 + 3);
    assert_int_equal(counts.cells_done, counts.cells);
    assert_int_equal(counts.cells_reused, 1); /* there is no batch norm to fold */
    char *text;
    assert_int_equal(ht_study_results_json(study, &(ht_study_results_options){.interactive = true}, &text, NULL, NULL),
                     HT_OK);
    json_t *root = json_loads(text, 0, NULL);
    check_results(root);
    assert_null(json_object_get(json_object_get(root, "interactive"), "pictures")); /* a table has none */
    json_decref(root);
    ht_study_text_free(ctx, text);
    ht_study_close(study);
    ht_context_destroy(ctx);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_study_of_a_table_runs_from_end_to_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
