/* What ht_model_findings says of weights that are quantized well, badly, or not at all. */
#include <string.h>

#include "base/context.h"
#include "formats/model.h"
#include "halftone/quantize.h"
#include "support.h"

enum { ROWS = 4, COLUMNS = 32, ELEMENTS = ROWS * COLUMNS };

static ht_context *ctx;

#define SUCCEED(expression)                                                \
    do {                                                                   \
        ht_error succeed_err_ = {0};                                       \
        ht_error *err = &succeed_err_;                                     \
        if ((expression) != HT_OK) {                                       \
            fail_msg("%s: %s: %s", #expression, err->where, err->message); \
        }                                                                  \
    } while (0)

/* Adds y = x w' with these int8 codes, one scale for each of `groups`; codes NULL: in float. */
static ht_value *add_product(ht_graph *graph, ht_value *x, const int8_t *codes, size_t groups) {
    static const float real[ELEMENTS] = {0.5f}, scale[ROWS] = {0.1f, 0.1f, 0.1f, 0.1f}, zero[ROWS];
    static uint16_t stored[4][ELEMENTS];
    static ht_quantization annotations[4];
    static size_t used;
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {ROWS, COLUMNS}};
    ht_value *w;
    ht_node *node;
    SUCCEED(ht__graph_add_constant(graph, NULL, &desc, real, true, &w, err));
    if (codes != NULL) {
        ht_quantization *q = &annotations[used % 4];
        uint16_t *own = stored[used++ % 4];
        for (int i = 0; i < ELEMENTS; ++i) {
            own[i] = (uint16_t)(codes[i] + 128);
        }
        *q = (ht_quantization){.bits = 8,
                               .is_signed = true,
                               .axis = groups > 1 ? 0 : -1,
                               .groups = groups,
                               .scale = scale,
                               .zero_point = zero,
                               .codes = own};
        w->quantization = q;
    }
    SUCCEED(ht__graph_add_node(graph, "Gemm", NULL, (ht_value *[]){x, w}, 2, 1, NULL, &node, err));
    SUCCEED(ht__node_set_int(graph, node, "transB", 1, err));
    return node->outputs[0];
}

typedef struct seen {
    ht_finding found[8];
    size_t count;
} seen;

static bool remember(void *user, const ht_finding *finding) {
    seen *s = user;
    assert_true(s->count < 8);
    s->found[s->count++] = *finding;
    return true;
}

/* The findings about a product with these codes beside one that is as it should be. */
static seen find(const int8_t *codes, size_t groups, bool in_float) {
    int8_t good[ELEMENTS];
    ht_graph *graph;
    ht_model *model;
    ht_value *x;
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {1, COLUMNS}};
    for (int i = 0; i < ELEMENTS; ++i) {
        good[i] = (int8_t)(i % COLUMNS == 0 ? 127 : 3 * (i % 31) - 40);
    }
    SUCCEED(ht__graph_create(ctx, "g", &graph, err));
    SUCCEED(ht__graph_add_input(graph, "x", &desc, &x, err));
    SUCCEED(ht__graph_mark_output(graph, add_product(graph, x, good, ROWS), err));
    SUCCEED(ht__graph_mark_output(graph, add_product(graph, x, in_float ? NULL : codes, groups), err));
    SUCCEED(ht__model_create(ctx, graph, &model, err));
    seen s = {.count = 0};
    SUCCEED(ht_model_findings(model, remember, &s, err));
    ht_model_destroy(model);
    return s;
}

static void good_weights_are_left_alone(void **state) {
    (void)state;
    int8_t codes[ELEMENTS];
    for (int i = 0; i < ELEMENTS; ++i) {
        codes[i] = (int8_t)(i == 7 ? -127 : 5 * (i % 37) - 90);
    }
    assert_int_equal(find(codes, 1, false).count, 0);
}

static void weights_in_float_are_named(void **state) {
    (void)state;
    seen s = find(NULL, 1, true);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.found[0].kind, HT_FINDING_FLOAT_WEIGHT);
    assert_true(s.found[0].share == 0.5);
}

static void bad_scales_are_named(void **state) {
    (void)state;
    int8_t few[ELEMENTS], uneven[ELEMENTS], clipped[ELEMENTS];
    for (int i = 0; i < ELEMENTS; ++i) {
        few[i] = (int8_t)(i / COLUMNS == 1 ? 100 - 6 * (i % 32) : i % 41 - 20);
        uneven[i] = (int8_t)(i / COLUMNS == 2 ? i % 7 - 3 : 120 - 7 * (i % 32));
        clipped[i] = (int8_t)(i % 4 == 0 ? 127 : i % 4 == 1 ? -127 : i % 50);
    }
    seen s = find(few, ROWS, false);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.found[0].kind, HT_FINDING_FEW_LEVELS);
    assert_true(s.found[0].share == 0.75);
    s = find(uneven, 1, false);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.found[0].kind, HT_FINDING_UNEVEN_CHANNELS);
    assert_true(s.found[0].share == 0.25);
    s = find(clipped, 1, false);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.found[0].kind, HT_FINDING_CLIPPED);
    assert_true(s.found[0].share > 0.45 && s.found[0].share < 0.5);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &ctx, NULL), HT_OK);
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_weights_are_left_alone),
                                       cmocka_unit_test(weights_in_float_are_named),
                                       cmocka_unit_test(bad_scales_are_named)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(ctx);
    return failed;
}
