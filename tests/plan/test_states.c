/* States last from run to run until they are reset, and belong to the arena: y = x + s, s becomes y. */
#include <stdlib.h>
#include <string.h>

#include "passes/passes.h"
#include "plan/compile.h"
#include "plan/stages.h"
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

/* y = 2 (x + s), s becomes x + s; what is between takes memory that must not be the state's. */
static ht_graph *model(void) {
    ht_graph *graph;
    ht_value *x, *s;
    ht_node *sum, *twice;
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {1, 4}};
    CHECKED(ht__graph_create(ctx, "sum", &graph, err));
    CHECKED(ht__graph_add_input(graph, "x", &desc, &x, err));
    CHECKED(ht__graph_add_state(graph, "s", &desc, &s, err));
    CHECKED(ht__graph_add_node(graph, "Add", NULL, (ht_value *[]){x, s}, 2, 1, NULL, &sum, err));
    ht_value *total = sum->outputs[0];
    CHECKED(ht__graph_add_node(graph, "Add", NULL, (ht_value *[]){total, total}, 2, 1, NULL, &twice, err));
    ht__graph_keep(graph, s, total);
    CHECKED(ht__graph_mark_output(graph, twice->outputs[0], err));
    CHECKED(ht__graph_sort(graph, err));
    CHECKED(ht__graph_infer(graph, err));
    return graph;
}

static void states_last_until_they_are_reset(void **state) {
    (void)state;
    ht_graph *graph = model(), *copy;
    ht_program *program;
    CHECKED(ht__graph_copy(graph, &copy, err));
    CHECKED(ht__pass_prepare(copy, 1, HT_PREPARE_SIMULATED, err));
    CHECKED(ht__compile(copy, NULL, &program, err));
    assert_int_equal(program->state_count, 1);
    void *arena[2];
    for (int i = 0; i < 2; ++i) {
        arena[i] = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
        memset(arena[i], 0xab, ht__program_run_bytes(program));
    }
    const float x[] = {1, 2, 3, 4};
    float y[4];
    const void *inputs[] = {x};
    void *outputs[] = {y};
    static const struct {
        int arena;
        bool keep;
        float factor;
    } runs[] = {{0, false, 2}, {0, true, 4}, {1, false, 2}, {0, true, 6}, {1, true, 4}, {0, false, 2}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; ++i) {
        ht_run_arguments arguments = {
            .inputs = inputs, .outputs = outputs, .arena = arena[runs[i].arena], .keep_states = runs[i].keep};
        CHECKED(ht__program_run(program, &arguments, err));
        for (int k = 0; k < 4; ++k) {
            assert_true(y[k] == runs[i].factor * x[k]);
        }
    }
    free(arena[0]);
    free(arena[1]);
    ht__program_destroy(program);
    ht__graph_destroy(copy);
    ht__graph_destroy(graph);
}

/* y = a; a becomes b, and b becomes x + a: a must get what b was before. */
static void a_state_may_become_another(void **state) {
    (void)state;
    ht_graph *graph;
    ht_program *program;
    ht_value *x, *a, *b;
    ht_node *sum, *copy;
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1, .dims = {1}};
    CHECKED(ht__graph_create(ctx, "two", &graph, err));
    CHECKED(ht__graph_add_input(graph, "x", &desc, &x, err));
    CHECKED(ht__graph_add_state(graph, "b", &desc, &b, err));
    CHECKED(ht__graph_add_state(graph, "a", &desc, &a, err));
    CHECKED(ht__graph_add_node(graph, "Add", NULL, (ht_value *[]){x, a}, 2, 1, NULL, &sum, err));
    CHECKED(ht__graph_add_node(graph, "Identity", NULL, &a, 1, 1, NULL, &copy, err));
    ht__graph_keep(graph, b, sum->outputs[0]);
    ht__graph_keep(graph, a, b);
    CHECKED(ht__graph_mark_output(graph, copy->outputs[0], err));
    CHECKED(ht__pass_prepare(graph, 1, HT_PREPARE_SIMULATED, err));
    CHECKED(ht__compile(graph, NULL, &program, err));
    void *arena = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
    static const float expected[] = {0, 0, 3, 3, 6, 6, 9};
    const float given = 3;
    float y;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; ++i) {
        ht_run_arguments arguments = {
            .inputs = (const void *[]){&given}, .outputs = (void *[]){&y}, .arena = arena, .keep_states = i != 0};
        CHECKED(ht__program_run(program, &arguments, err));
        assert_true(y == expected[i]);
    }
    free(arena);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
}

/* A run in stages has no run before it. */
static void a_run_in_stages_begins_with_zeros(void **state) {
    (void)state;
    ht_graph *graph = model();
    const float x[] = {1, 2, 3, 4};
    ht_tensor_view input = {.desc = {.type = HT_F32, .rank = 2, .dims = {1, 4}}, .data = x};
    ht_tensor_owned output;
    CHECKED(ht__run_graph(graph, &input, &output, NULL, err));
    for (int k = 0; k < 4; ++k) {
        assert_true(((const float *)output.data)[k] == 2 * x[k]);
    }
    ht__free(&ctx->allocator, output.data);
    ht__graph_destroy(graph);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &ctx, NULL), HT_OK);
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_last_until_they_are_reset),
                                       cmocka_unit_test(a_state_may_become_another),
                                       cmocka_unit_test(a_run_in_stages_begins_with_zeros)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(ctx);
    return failed;
}
