#define _XOPEN_SOURCE 700
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake.h"
#include "study/results.h"
#include "study/run.h"
#include "support.h"

static const char yaml[] = "name: fake\n"
                           "models:\n"
                           "  - {arch: mlp-simple, data: [telescope, mv]}\n"
                           "  - {arch: mlp-complex, data: telescope}\n"
                           "grids:\n"
                           "  - schemes: [mid-rise, nearest/uniform, stochastic/uniform]\n"
                           "    bits: [2, 4, 6, 8, 12, 16]\n"
                           "report: {model: mlp-complex}\n";
enum { MODELS = 3, CELLS = MODELS * 6 * (1 + 1 + 5), REUSED = MODELS * 2 * (1 + 1 + 5) };

typedef struct bench {
    char folder[32];
    ht_context *ctx;
    fake_work fake;
    ht_cell_work work;
    ht_study *study;
} bench;

static void open_study(bench *b) {
    ht_study_close(b->study);
    b->study = NULL;
    ht_error err;
    if (ht__study_open_with(b->ctx, b->folder, NULL, &b->work, &b->study, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
}

static void write_yaml(const bench *b, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "%s/study.yaml", b->folder);
    assert_int_equal(ht__file_write(&b->ctx->allocator, path, true, text, strlen(text), NULL), HT_OK);
}

static int set_up(void **state) {
    bench *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/halftone-run-XXXXXX");
    if (mkdtemp(b->folder) == NULL || ht_context_create(&(ht_context_options){.threads = 3}, &b->ctx, NULL) != HT_OK) {
        return 1;
    }
    b->work = fake_work_table(&b->fake);
    write_yaml(b, yaml);
    open_study(b);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    bench *b = *state;
    ht_study_close(b->study);
    ht_context_destroy(b->ctx);
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", b->folder);
    int code = system(command);
    free(b);
    return code;
}

static void a_run_does_everything_once(void **state) {
    bench *b = *state;
    ht_study_counts counts;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(counts.models_done, MODELS);
    assert_int_equal(counts.cells, CELLS);
    assert_int_equal(counts.cells_done, CELLS);
    assert_int_equal(counts.cells_failed, 0);
    assert_int_equal(b->fake.trained, MODELS);
    assert_int_equal(b->fake.opened, b->fake.closed);
    /* 12 and 16 bits give the float network in this fake: those cells reuse its outputs. */
    assert_int_equal(counts.cells_reused, REUSED);
    assert_int_equal(b->fake.evaluated, MODELS + CELLS - REUSED);
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    open_study(b);
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(b->fake.evaluated, MODELS + CELLS - REUSED);
}

static void large_models_run_in_turn(void **state) {
    bench *b = *state;
    b->fake.macs = 1e9;
    ht_study_counts counts;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(counts.cells_done, CELLS);
    assert_int_equal(b->fake.opened, 2 * MODELS); /* once to measure float, once for its cells */
    assert_int_equal(b->fake.closed, 2 * MODELS);
}

static void failures_are_recorded_and_tried_again(void **state) {
    bench *b = *state;
    b->fake.failing_model = "telescope_mlp-complex_s0";
    b->fake.failing_scheme = "nearest/uniform";
    ht_study_counts counts;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(counts.models_failed, 1);
    assert_int_equal(counts.models_done, MODELS - 1);
    assert_int_equal(counts.cells_failed, 6 * 7 + 2 * 6);
    assert_int_equal(counts.cells_done, 2 * 6 * 6);
    ht_store_cell row;
    bool found;
    assert_int_equal(ht__store_find_cell(b->study->store, "mv_mlp-simple_s0/nearest/uniform/4", &row, &found, NULL),
                     HT_OK);
    assert_true(found);
    assert_string_equal(row.status, "failed");
    assert_string_equal(row.error, "conv1.weight: A weight is not finite.");
    ht__store_clear_cell(b->study->store, &row);
    b->fake.failing_model = b->fake.failing_scheme = NULL;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(counts.cells_done, CELLS);
    assert_int_equal(counts.cells_failed, 0);
}

static void an_interrupted_run_goes_on(void **state) {
    bench *b = *state;
    b->fake.interrupts = true;
    b->fake.interrupt_at = 30;
    ht_study_counts counts;
    ht_error err;
    assert_int_equal(ht_study_run(b->study, &counts, &err), HT_ERROR_INTERRUPTED);
    assert_true(counts.cells_done > 10 && counts.cells_done < CELLS);
    assert_int_equal(counts.cells_failed, 0);
    b->fake.interrupts = false;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(counts.cells_done, CELLS);
}

static void run_in_child(bench *b) {
    ht_context *ctx;
    ht_study *study;
    b->fake.pause_microseconds = 4000;
    if (ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) == HT_OK &&
        ht__study_open_with(ctx, b->folder, NULL, &b->work, &study, NULL) == HT_OK) {
        (void)ht_study_run(study, NULL, NULL);
    }
    _exit(0);
}

/* A child runs the study and is killed with -9; the parent finishes it without doing finished cells again. */
static void a_killed_run_goes_on(void **state) {
    bench *b = *state;
    ht_study_close(b->study);
    b->study = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run_in_child(b);
    }
    nanosleep(&(struct timespec){.tv_nsec = 150000000}, NULL);
    kill(child, SIGKILL);
    int how;
    waitpid(child, &how, 0);
    assert_true(WIFSIGNALED(how));
    open_study(b);
    ht_study_counts before, after;
    assert_int_equal(ht_study_count(b->study, &before, NULL), HT_OK);
    assert_true(before.cells_done < CELLS);
    assert_int_equal(ht_study_run(b->study, &after, NULL), HT_OK);
    assert_int_equal(after.cells_done, CELLS);
    assert_true((size_t)b->fake.evaluated <= MODELS - before.models_done + CELLS - before.cells_done);
}

static void a_changed_recipe_makes_a_new_network(void **state) {
    bench *b = *state;
    ht_study_counts counts;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    write_yaml(b, "models:\n"
                  "  - {arch: mlp-simple, data: [telescope, mv], train: {epochs: 3}}\n"
                  "  - {arch: mlp-complex, data: telescope}\n"
                  "grids:\n"
                  "  - {schemes: mid-rise, bits: [4, 5]}\n");
    open_study(b);
    int trained = b->fake.trained, evaluated = b->fake.evaluated;
    assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
    assert_int_equal(counts.cells_done, 6);
    assert_int_equal(b->fake.trained - trained, 2);
    /* Two float models, and 5 bits of all three: this fake's weights do not change with the recipe. */
    assert_true(b->fake.evaluated - evaluated <= 2 + 3);
}

static void a_changed_slice_is_measured_anew(void **state) {
    bench *b = *state;
    ht_study_counts counts;
    for (int i = 0; i < 2; ++i) {
        write_yaml(b, i == 0 ? "models:\n  - {arch: mlp-simple, data: telescope, evaluate: 'test[0:20]'}\n"
                               "grids:\n  - {schemes: mid-rise, bits: [4, 5]}\n"
                             : "models:\n  - {arch: mlp-simple, data: telescope, evaluate: 'test[0:10]'}\n"
                               "grids:\n  - {schemes: mid-rise, bits: [4, 5]}\n");
        open_study(b);
        int trained = b->fake.trained, evaluated = b->fake.evaluated;
        assert_int_equal(ht_study_run(b->study, &counts, NULL), HT_OK);
        assert_int_equal(counts.cells_done, 2);
        assert_int_equal(b->fake.evaluated - evaluated, 3); /* float and both widths, each time */
        assert_int_equal(b->fake.trained - trained, i == 0 ? 1 : 0);
    }
}

static void count_missing(void *user, const char *model, const char *reason) {
    assert_string_equal(model, "missing_mlp-simple_s0");
    assert_string_equal(reason, "The data set is not here.");
    ++*(int *)user;
}

static void a_missing_data_set_is_told_before(void **state) {
    bench *b = *state;
    write_yaml(b, "models:\n  - {arch: mlp-simple, data: [telescope, missing]}\n"
                  "grids:\n  - {schemes: affine, bits: 4}\n");
    open_study(b);
    ht_study_plan plan;
    int missing = 0;
    assert_int_equal(ht_study_plan_run(b->study, count_missing, &missing, &plan, NULL), HT_OK);
    assert_int_equal(missing, 1);
    assert_int_equal(plan.counts.cells, 2);
    assert_true(isnan(plan.minutes));
    assert_int_equal(b->fake.trained, 0);
}

static void the_store_refuses_other_files(void **state) {
    bench *b = *state;
    char path[64];
    ht_store *store;
    snprintf(path, sizeof path, "%s/other.sqlite", b->folder);
    static const char text[] = "this is not a database, however long one makes the text that it holds";
    assert_int_equal(ht__file_write(&b->ctx->allocator, path, true, text, sizeof text, NULL), HT_OK);
    ht_error err;
    assert_int_equal(ht__store_open(&b->ctx->allocator, path, &store, &err), HT_ERROR_FORMAT);
    assert_string_equal(err.where, path);
}

static json_t *results_of(bench *b, const ht_study_results_options *options) {
    char *text;
    size_t size;
    ht_error err;
    if (ht_study_results_json(b->study, options, &text, &size, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    json_t *root = json_loadb(text, size, 0, NULL);
    assert_non_null(root);
    ht_study_text_free(b->ctx, text);
    return root;
}

static double number(const json_t *object, const char *key) { return json_number_value(json_object_get(object, key)); }
static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static const json_t *find_cell(const json_t *root, const char *id) {
    const json_t *cells = json_object_get(root, "cells");
    for (size_t i = 0; i < json_array_size(cells); ++i) {
        if (strcmp(text_of(json_array_get(cells, i), "id"), id) == 0) {
            return json_array_get(cells, i);
        }
    }
    fail_msg("no cell %s", id);
    return NULL;
}

/* The fake draws its predictions, so that they can be counted here too. */
static void results_carry_intervals_and_tests(void **state) {
    bench *b = *state;
    char *text;
    assert_int_equal(ht_study_results_json(b->study, NULL, &text, NULL, NULL), HT_ERROR_NOT_FOUND);
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    json_t *root = results_of(b, NULL);
    assert_string_equal(text_of(root, "format"), "halftone-results");
    assert_int_equal(json_array_size(json_object_get(root, "models")), MODELS);
    assert_int_equal(json_array_size(json_object_get(root, "cells")), CELLS);
    const json_t *cell = find_cell(root, "telescope_mlp-simple_s0/mid-rise/4");
    const json_t *change = json_object_get(cell, "vs_float");
    uint64_t worse = 0, right = 0;
    for (size_t i = 0; i < FAKE_SAMPLES; ++i) {
        double draw = (double)ht__random_at(7, 0, i);
        worse += draw >= 0.1 && draw < 0.1 + 0.24;
        right += draw >= 0.1 + 0.24;
    }
    assert_int_equal((uint64_t)number(change, "worse"), worse);
    assert_int_equal((uint64_t)number(change, "better"), 0);
    assert_int_equal((uint64_t)number(change, "flipped"), worse);
    assert_true(fabs(number(change, "p") - ht_mcnemar_exact(worse, 0)) < 1e-9);
    assert_true(number(change, "p_holm") >= number(change, "p"));
    assert_string_equal(text_of(change, "verdict"), "worse");
    ht_interval interval = ht_interval_wilson(right, FAKE_SAMPLES);
    assert_true(fabs(number(cell, "low") - interval.low) < 1e-8);
    assert_true(fabs(number(cell, "value") - (double)right / FAKE_SAMPLES) < 1e-8);
    cell = find_cell(root, "telescope_mlp-simple_s0/mid-rise/12");
    assert_string_equal(text_of(json_object_get(cell, "vs_float"), "verdict"), "noise");
    cell = find_cell(root, "mv_mlp-simple_s0/mid-rise/2");
    assert_string_equal(text_of(cell, "metric"), "mse");
    assert_true(number(cell, "low") < number(cell, "value") && number(cell, "value") < number(cell, "high"));
    json_decref(root);
}

static void results_carry_a_verdict_and_the_spread_of_seeds(void **state) {
    bench *b = *state;
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    json_t *root = results_of(b, NULL);
    const json_t *verdict = json_object_get(root, "verdict");
    assert_string_equal(text_of(verdict, "model"), "telescope_mlp-complex_s0");
    assert_int_equal((int)number(verdict, "smallest_lossless_bits"), 6);
    assert_non_null(strstr(text_of(verdict, "text"), "no difference detectable with 400 samples"));
    assert_non_null(strstr(text_of(verdict, "command"), "--bits 8"));
    const json_t *stochastic = json_object_get(root, "stochastic");
    assert_int_equal(json_array_size(stochastic), MODELS * 6);
    assert_int_equal((int)number(json_array_get(stochastic, 0), "seeds"), 5);
    json_decref(root);
}

static void csv_has_a_row_per_cell(void **state) {
    bench *b = *state;
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    char *text;
    size_t size, lines = 0, commas = 0;
    assert_int_equal(ht_study_csv(b->study, &text, &size, NULL), HT_OK);
    for (const char *c = text; *c != '\0'; ++c) {
        lines += *c == '\n';
        commas += *c == ',';
    }
    assert_int_equal(lines, CELLS + 1);
    assert_int_equal(commas, (CELLS + 1) * 27);
    ht_study_text_free(b->ctx, text);
}

static void interactive_part_has_levels_filters_and_pictures(void **state) {
    bench *b = *state;
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    json_t *root = results_of(b, &(ht_study_results_options){.interactive = true});
    const json_t *part = json_object_get(root, "interactive");
    const json_t *layer = json_array_get(json_object_get(part, "layers"), 0);
    assert_string_equal(text_of(layer, "name"), "conv1.weight");
    assert_int_equal(json_array_size(json_object_get(layer, "bins")), 256);
    const json_t *levels = json_object_get(json_object_get(json_object_get(layer, "levels"), "mid-rise"), "2");
    assert_true(json_array_size(levels) >= 2 && json_array_size(levels) <= 5);
    const json_t *filters = json_object_get(part, "filters");
    assert_int_equal(json_array_size(json_object_get(filters, "float")), 16);
    const json_t *quantized = json_object_get(json_object_get(filters, "quantized"), "nearest/uniform");
    assert_int_equal(json_array_size(json_object_get(quantized, "4")), 16);
    const json_t *pictures = json_object_get(part, "pictures");
    assert_int_equal((int)number(pictures, "count"), 100);
    assert_int_equal(strlen(text_of(pictures, "pixels_base64")), (100 * 4 + 2) / 3 * 4);
    const json_t *predictions = json_object_get(json_object_get(pictures, "predictions"), "mid-rise");
    assert_int_equal(json_array_size(json_object_get(predictions, "8")), 100);
    json_decref(root);
}

static void results_outlive_the_data(void **state) {
    bench *b = *state;
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    b->fake.data_gone = true;
    json_t *root = results_of(b, &(ht_study_results_options){.interactive = true});
    assert_null(json_object_get(root, "interactive"));
    assert_true(json_array_size(json_object_get(root, "cells")) > 0);
    json_decref(root);
}

static void literature_rows_are_renamed(void **state) {
    bench *b = *state;
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    char path[64];
    snprintf(path, sizeof path, "%s/published.csv", b->folder);
    static const char rows[] = "model,rounding,levels,bits,train_loss,train_accuracy,test_loss,test_accuracy\n"
                               "fmnist_cnn,normal,prior_normal,4,.1,.9,.2,.9044\n" /* not of this study */
                               "telescope_complex,normal,prior_normal,4,.1,.9,.2,.8044\r\n"
                               "mv_simple,mid_rise,IQR_range,16,0.01,,0.0127,\n";
    assert_int_equal(ht__file_write(&b->ctx->allocator, path, true, rows, strlen(rows), NULL), HT_OK);
    json_t *root = results_of(b, &(ht_study_results_options){.literature = path});
    const json_t *list = json_object_get(root, "literature"), *row = json_array_get(list, 0);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text_of(row, "model"), "telescope_mlp-complex");
    assert_string_equal(text_of(row, "method"), "nearest/normal");
    assert_true(number(row, "value") == 0.8044 && number(row, "bits") == 4);
    row = json_array_get(list, 1);
    assert_string_equal(text_of(row, "model"), "mv_mlp-simple");
    assert_string_equal(text_of(row, "method"), "mid-rise-iqr");
    assert_true(number(row, "value") == 0.0127);
    json_decref(root);
    assert_int_equal(ht__file_write(&b->ctx->allocator, path, true, "a\nb,c\n", 6, NULL), HT_OK);
    ht_error err;
    char *text;
    ht_study_results_options options = {.literature = path};
    assert_int_equal(ht_study_results_json(b->study, &options, &text, NULL, &err), HT_ERROR_FORMAT);
    assert_int_equal(err.line, 2);
}

static void the_page_has_a_table_per_network(void **state) {
    bench *b = *state;
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    char *text;
    size_t size;
    assert_int_equal(ht_study_markdown(b->study, NULL, &text, &size, NULL), HT_OK);
    assert_int_equal(strlen(text), size);
    assert_non_null(strstr(text, "\n### mv_mlp-simple_s0\n"));
    assert_non_null(strstr(text, "\n| scheme, bits | 2 | 4 | 6 | 8 | 12 | 16 |\n"));
    assert_non_null(strstr(text, "\n| stochastic/uniform | "));
    ht_study_text_free(b->ctx, text);
}

static const char *claim_verdict(const json_t *root, const char *id) {
    const json_t *claims = json_object_get(root, "claims");
    for (size_t i = 0; i < json_array_size(claims); ++i) {
        if (strcmp(text_of(json_array_get(claims, i), "id"), id) == 0) {
            return text_of(json_array_get(claims, i), "verdict");
        }
    }
    return "absent";
}

/* The fake's schemes are alike but for one: what that one says about the claims is known. */
static void claims_are_tested(void **state) {
    bench *b = *state;
    static const char grid[] = "models:\n"
                               "  - {arch: mlp-simple, data: [telescope, mv]}\n"
                               "grids:\n"
                               "  - schemes: [nearest/uniform, nearest/histogram, nearest/normal, stochastic/uniform]\n"
                               "    bits: [2, 3, 4, 5, 6, 7, 8, 9]\n";
    write_yaml(b, grid);
    open_study(b);
    b->fake.bad_scheme = "nearest/normal";
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    json_t *root = results_of(b, NULL);
    assert_string_equal(claim_verdict(root, "C2"), "holds");
    assert_string_equal(claim_verdict(root, "C3"), "holds");
    assert_string_equal(claim_verdict(root, "C4"), "absent");
    assert_string_equal(claim_verdict(root, "C15"), "absent");
    json_decref(root);
}

static void claims_are_refuted(void **state) {
    bench *b = *state;
    static const char grid[] = "models:\n"
                               "  - {arch: mlp-simple, data: [telescope, mv]}\n"
                               "grids:\n"
                               "  - schemes: [nearest/uniform, nearest/histogram, nearest/normal, stochastic/uniform]\n"
                               "    bits: [2, 3, 4, 5, 6, 7, 8, 9]\n";
    write_yaml(b, grid);
    open_study(b);
    b->fake.bad_scheme = "nearest/uniform";
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    json_t *root = results_of(b, NULL);
    assert_string_equal(claim_verdict(root, "C2"), "fails");
    assert_string_equal(claim_verdict(root, "C3"), "fails");
    assert_string_equal(claim_verdict(root, "C6"), "fails");
    json_decref(root);
}

/* Sixteen cells speak against the claim, but only two networks vote, which may be chance. */
static void a_network_has_one_vote(void **state) {
    bench *b = *state;
    static const char grid[] = "models:\n"
                               "  - {arch: mlp-simple, data: [telescope, mv]}\n"
                               "grids:\n"
                               "  - schemes: [nearest/uniform, stochastic/uniform]\n"
                               "    bits: [2, 3, 4, 5, 6, 7, 8, 9]\n";
    write_yaml(b, grid);
    open_study(b);
    b->fake.bad_scheme = "stochastic/uniform";
    assert_int_equal(ht_study_run(b->study, NULL, NULL), HT_OK);
    json_t *root = results_of(b, NULL);
    assert_string_equal(claim_verdict(root, "C1"), "undecided");
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_run_does_everything_once),
        TEST(large_models_run_in_turn),
        TEST(failures_are_recorded_and_tried_again),
        TEST(an_interrupted_run_goes_on),
        TEST(a_killed_run_goes_on),
        TEST(a_changed_recipe_makes_a_new_network),
        TEST(a_changed_slice_is_measured_anew),
        TEST(a_missing_data_set_is_told_before),
        TEST(the_store_refuses_other_files),
        TEST(results_carry_intervals_and_tests),
        TEST(results_carry_a_verdict_and_the_spread_of_seeds),
        TEST(csv_has_a_row_per_cell),
        TEST(interactive_part_has_levels_filters_and_pictures),
        TEST(results_outlive_the_data),
        TEST(literature_rows_are_renamed),
        TEST(the_page_has_a_table_per_network),
        TEST(claims_are_tested),
        TEST(claims_are_refuted),
        TEST(a_network_has_one_vote),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
