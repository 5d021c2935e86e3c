/* What fuses computes what it did; what is nearly the pattern stays as it is. */
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

#define ROWS 5
#define DEPTH 8
#define COLUMNS 6

static ht_graph *begin(ht_value **x) {
    ht_graph *g;
    CHECKED(ht__graph_create(ctx, "m", &g, err));
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {ROWS, DEPTH}};
    CHECKED(ht__graph_add_input(g, "x", &desc, x, err));
    return g;
}

static ht_value *constant(ht_graph *g, ht_type type, int32_t rank, int64_t first, int64_t second, const void *data) {
    ht_tensor_desc desc = {.type = type, .rank = rank, .dims = {first, second}};
    ht_value *value;
    CHECKED(ht__graph_add_constant(g, NULL, &desc, data, false, &value, err));
    return value;
}

static ht_value *scalar(ht_graph *g, float number) { return constant(g, HT_F32, 0, 0, 0, &number); }

static ht_node *add(ht_graph *g, const char *op, ht_value *a, ht_value *b, ht_value *c, uint32_t outputs) {
    ht_node *made;
    ht_value *inputs[] = {a, b, c};
    CHECKED(ht__graph_add_node(g, op, NULL, inputs, c != NULL ? 3 : b != NULL ? 2 : 1, outputs, NULL, &made, err));
    return made;
}

static ht_value *two(ht_graph *g, const char *op, ht_value *a, ht_value *b) {
    return add(g, op, a, b, NULL, 1)->outputs[0];
}

static void run(ht_graph *graph, float *output) {
    ht_program *program;
    CHECKED(ht__graph_infer(graph, err));
    CHECKED(ht__compile(graph, NULL, &program, err));
    float input[ROWS * DEPTH];
    ht__random_fill(99, 0, 0, input, ROWS * DEPTH);
    for (int i = 0; i < ROWS * DEPTH; ++i) {
        input[i] = 4.0f * input[i] - 2.0f;
    }
    const void *inputs[] = {input};
    void *outputs[] = {output, NULL};
    float other[ROWS * DEPTH];
    outputs[1] = other;
    void *arena = aligned_alloc(64, ht__program_run_bytes(program) + 64);
    CHECKED(ht__program_run(program, &(ht_run_arguments){.inputs = inputs, .outputs = outputs, .arena = arena}, err));
    free(arena);
    ht__program_destroy(program);
}

static size_t count(const ht_graph *graph, const char *op) {
    size_t found = 0;
    for (size_t i = 0; i < graph->node_count; ++i) {
        found += strcmp(graph->nodes[i]->op->name, op) == 0;
    }
    return found;
}

/* ---- Gelu ---- */

/* x / divisor, erf, + summand, then the factors in one of three orders. */
static ht_graph *gelu(int order, float divisor, float summand, float half, bool seen) {
    ht_value *x;
    ht_graph *g = begin(&x);
    ht_value *e = two(g, "Erf", two(g, "Div", x, scalar(g, divisor)), NULL), *s = two(g, "Add", e, scalar(g, summand)),
             *y;
    if (order == 0) {
        y = two(g, "Mul", two(g, "Mul", x, s), scalar(g, half));
    } else if (order == 1) {
        y = two(g, "Mul", x, two(g, "Mul", scalar(g, half), s));
    } else {
        y = two(g, "Mul", two(g, "Mul", x, scalar(g, half)), s);
    }
    CHECKED(ht__graph_mark_output(g, y, err));
    if (seen) {
        CHECKED(ht__graph_mark_output(g, e, err));
    }
    return g;
}

static void gelu_fuses(void **state) {
    (void)state;
    for (int order = 0; order < 3; ++order) {
        float before[ROWS * DEPTH], after[ROWS * DEPTH];
        ht_graph *g = gelu(order, 1.41421354f, 1.0f, 0.5f, false);
        run(g, before);
        CHECKED(ht__pass_fuse_gelu(g, err));
        assert_int_equal(g->node_count, 1);
        assert_int_equal(count(g, "Gelu"), 1);
        run(g, after);
        for (int i = 0; i < ROWS * DEPTH; ++i) {
            assert_true(fabsf(before[i] - after[i]) <= 1e-6f);
        }
        ht__graph_destroy(g);
    }
}

static void what_is_nearly_gelu_stays(void **state) {
    (void)state;
    static const float numbers[][3] = {{1.414f, 1.0f, 0.5f}, {1.41421354f, 1.001f, 0.5f}, {1.41421354f, 1.0f, 0.501f}};
    for (int i = 0; i < 4; ++i) {
        const float *n = numbers[i < 3 ? i : 0];
        ht_graph *g = i < 3 ? gelu(i, n[0], n[1], n[2], false) : gelu(0, 1.41421354f, 1.0f, 0.5f, true);
        size_t nodes = g->node_count;
        CHECKED(ht__pass_fuse_gelu(g, err));
        assert_int_equal(g->node_count, nodes);
        assert_int_equal(count(g, "Gelu"), 0);
        ht__graph_destroy(g);
    }
}

/* ---- dynamic products ---- */

typedef enum variation { EXACT, BIAS_IS_A_COLUMN, CAST_IS_SEEN, SCALE_IS_NO_CONSTANT } variation;

static ht_graph *dynamic(variation how) {
    ht_value *x;
    ht_graph *g = begin(&x);
    int8_t w[DEPTH * COLUMNS];
    float scales[COLUMNS], bias[COLUMNS];
    for (int i = 0; i < DEPTH * COLUMNS; ++i) {
        w[i] = (int8_t)(i * 37 % 255 - 127);
    }
    for (int i = 0; i < COLUMNS; ++i) {
        scales[i] = 0.01f + 0.003f * (float)i;
        bias[i] = 0.1f * (float)i - 0.2f;
    }
    ht_node *q = add(g, "DynamicQuantizeLinear", x, NULL, NULL, 3);
    ht_value *sums =
        add(g, "MatMulInteger", q->outputs[0], constant(g, HT_I8, 2, DEPTH, COLUMNS, w), q->outputs[2], 1)->outputs[0];
    ht_node *cast = add(g, "Cast", sums, NULL, NULL, 1);
    CHECKED(ht__node_set_int(g, cast, "to", 1, err)); /* FLOAT */
    ht_value *weight_scale = constant(g, HT_F32, 1, COLUMNS, 0, scales);
    if (how == SCALE_IS_NO_CONSTANT) {
        weight_scale = two(g, "Add", q->outputs[1], weight_scale);
    }
    ht_value *scale = two(g, "Mul", q->outputs[1], weight_scale), *y = two(g, "Mul", cast->outputs[0], scale);
    y = two(g, "Add", y,
            constant(g, HT_F32, how == BIAS_IS_A_COLUMN ? 2 : 1, how == BIAS_IS_A_COLUMN ? ROWS : COLUMNS, 1, bias));
    CHECKED(ht__graph_mark_output(g, y, err));
    if (how == CAST_IS_SEEN) {
        CHECKED(ht__graph_mark_output(g, cast->outputs[0], err));
    }
    CHECKED(ht__graph_infer(g, err));
    return g;
}

static void fuse_dynamic(ht_graph *g) {
    CHECKED(ht__pass_fuse_dynamic_product(g, err));
    CHECKED(ht__pass_fuse_bias(g, err));
}

static void dynamic_products_fuse_to_the_same_bits(void **state) {
    (void)state;
    float before[ROWS * COLUMNS], after[ROWS * COLUMNS];
    ht_graph *g = dynamic(EXACT);
    run(g, before);
    fuse_dynamic(g);
    assert_int_equal(g->node_count, 2);
    assert_int_equal(count(g, "IntegerMatMul"), 1);
    run(g, after);
    assert_memory_equal(before, after, sizeof before);
    ht__graph_destroy(g);
}

static void what_is_nearly_a_dynamic_product_stays(void **state) {
    (void)state;
    ht_graph *g = dynamic(BIAS_IS_A_COLUMN);
    float before[ROWS * COLUMNS], after[ROWS * COLUMNS];
    run(g, before);
    fuse_dynamic(g);
    assert_int_equal(count(g, "IntegerMatMul"), 1);
    assert_int_equal(count(g, "Add"), 1);
    run(g, after);
    assert_memory_equal(before, after, sizeof before);
    ht__graph_destroy(g);
    for (variation how = CAST_IS_SEEN; how <= SCALE_IS_NO_CONSTANT; ++how) {
        g = dynamic(how);
        size_t nodes = g->node_count;
        fuse_dynamic(g);
        assert_int_equal(g->node_count, nodes);
        assert_int_equal(count(g, "IntegerMatMul"), 0);
        ht__graph_destroy(g);
    }
}

/* ---- products with a factor and a row ---- */

static ht_graph *scaled_product(const char *op, bool factor_is_scalar, bool seen) {
    ht_value *x;
    ht_graph *g = begin(&x);
    float w[DEPTH * COLUMNS], row[COLUMNS], factors[COLUMNS];
    ht__random_fill(3, 0, 0, w, DEPTH * COLUMNS);
    ht__random_fill(4, 0, 0, row, COLUMNS);
    for (int i = 0; i < COLUMNS; ++i) {
        factors[i] = 2.5f;
    }
    ht_value *y = two(g, "MatMul", x, constant(g, HT_F32, 2, DEPTH, COLUMNS, w));
    if (seen) {
        CHECKED(ht__graph_mark_output(g, y, err));
    }
    y = two(g, op, y, factor_is_scalar ? scalar(g, 2.5f) : constant(g, HT_F32, 1, COLUMNS, 0, factors));
    y = two(g, "Add", constant(g, HT_F32, 1, COLUMNS, 0, row), y);
    CHECKED(ht__graph_mark_output(g, y, err));
    CHECKED(ht__graph_infer(g, err));
    return g;
}

static void products_take_factor_and_row(void **state) {
    (void)state;
    static const char *const ops[] = {"Mul", "Div"};
    for (int i = 0; i < 2; ++i) {
        float before[ROWS * COLUMNS], after[ROWS * COLUMNS];
        ht_graph *g = scaled_product(ops[i], true, false);
        run(g, before);
        CHECKED(ht__pass_fuse_product(g, err));
        assert_int_equal(g->node_count, 1);
        assert_int_equal(count(g, "FusedMatMul"), 1);
        run(g, after);
        for (int j = 0; j < ROWS * COLUMNS; ++j) {
            assert_true(fabsf(before[j] - after[j]) <= 1e-5f);
        }
        ht__graph_destroy(g);
    }
}

static void other_products_stay(void **state) {
    (void)state;
    ht_graph *graphs[] = {scaled_product("Mul", false, false), scaled_product("Div", true, true),
                          scaled_product("Sub", true, false)};
    for (int i = 0; i < 3; ++i) {
        CHECKED(ht__pass_fuse_product(graphs[i], err));
        assert_int_equal(graphs[i]->node_count, 3);
        assert_int_equal(count(graphs[i], "FusedMatMul"), 0);
        ht__graph_destroy(graphs[i]);
    }
}

/* ---- quantized products with a real result ---- */

static ht_quantization x_annotation = {
    .bits = 8, .axis = -1, .groups = 1, .scale = &(float){0.02f}, .zero_point = &(float){100.0f}};
static ht_quantization w_annotation = {
    .bits = 8, .is_signed = true, .axis = -1, .groups = 1, .scale = &(float){0.01f}, .zero_point = &(float){0.0f}};

/* An annotated input by weights of codes, or by what is computed. */
static ht_graph *quantized(bool constant_weights) {
    static uint16_t codes[DEPTH * COLUMNS];
    float decoded[DEPTH * COLUMNS];
    ht_value *x;
    ht_graph *g = begin(&x);
    for (int i = 0; i < DEPTH * COLUMNS; ++i) {
        codes[i] = (uint16_t)(1 + i * 37 % 255);
        decoded[i] = 0.01f * (float)(codes[i] - 128);
    }
    w_annotation.codes = codes;
    ht_value *w = constant(g, HT_F32, 2, DEPTH, COLUMNS, decoded);
    w->quantization = &w_annotation;
    x->quantization = &x_annotation;
    if (!constant_weights) {
        w = two(g, "Transpose", x, NULL);
        w->quantization = &x_annotation;
    }
    CHECKED(ht__graph_mark_output(g, two(g, "MatMul", x, w), err));
    CHECKED(ht__graph_infer(g, err));
    return g;
}

static void products_nobody_quantizes_give_real_numbers(void **state) {
    (void)state;
    float simulated[ROWS * COLUMNS], integer[ROWS * COLUMNS];
    ht_graph *g = quantized(true);
    CHECKED(ht__pass_simulate_quantization(g, err));
    run(g, simulated);
    ht__graph_destroy(g);
    g = quantized(true);
    CHECKED(ht__pass_integer(g, err));
    assert_int_equal(count(g, "IntegerMatMul"), 1);
    assert_int_equal(count(g, "MatMul"), 0);
    run(g, integer);
    for (int i = 0; i < ROWS * COLUMNS; ++i) {
        assert_true(fabsf(simulated[i] - integer[i]) <= 1e-5f);
    }
    ht__graph_destroy(g);
    g = quantized(false);
    CHECKED(ht__pass_integer(g, err));
    assert_int_equal(count(g, "MatMul"), 1);
    ht__graph_destroy(g);
}

int main(void) {
    if (ht_context_create(NULL, &ctx, NULL) != HT_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gelu_fuses),
        cmocka_unit_test(what_is_nearly_gelu_stays),
        cmocka_unit_test(dynamic_products_fuse_to_the_same_bits),
        cmocka_unit_test(what_is_nearly_a_dynamic_product_stays),
        cmocka_unit_test(products_take_factor_and_row),
        cmocka_unit_test(other_products_stay),
        cmocka_unit_test(products_nobody_quantizes_give_real_numbers),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(ctx);
    return failures;
}
