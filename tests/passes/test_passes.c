/* Each pass keeps what the graph computes: the same random input through the graph before and after it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "graph/op.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "support.h"

static ht_context *ctx;

#define CHECKED(expression)                                                 \
    do {                                                                    \
        ht_error checked_error = {0};                                       \
        ht_error *err = &checked_error;                                     \
        if ((expression) != HT_OK) {                                        \
            fail_msg("%s: %s", checked_error.where, checked_error.message); \
        }                                                                   \
    } while (0)

static ht_value *constant(ht_graph *graph, uint64_t seed, float low, int32_t rank, const int64_t *dims) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    float data[4096];
    size_t count = (size_t)ht__desc_elements(&desc);
    ht__random_fill(seed, 1, 0, data, count);
    for (size_t i = 0; i < count; ++i) {
        data[i] += low;
    }
    ht_value *value;
    CHECKED(ht__graph_add_constant(graph, NULL, &desc, data, false, &value, err));
    return value;
}

static ht_value *node(ht_graph *graph, const char *op, ht_value *const *inputs, uint32_t count, ht_node **out) {
    ht_node *made;
    CHECKED(ht__graph_add_node(graph, op, NULL, inputs, count, 1, NULL, &made, err));
    if (out != NULL) {
        *out = made;
    }
    return made->outputs[0];
}

/* conv - batch norm - relu - conv - clip(shape arithmetic around a reshape) - gemm - batch norm (of a matrix) */
static ht_graph *model(void) {
    ht_graph *g;
    CHECKED(ht__graph_create(ctx, "m", &g, err));
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 3, 6, 6}};
    ht_value *x;
    CHECKED(ht__graph_add_input(g, "x", &input, &x, err));
    ht_value *y = node(g, "Conv", (ht_value *[]){x, constant(g, 1, -.5f, 4, (int64_t[]){4, 3, 3, 3})}, 2, NULL);
    int64_t c4[] = {4}, c7[] = {7};
    y = node(g, "BatchNormalization",
             (ht_value *[]){y, constant(g, 2, 0, 1, c4), constant(g, 3, -.5f, 1, c4), constant(g, 4, -.5f, 1, c4),
                            constant(g, 5, .1f, 1, c4)},
             5, NULL);
    y = node(g, "Relu", &y, 1, NULL);
    y = node(g, "Conv",
             (ht_value *[]){y, constant(g, 6, -.5f, 4, (int64_t[]){4, 4, 3, 3}), constant(g, 7, -.5f, 1, c4)}, 3, NULL);
    ht_value *low, *high;
    CHECKED(ht__graph_add_scalar(g, "low", -.3f, &low, err));
    CHECKED(ht__graph_add_scalar(g, "high", .6f, &high, err));
    y = node(g, "Clip", (ht_value *[]){y, low, high}, 3, NULL);
    ht_value *shape = node(g, "Shape", &y, 1, NULL), *first, *rest;
    CHECKED(ht__graph_add_constant(g, "zero", &(ht_tensor_desc){.type = HT_I64, .rank = 1, .dims = {1}}, &(int64_t){0},
                                   false, &first, err));
    CHECKED(ht__graph_add_constant(g, "minus_one", &(ht_tensor_desc){.type = HT_I64, .rank = 1, .dims = {1}},
                                   &(int64_t){-1}, false, &rest, err));
    ht_value *batch = node(g, "Gather", (ht_value *[]){shape, first}, 2, NULL);
    ht_value *target = node(g, "Concat", (ht_value *[]){batch, rest}, 2, NULL);
    y = node(g, "Reshape", (ht_value *[]){y, target}, 2, NULL);
    y = node(g, "Gemm", (ht_value *[]){y, constant(g, 8, -.5f, 2, (int64_t[]){16, 7})}, 2, NULL);
    y = node(g, "BatchNormalization",
             (ht_value *[]){y, constant(g, 9, 0, 1, c7), constant(g, 10, -.5f, 1, c7), constant(g, 11, -.5f, 1, c7),
                            constant(g, 12, .1f, 1, c7)},
             5, NULL);
    CHECKED(ht__graph_mark_output(g, y, err));
    CHECKED(ht__graph_set_batch(g, 2, err));
    return g;
}

static void run(ht_graph *graph, float *output) {
    ht_program *program;
    CHECKED(ht__pass_fold_constants(graph, err));
    CHECKED(ht__compile(graph, NULL, &program, err));
    float input[2 * 3 * 36];
    ht__random_fill(99, 0, 0, input, 2 * 3 * 36);
    const void *inputs[] = {input};
    void *outputs[] = {output};
    void *arena = aligned_alloc(64, ht__program_run_bytes(program) + 64);
    CHECKED(ht__program_run(program, &(ht_run_arguments){.inputs = inputs, .outputs = outputs, .arena = arena}, err));
    free(arena);
    ht__program_destroy(program);
}

static void assert_close(const float *a, const float *b, size_t count, float bound) {
    for (size_t i = 0; i < count; ++i) {
        if (!(fabsf(a[i] - b[i]) <= bound)) {
            fail_msg("element %zu: %g against %g", i, (double)a[i], (double)b[i]);
        }
    }
}

static void batch_norm_folds(void **state) {
    (void)state;
    float before[14], after[14];
    ht_graph *graph = model();
    run(graph, before);
    ht__graph_destroy(graph);
    graph = model();
    size_t nodes = graph->node_count, folded;
    CHECKED(ht__pass_fold_batch_norm(graph, &folded, err));
    assert_int_equal(folded, 2);
    assert_int_equal(graph->node_count, nodes - 2);
    run(graph, after);
    assert_close(before, after, 14, 1e-5f);
    ht__graph_destroy(graph);
}

static void activations_fuse(void **state) {
    (void)state;
    float before[14], after[14];
    ht_graph *graph = model();
    run(graph, before);
    ht__graph_destroy(graph);
    graph = model();
    size_t nodes = graph->node_count;
    CHECKED(ht__pass_fuse_activation(graph, err));
    assert_int_equal(graph->node_count, nodes - 2);
    run(graph, after);
    assert_close(before, after, 14, 1e-6f);
    ht__graph_destroy(graph);
}

static void shapes_fold_away(void **state) {
    (void)state;
    ht_graph *graph = model();
    size_t nodes = graph->node_count;
    CHECKED(ht__pass_fold_constants(graph, err));
    assert_int_equal(graph->node_count, nodes - 3); /* Shape, Gather, Concat */
    assert_int_equal(graph->outputs[0]->desc.dims[0], 2);
    ht__graph_destroy(graph);
}

static void annotated_activations_are_rounded(void **state) {
    (void)state;
    ht_graph *graph = model();
    float scale = 0.25f, zero = 3.0f, output[14];
    ht_quantization annotation = {.bits = 4, .axis = -1, .groups = 1, .scale = &scale, .zero_point = &zero};
    graph->outputs[0]->quantization = &annotation;
    CHECKED(ht__pass_prepare(graph, 2, HT_PREPARE_INTEGER, err));
    run(graph, output);
    for (int i = 0; i < 14; ++i) {
        float code = output[i] / scale + zero;
        assert_true(code == rintf(code) && code >= 0 && code <= 15);
    }
    ht__graph_destroy(graph);
}

/* What a program in integers will follow is part of the graph: passes work on copies. */
static void the_requantization_rule_is_copied(void **state) {
    (void)state;
    ht_graph *graph = model(), *copy;
    assert_int_equal(graph->requant, HT_REQUANT_FLOAT);
    graph->requant = HT_REQUANT_FIXED;
    CHECKED(ht__graph_copy(graph, &copy, err));
    assert_int_equal(copy->requant, HT_REQUANT_FIXED);
    ht__graph_destroy(copy);
    ht__graph_destroy(graph);
}

static int setup(void **state) {
    (void)state;
    return ht_context_create(NULL, &ctx, NULL);
}

static int teardown(void **state) {
    (void)state;
    ht_context_destroy(ctx);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_norm_folds),
        cmocka_unit_test(activations_fuse),
        cmocka_unit_test(shapes_fold_away),
        cmocka_unit_test(annotated_activations_are_rounded),
        cmocka_unit_test(the_requantization_rule_is_copied),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
