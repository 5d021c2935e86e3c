/* Every allocation of building, changing, compiling and running a graph fails once. */
#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "passes/passes.h"
#include "plan/compile.h"
#include "support.h"

#include "failing_allocator.h"

static ht_status add(ht_graph *g, const char *op, ht_value *const *inputs, uint32_t count, ht_value **out,
                     ht_error *err) {
    ht_node *node;
    HT_TRY(ht__graph_add_node(g, op, NULL, inputs, count, 1, NULL, &node, err));
    *out = node->outputs[0];
    return HT_OK;
}

static ht_status constant(ht_graph *g, int32_t rank, const int64_t *dims, ht_value **out, ht_error *err) {
    static const float numbers[512] = {0.5f, 1, 2};
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    return ht__graph_add_constant(g, NULL, &desc, numbers, false, out, err);
}

static ht_status build(ht_graph *g, ht_error *err) {
    ht_value *x, *w, *c[4], *y, *fc;
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 3, 6, 6}};
    HT_TRY(ht__graph_add_input(g, "x", &input, &x, err));
    HT_TRY(constant(g, 4, (int64_t[]){4, 3, 3, 3}, &w, err));
    for (int i = 0; i < 4; ++i) {
        HT_TRY(constant(g, 1, (int64_t[]){4}, &c[i], err));
    }
    HT_TRY(add(g, "Conv", (ht_value *[]){x, w}, 2, &y, err));
    HT_TRY(add(g, "BatchNormalization", (ht_value *[]){y, c[0], c[1], c[2], c[3]}, 5, &y, err));
    HT_TRY(add(g, "Relu", &y, 1, &y, err));
    HT_TRY(add(g, "Flatten", &y, 1, &y, err));
    HT_TRY(constant(g, 2, (int64_t[]){64, 5}, &fc, err));
    HT_TRY(add(g, "Gemm", (ht_value *[]){y, fc}, 2, &y, err));
    HT_TRY(ht__graph_mark_output(g, y, err));
    return ht__graph_infer(g, err);
}

static ht_status use(ht_graph *graph, ht_error *err) {
    HT_TRY(ht__pass_fold_batch_norm(graph, NULL, err));
    HT_TRY(ht__pass_prepare(graph, 2, HT_PREPARE_SIMULATED, err));
    ht_program *program;
    HT_TRY(ht__compile(graph, &(ht_compile_options){.reference_only = true}, &program, err));
    const ht_allocator *allocator = &graph->ctx->allocator;
    float input[2 * 3 * 36] = {0}, output[10];
    const void *inputs[] = {input};
    void *outputs[] = {output}, *arena = ht__alloc(allocator, ht__program_run_bytes(program));
    ht_status status =
        arena == NULL
            ? ht__fail_memory(err, 1)
            : ht__program_run(program, &(ht_run_arguments){.inputs = inputs, .outputs = outputs, .arena = arena}, err);
    ht__free(allocator, arena);
    ht__program_destroy(program);
    return status;
}

static ht_status work(ht_context *ctx, ht_error *err) {
    ht_graph *graph, *copy;
    HT_TRY(ht__graph_create(ctx, "g", &graph, err));
    ht_status status = build(graph, err);
    if (status == HT_OK) {
        status = ht__graph_copy(graph, &copy, err);
        if (status == HT_OK) {
            status = use(copy, err);
            ht__graph_destroy(copy);
        }
    }
    ht__graph_destroy(graph);
    return status;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    assert_true(fail_every_allocation(work) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
