/* Runs in stages: shapes that depend on data, graphs within nodes, what ends a loop, and every allocation failing once.
 */
#include <string.h>

#include "base/context.h"
#include "plan/stages.h"
#include "support.h"

#include "failing_allocator.h"

static ht_status add_value(ht_graph *g, const char *op, ht_value *const *inputs, uint32_t count, ht_value **out,
                           ht_error *err) {
    ht_node *node;
    HT_TRY(ht__graph_add_node(g, op, NULL, inputs, count, 1, NULL, &node, err));
    *out = node->outputs[0];
    return HT_OK;
}

/* x -> the sum of all elements that are not zero, doubled: NonZero, Transpose, GatherND, ReduceSum, Add. */
static ht_status build_selection(ht_context *ctx, ht_graph **out, ht_error *err) {
    ht_graph *g;
    HT_TRY(ht__graph_create(ctx, "selection", &g, err));
    *out = g;
    ht_value *x, *y, *indices;
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {-1, -1}};
    HT_TRY(ht__graph_add_input(g, "x", &desc, &x, err));
    HT_TRY(add_value(g, "NonZero", &x, 1, &indices, err));
    HT_TRY(add_value(g, "Transpose", &indices, 1, &indices, err));
    HT_TRY(add_value(g, "GatherND", (ht_value *[]){x, indices}, 2, &y, err));
    HT_TRY(add_value(g, "ReduceSum", &y, 1, &y, err));
    HT_TRY(add_value(g, "Add", (ht_value *[]){y, y}, 2, &y, err));
    return ht__graph_mark_output(g, y, err);
}

/* The body of a loop that adds the captured `step` to its carried value and stacks it, while the value is below 10. */
static ht_status build_body(ht_context *ctx, bool endless, ht_graph **out, ht_error *err) {
    ht_graph *g;
    HT_TRY(ht__graph_create(ctx, "body", &g, err));
    *out = g;
    ht_value *round, *condition, *sum, *step, *limit, *next, *goes_on;
    HT_TRY(ht__graph_add_input(g, "round", NULL, &round, err));
    HT_TRY(ht__graph_add_input(g, "condition", NULL, &condition, err));
    HT_TRY(ht__graph_add_input(g, "sum", NULL, &sum, err));
    HT_TRY(ht__graph_add_input(g, "step", NULL, &step, err));
    HT_TRY(ht__graph_add_scalar(g, "limit", endless ? 1e30f : 10.0f, &limit, err));
    HT_TRY(add_value(g, "Add", (ht_value *[]){sum, step}, 2, &next, err));
    HT_TRY(add_value(g, "Less", (ht_value *[]){next, limit}, 2, &goes_on, err));
    HT_TRY(ht__graph_mark_output(g, goes_on, err));
    HT_TRY(ht__graph_mark_output(g, next, err));
    return ht__graph_mark_output(g, next, err);
}

static ht_status add_loop(ht_graph *g, bool endless, ht_error *err) {
    ht_value *first, *step, *inputs[4] = {NULL};
    ht_tensor_desc scalar = {.type = HT_F32};
    HT_TRY(ht__graph_add_input(g, "first", &scalar, &first, err));
    HT_TRY(ht__graph_add_input(g, "step", &scalar, &step, err));
    inputs[2] = first;
    inputs[3] = step;
    ht_node *loop;
    HT_TRY(ht__graph_add_node(g, "Loop", "loop", inputs, 4, 2, NULL, &loop, err));
    loop->captured = 1;
    ht_graph *body = NULL;
    ht_status status = build_body(g->ctx, endless, &body, err);
    if (status == HT_OK) {
        status = ht__node_set_graph(g, loop, "body", body, err);
    }
    if (status != HT_OK) {
        ht__graph_destroy(body);
        return status;
    }
    HT_TRY(ht__graph_mark_output(g, loop->outputs[0], err));
    return ht__graph_mark_output(g, loop->outputs[1], err);
}

static void release(ht_context *ctx, ht_tensor_owned *outputs, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        ht__free(&ctx->allocator, outputs[i].data);
    }
}

static ht_status run_selection(ht_context *ctx, float *sum, ht_error *err) {
    static const float numbers[] = {1, 0, 2, 0, 0, 4};
    ht_graph *g = NULL;
    ht_tensor_owned output = {.data = NULL};
    ht_tensor_view x = {{.type = HT_F32, .rank = 2, .dims = {2, 3}}, numbers};
    ht_status status = build_selection(ctx, &g, err);
    if (status == HT_OK) {
        status = ht__run_graph(g, &x, &output, NULL, err);
    }
    if (status == HT_OK) {
        memcpy(sum, output.data, sizeof *sum);
    }
    release(ctx, &output, 1);
    ht__graph_destroy(g);
    return status;
}

/* first = 1, step = 4: 5, 9, 13. */
static ht_status run_loop(ht_context *ctx, bool endless, float last[1], float stacked[3], ht_error *err) {
    static const float first = 1.0f, step = 4.0f;
    ht_graph *g = NULL;
    ht_tensor_owned outputs[2] = {{.data = NULL}, {.data = NULL}};
    ht_tensor_view inputs[2] = {{{.type = HT_F32}, &first}, {{.type = HT_F32}, &step}};
    ht_status status = ht__graph_create(ctx, "loop", &g, err);
    if (status == HT_OK) {
        status = add_loop(g, endless, err);
    }
    if (status == HT_OK) {
        status = ht__run_graph(g, inputs, outputs, NULL, err);
    }
    if (status == HT_OK) {
        assert_int_equal(ht__desc_elements(&outputs[1].desc), 3);
        memcpy(last, outputs[0].data, sizeof *last);
        memcpy(stacked, outputs[1].data, 3 * sizeof *stacked);
    }
    release(ctx, outputs, 2);
    ht__graph_destroy(g);
    return status;
}

static void shapes_may_depend_on_data(void **state) {
    ht_error err = {0};
    float sum = 0;
    assert_int_equal(run_selection(*state, &sum, &err), HT_OK);
    assert_true(sum == 14.0f);
}

static void loops_carry_and_stack(void **state) {
    ht_error err = {0};
    float last[1], stacked[3];
    assert_int_equal(run_loop(*state, false, last, stacked, &err), HT_OK);
    assert_true(last[0] == 13.0f && stacked[0] == 5.0f && stacked[1] == 9.0f && stacked[2] == 13.0f);
}

static bool interrupted_later(void *user) { return ++*(int *)user > 100; }

static void an_endless_loop_can_be_interrupted(void **state) {
    (void)state;
    int asked = 0;
    ht_context *ctx;
    ht_error err = {0};
    float last[1], stacked[3];
    ht_context_options options = {.threads = 1, .interrupted = interrupted_later, .user = &asked};
    assert_int_equal(ht_context_create(&options, &ctx, NULL), HT_OK);
    assert_int_equal(run_loop(ctx, true, last, stacked, &err), HT_ERROR_INTERRUPTED);
    ht_context_destroy(ctx);
}

/* An input of an open size turns out to be empty: that goes with 1, and with nothing else. */
static void empty_inputs_are_not_broadcast(void **state) {
    ht_context *ctx = *state;
    static const float numbers[6] = {0};
    for (int64_t size = 0; size < 4; ++size) {
        ht_graph *g;
        ht_value *a, *b, *y;
        ht_error err = {0};
        ht_tensor_desc known = {.type = HT_F32, .rank = 2, .dims = {2, 3}},
                       open = {.type = HT_F32, .rank = 2, .dims = {1, -1}};
        assert_int_equal(ht__graph_create(ctx, "sum", &g, &err), HT_OK);
        assert_int_equal(ht__graph_add_input(g, "a", &known, &a, &err), HT_OK);
        assert_int_equal(ht__graph_add_input(g, "b", &open, &b, &err), HT_OK);
        assert_int_equal(add_value(g, "Add", (ht_value *[]){a, b}, 2, &y, &err), HT_OK);
        assert_int_equal(ht__graph_mark_output(g, y, &err), HT_OK);
        open.dims[1] = size;
        ht_tensor_view inputs[] = {{known, numbers}, {open, numbers}};
        ht_tensor_owned output;
        ht_status status = ht__run_graph(g, inputs, &output, NULL, &err);
        assert_int_equal(status, size == 1 || size == 3 ? HT_OK : HT_ERROR_MISMATCH);
        ht__free(&ctx->allocator, output.data);
        ht__graph_destroy(g);
    }
}

static ht_status both(ht_context *ctx, ht_error *err) {
    float sum, last[1], stacked[3];
    HT_TRY(run_selection(ctx, &sum, err));
    return run_loop(ctx, false, last, stacked, err);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    assert_true(fail_every_allocation(both) > 50);
}

static int begin(void **state) { return ht_context_create(NULL, (ht_context **)state, NULL); }
static int end(void **state) {
    ht_context_destroy(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_may_depend_on_data),          cmocka_unit_test(loops_carry_and_stack),
        cmocka_unit_test(an_endless_loop_can_be_interrupted), cmocka_unit_test(empty_inputs_are_not_broadcast),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
