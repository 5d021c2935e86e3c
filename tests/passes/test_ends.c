/* A graph that takes and gives codes, channels last, and the same one behind the passes that make it take and give real
 * numbers, channels first: the same numbers in other clothes. */
#include <stdlib.h>
#include <string.h>

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

static const float scale = 0.5f;
static const int8_t zero_in = 3, zero_out = -2;

static ht_value *convert(ht_graph *graph, const char *op, ht_value *x, const char *name, int8_t zero) {
    ht_value *inputs[3] = {x};
    ht_node *node;
    CHECKED(ht__graph_add_scalar(graph, NULL, scale, &inputs[1], err));
    CHECKED(ht__graph_add_constant(graph, NULL, &(ht_tensor_desc){.type = HT_I8}, &zero, false, &inputs[2], err));
    CHECKED(ht__graph_add_node(graph, op, NULL, inputs, 3, 1, &name, &node, err));
    return node->outputs[0];
}

/* codes i8 [1,2,2,3] -> -x -> codes i8 */
static ht_graph *model(void) {
    ht_graph *graph;
    ht_value *x;
    ht_node *node;
    ht_tensor_desc desc = {.type = HT_I8, .rank = 4, .dims = {-1, 2, 2, 3}};
    CHECKED(ht__graph_create(ctx, "ends", &graph, err));
    CHECKED(ht__graph_add_input(graph, "x", &desc, &x, err));
    x = convert(graph, "DequantizeLinear", x, "x_real", zero_in);
    CHECKED(ht__graph_add_node(graph, "Neg", NULL, &x, 1, 1, NULL, &node, err));
    CHECKED(ht__graph_mark_output(graph, convert(graph, "QuantizeLinear", node->outputs[0], "y", zero_out), err));
    CHECKED(ht__graph_infer(graph, err));
    return graph;
}

static void run(ht_graph *graph, const void *input, void *output) {
    ht_program *program;
    CHECKED(ht__pass_prepare(graph, 1, HT_PREPARE_OBSERVABLE, err));
    CHECKED(ht__compile(graph, NULL, &program, err));
    void *arena = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
    CHECKED(ht__program_run(program, &(ht_run_arguments){.inputs = &input, .outputs = &output, .arena = arena}, err));
    free(arena);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
}

/* Where element i of a channels-last picture is in a channels-first one. */
static size_t turned(size_t i) { return i % 3 * 4 + i / 3; }

static void ends_become_real_and_channels_first(void **state) {
    (void)state;
    int8_t codes[12], results[12];
    float numbers[12], real[12];
    for (size_t i = 0; i < 12; ++i) {
        codes[i] = (int8_t)(21 * (int)i - 128);
        numbers[turned(i)] = (float)(codes[i] - zero_in) * scale;
    }
    run(model(), codes, results);

    ht_graph *graph = model();
    CHECKED(ht__pass_real_ends(graph, err));
    CHECKED(ht__pass_channels_first_input(graph, 0, err));
    assert_int_equal(graph->inputs[0]->desc.type, HT_F32);
    assert_int_equal(graph->inputs[0]->desc.dims[1], 3);
    assert_non_null(graph->outputs[0]->quantization);
    run(graph, numbers, real);
    for (size_t i = 0; i < 12; ++i) {
        assert_true(real[i] == (float)(results[i] - zero_out) * scale);
    }
}

/* Codes that the network itself works with stay. */
static void other_ends_stay(void **state) {
    (void)state;
    ht_graph *graph = model();
    CHECKED(ht__graph_mark_output(graph, graph->inputs[0], err));
    CHECKED(ht__pass_real_ends(graph, err));
    assert_string_equal(graph->inputs[0]->name, "x");
    assert_int_equal(graph->inputs[0]->desc.type, HT_I8);
    ht__graph_destroy(graph);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &ctx, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_become_real_and_channels_first),
        cmocka_unit_test(other_ends_stay),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(ctx);
    return failed;
}
