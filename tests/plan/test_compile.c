/* The compiler and the executor: layouts, aliases, outputs, memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "graph/graph.h"
#include "plan/compile.h"
#include "plan/memory.h"
#include "support.h"

static ht_context *ctx;

static ht_value *node1(ht_graph *graph, const char *op, ht_value **inputs, uint32_t count, ht_node **out) {
    ht_node *node;
    ht_error err;
    if (ht__graph_add_node(graph, op, NULL, inputs, count, 1, NULL, &node, &err) != HT_OK) {
        fail_msg("%s: %s", err.where, err.message);
    }
    if (out != NULL) {
        *out = node;
    }
    return node->outputs[0];
}

static ht_value *random_constant(ht_graph *graph, const char *name, int32_t rank, const int64_t *dims) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    size_t count = (size_t)ht__desc_elements(&desc);
    float *data = malloc(count * sizeof *data);
    ht__random_fill(1, 2, 0, data, count);
    for (size_t i = 0; i < count; ++i) {
        data[i] -= 0.5f;
    }
    ht_value *value;
    assert_int_equal(ht__graph_add_constant(graph, name, &desc, data, false, &value, NULL), HT_OK);
    free(data);
    return value;
}

static void run(ht_graph *graph, const ht_compile_options *options, const float *input, float *output) {
    ht_program *program;
    ht_error err;
    if (ht__compile(graph, options, &program, &err) != HT_OK) {
        fail_msg("%s: %s", err.where, err.message);
    }
    void *arena = aligned_alloc(64, ht__program_run_bytes(program) + 64);
    const void *inputs[] = {input};
    void *outputs[] = {output};
    ht_run_arguments arguments = {.inputs = inputs, .outputs = outputs, .arena = arena, .pool = ctx->pool};
    if (ht__program_run(program, &arguments, &err) != HT_OK) {
        fail_msg("%s: %s", err.where, err.message);
    }
    free(arena);
    ht__program_destroy(program);
}

/* conv - relu - pool - add of the pooled with itself - flatten - gemm: every kind of layout change. */
static ht_graph *small_cnn(void) {
    ht_graph *graph;
    assert_int_equal(ht__graph_create(ctx, "cnn", &graph, NULL), HT_OK);
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {2, 3, 8, 8}};
    ht_value *x;
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    ht_value *w = random_constant(graph, "w", 4, (int64_t[]){5, 3, 3, 3});
    ht_node *conv, *pool, *gemm;
    ht_graph *g = graph;
    conv = NULL;
    ht_value *y = NULL;
    {
        ht_value *outputs[1];
        assert_int_equal(ht__graph_add_value(g, "conv_out", NULL, &outputs[0], NULL), HT_OK);
        ht_value *inputs[] = {x, w};
        assert_int_equal(ht__graph_add_node_raw(g, "", "Conv", "conv", inputs, 2, outputs, 1, &conv, NULL), HT_OK);
        assert_int_equal(ht__node_set_ints(g, conv, "pads", (int64_t[]){1, 1, 1, 1}, 4, NULL), HT_OK);
        y = outputs[0];
    }
    y = node1(g, "Relu", &y, 1, NULL);
    ht_value *pooled = node1(g, "MaxPool", &y, 1, &pool);
    assert_int_equal(ht__node_set_ints(g, pool, "kernel_shape", (int64_t[]){2, 2}, 2, NULL), HT_OK);
    assert_int_equal(ht__node_set_ints(g, pool, "strides", (int64_t[]){2, 2}, 2, NULL), HT_OK);
    ht_value *sum = node1(g, "Add", (ht_value *[]){pooled, pooled}, 2, NULL);
    ht_value *flat = node1(g, "Flatten", &sum, 1, NULL);
    ht_value *fc = random_constant(g, "fc", 2, (int64_t[]){5 * 16, 4});
    ht_value *out = node1(g, "Gemm", (ht_value *[]){flat, fc}, 2, &gemm);
    assert_int_equal(ht__graph_mark_output(g, out, NULL), HT_OK);
    assert_int_equal(ht__graph_infer(g, NULL), HT_OK);
    assert_int_equal(out->desc.dims[1], 4);
    return graph;
}

static void layouts_give_the_same_numbers(void **state) {
    (void)state;
    ht_graph *graph = small_cnn();
    float input[2 * 3 * 64], plain[8], fast[8], kept[8];
    ht__random_fill(3, 4, 0, input, 2 * 3 * 64);
    run(graph, &(ht_compile_options){.reference_only = true, .plain_layout = true}, input, plain);
    run(graph, &(ht_compile_options){.reference_only = true}, input, kept);
    run(graph, NULL, input, fast);
    assert_true(fabsf(plain[0]) > 1e-3f);
    for (int i = 0; i < 8; ++i) {
        assert_true(fabsf(plain[i] - fast[i]) < 1e-4f);
        assert_true(fabsf(plain[i] - kept[i]) < 1e-4f);
    }
    ht__graph_destroy(graph);
}

static void inputs_and_constants_can_be_outputs(void **state) {
    (void)state;
    ht_graph *graph;
    assert_int_equal(ht__graph_create(ctx, "identity", &graph, NULL), HT_OK);
    ht_tensor_desc input = {.type = HT_F32, .rank = 1, .dims = {3}};
    ht_value *x;
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    assert_int_equal(ht__graph_mark_output(graph, x, NULL), HT_OK);
    float in[3] = {1, 2, 3}, out[3] = {0};
    run(graph, NULL, in, out);
    assert_memory_equal(in, out, sizeof in);
    ht__graph_destroy(graph);
}

static void memory_never_overlaps(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        ht_rng rng = {.seed = seed};
        ht_lifetime items[40];
        size_t total, widest = 0;
        for (int i = 0; i < 40; ++i) {
            size_t first = (size_t)ht__rng_below(&rng, 30);
            items[i] = (ht_lifetime){.bytes = (size_t)ht__rng_below(&rng, 1000),
                                     .first = first,
                                     .last = first + (size_t)ht__rng_below(&rng, 10)};
            widest += items[i].bytes + 64;
        }
        assert_int_equal(ht__memory_plan(&ht__system_allocator, items, 40, &total, NULL), HT_OK);
        assert_true(total <= widest);
        for (int i = 0; i < 40; ++i) {
            assert_int_equal(items[i].offset % 64, 0);
            assert_true(items[i].offset + items[i].bytes <= total);
            for (int j = 0; j < i; ++j) {
                bool together = items[i].first <= items[j].last && items[j].first <= items[i].last;
                bool apart = items[i].offset + items[i].bytes <= items[j].offset ||
                             items[j].offset + items[j].bytes <= items[i].offset;
                assert_true(!together || apart);
            }
        }
    }
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
        cmocka_unit_test(layouts_give_the_same_numbers),
        cmocka_unit_test(inputs_and_constants_can_be_outputs),
        cmocka_unit_test(memory_never_overlaps),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
