/* The evaluator on a table whose answers are known by construction. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "train/evaluator.h"

#define ROWS 1003 /* no multiple of any batch */

static ht_context *ctx;
static char csv[64], spec[128];

/* Class "yes" where a > b, except that every tenth row is labelled wrongly. a and b are always far apart, so that
 * standardizing the columns (what a plain table gets) keeps their order. */
static void row(int i, int *a, int *b) {
    *a = i * 37 % 101;
    *b = (*a + 50) % 101;
}

static void write_table(void) {
    snprintf(csv, sizeof csv, "/tmp/halftone_eval_%ld.csv", (long)getpid());
    snprintf(spec, sizeof spec, "csv:%s,target=class", csv);
    FILE *file = fopen(csv, "w");
    assert_non_null(file);
    fprintf(file, "a,b,class\n");
    for (int i = 0; i < ROWS; ++i) {
        int a, b;
        row(i, &a, &b);
        fprintf(file, "%d,%d,%s\n", a, b, (a > b) != (i % 10 == 0) ? "yes" : "no");
    }
    fclose(file);
}

/* logits: class "no" gets b, class "yes" gets a (classes are sorted by name). */
static ht_graph *difference_model(void) {
    ht_graph *graph;
    ht_value *x, *w;
    ht_node *gemm;
    const float weights[4] = {0, 1, 1, 0};
    ht_tensor_desc input = {.type = HT_F32, .rank = 2, .dims = {-1, 2}},
                   square = {.type = HT_F32, .rank = 2, .dims = {2, 2}};
    assert_int_equal(ht__graph_create(ctx, "difference", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    assert_int_equal(ht__graph_add_constant(graph, "w", &square, weights, false, &w, NULL), HT_OK);
    assert_int_equal(ht__graph_add_node(graph, "MatMul", NULL, (ht_value *[]){x, w}, 2, 1, NULL, &gemm, NULL), HT_OK);
    assert_int_equal(ht__graph_mark_output(graph, gemm->outputs[0], NULL), HT_OK);
    return graph;
}

static ht_dataset *open_table(void) {
    ht_dataset *dataset;
    ht_error err;
    if (ht_dataset_open(ctx, spec, NULL, &dataset, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    return dataset;
}

static void accuracy_is_what_the_table_says(void **state) {
    (void)state;
    ht_graph *graph = difference_model();
    ht_dataset *dataset = open_table();
    ht_error err;
    for (size_t batch = 1; batch <= 1500; batch = batch * 7 + 1) {
        ht_evaluator *evaluator;
        ht_evaluation result;
        ht_evaluation_options options = {.batch = batch};
        if (ht__evaluator_create(ctx, graph, dataset, &options, true, &evaluator, &err) != HT_OK ||
            ht__evaluator_run(evaluator, NULL, &result, &err) != HT_OK) {
            fail_msg("%s", err.message);
        }
        size_t wrong = 0;
        for (int i = 0; i < ROWS; ++i) {
            wrong += i % 10 == 0;
        }
        assert_int_equal(result.samples, ROWS);
        assert_true(fabs(result.accuracy - (double)(ROWS - wrong) / ROWS) < 1e-12);
        assert_true(result.low < result.accuracy && result.accuracy < result.high);
        assert_int_equal(result.confusion[0] + result.confusion[1] + result.confusion[2] + result.confusion[3], ROWS);
        /* exchanging the weights turns every clear answer around */
        const float swapped[4] = {1, 0, 0, 1};
        ht_evaluation turned;
        assert_int_equal(ht__evaluator_set_constant(evaluator, "w", swapped, &err), HT_OK);
        assert_int_equal(ht__evaluator_run(evaluator, NULL, &turned, &err), HT_OK);
        size_t flipped = 0;
        for (int i = 0; i < ROWS; ++i) {
            flipped += turned.predictions[i] != result.predictions[i];
        }
        assert_int_equal(flipped, ROWS);
        ht_evaluation_clear(ctx, &turned);
        ht_evaluation_clear(ctx, &result);
        ht__evaluator_destroy(evaluator);
    }
    ht_dataset_close(dataset);
    ht__graph_destroy(graph);
}

static void loss_is_cross_entropy(void **state) {
    (void)state;
    ht_graph *graph = difference_model();
    ht_dataset *dataset = open_table();
    ht_evaluator *evaluator;
    ht_evaluation result;
    assert_int_equal(ht__evaluator_create(ctx, graph, dataset, NULL, false, &evaluator, NULL), HT_OK);
    assert_int_equal(ht__evaluator_run(evaluator, ctx->pool, &result, NULL), HT_OK);
    double sum = 0;
    for (int i = 0; i < ROWS; ++i) {
        double no = (double)result.outputs[2 * i], yes = (double)result.outputs[2 * i + 1];
        double chosen = result.targets[i] > 0.5f ? yes : no;
        sum += log(exp(no) + exp(yes)) - chosen;
    }
    assert_true(fabs(result.loss - sum / ROWS) < 1e-6);
    ht_error err;
    assert_int_equal(ht__evaluator_set_constant(evaluator, "w", result.outputs, &err), HT_ERROR_ARGUMENT);
    ht_evaluation_clear(ctx, &result);
    ht__evaluator_destroy(evaluator);
    ht_dataset_close(dataset);
    ht__graph_destroy(graph);
}

static void wrong_shapes_are_named(void **state) {
    (void)state;
    ht_graph *graph = difference_model();
    graph->inputs[0]->desc.dims[1] = 3;
    ht_dataset *dataset = open_table();
    ht_evaluator *evaluator;
    ht_error err;
    assert_int_equal(ht__evaluator_create(ctx, graph, dataset, NULL, false, &evaluator, &err), HT_ERROR_MISMATCH);
    assert_string_equal(err.where, "x");
    ht_dataset_close(dataset);
    ht__graph_destroy(graph);
}

static int setup(void **state) {
    (void)state;
    write_table();
    return ht_context_create(NULL, &ctx, NULL);
}

static int teardown(void **state) {
    (void)state;
    unlink(csv);
    ht_context_destroy(ctx);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_is_what_the_table_says),
        cmocka_unit_test(loss_is_cross_entropy),
        cmocka_unit_test(wrong_shapes_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
