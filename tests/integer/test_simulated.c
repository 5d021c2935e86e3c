/* The two ways to run an annotated graph against each other, and integers against themselves on more threads. */
#include <math.h>

#include "graph/quantization.h"
#include "onnx/model_support.h"

/* A convolutional network of random weights, every tensor quantized: what integers and floats make of it differs by
 * rounding only. Two parts that meet in an Add, so that a step of difference can grow. */
typedef struct network {
    ht_graph *graph;
    ht_rng rng;
    ht_quantization quantizations[32];
    float numbers[64];
    int used;
} network;

static ht_quantization *annotation(network *n, int32_t bits, bool is_signed, float scale, float zero) {
    float *numbers = &n->numbers[2 * n->used];
    numbers[0] = scale;
    numbers[1] = zero;
    ht_quantization *q = &n->quantizations[n->used++];
    *q = (ht_quantization){
        .bits = bits, .is_signed = is_signed, .axis = -1, .groups = 1, .scale = &numbers[0], .zero_point = &numbers[1]};
    return q;
}

static ht_value *weights(network *n, const ht_tensor_desc *desc, float scale) {
    size_t count = (size_t)ht__desc_elements(desc);
    ht_quantization *q = annotation(n, 8, true, scale, 0.0f);
    uint16_t *codes = ht__arena_alloc(n->graph->arena, count * sizeof *codes);
    float *decoded = ht__arena_alloc(n->graph->arena, count * sizeof *decoded);
    for (size_t i = 0; i < count; ++i) {
        codes[i] = (uint16_t)(1 + ht__rng_below(&n->rng, 255));
    }
    q->codes = codes;
    SUCCEED(ht__quantization_decode(q, desc, decoded, err));
    ht_value *value;
    SUCCEED(ht__graph_add_constant(n->graph, NULL, desc, decoded, true, &value, err));
    value->quantization = q;
    return value;
}

static ht_value *node(network *n, const char *op, ht_value *x, ht_value *z, ht_quantization *q) {
    ht_value *inputs[] = {x, z};
    ht_node *out;
    SUCCEED(ht__graph_add_node(n->graph, op, NULL, inputs, z != NULL ? 2 : 1, 1, NULL, &out, err));
    out->outputs[0]->quantization = q;
    return out->outputs[0];
}

static ht_model *make_network(ht_requant rule) {
    static network storage; /* of the one model that there is at a time */
    network *n = &storage;
    *n = (network){.rng = {.seed = 4, .stream = 1}};
    SUCCEED(ht__graph_create(test_context, "net", &n->graph, err));
    n->graph->requant = rule;
    ht_tensor_desc x_desc = {.type = HT_F32, .rank = 4, .dims = {-1, 3, 12, 12}};
    ht_tensor_desc first = {.type = HT_F32, .rank = 4, .dims = {16, 3, 3, 3}};
    ht_tensor_desc second = {.type = HT_F32, .rank = 4, .dims = {16, 16, 1, 1}};
    ht_value *x, *a, *b;
    SUCCEED(ht__graph_add_input(n->graph, "x", &x_desc, &x, err));
    x->quantization = annotation(n, 8, true, 2.0f / 127.0f, 0.0f);
    a = node(n, "Conv", x, weights(n, &first, 0.003f), NULL);
    a = node(n, "Relu", a, NULL, annotation(n, 8, true, 0.016f, -128.0f));
    b = node(n, "Conv", a, weights(n, &second, 0.002f), annotation(n, 8, true, 0.011f, 7.0f));
    b = node(n, "Add", a, b, annotation(n, 8, true, 0.02f, -50.0f));
    b = node(n, "GlobalAveragePool", b, NULL, annotation(n, 8, true, 0.012f, -50.0f));
    b = node(n, "Flatten", b, NULL, annotation(n, 8, true, 0.012f, -50.0f));
    ht_tensor_desc last = {.type = HT_F32, .rank = 2, .dims = {16, 10}};
    b = node(n, "MatMul", b, weights(n, &last, 0.004f), annotation(n, 8, true, 0.02f, 3.0f));
    SUCCEED(ht__graph_mark_output(n->graph, b, err));
    SUCCEED(ht__graph_infer(n->graph, err));
    ht_model *model;
    SUCCEED(ht__model_create(test_context, n->graph, &model, err));
    return model;
}

#define BATCH 64
#define OUTPUTS (BATCH * 10)

static void run_network(const ht_model *model, ht_prepare_mode mode, bool reference, ht_pool *pool, float *out) {
    ht_graph *graph;
    ht_program *program;
    SUCCEED(ht__graph_copy(model->graph, &graph, err));
    SUCCEED(ht__pass_prepare(graph, BATCH, mode, err));
    ht_compile_options options = {.reference_only = reference, .threads = ht__pool_threads(pool)};
    SUCCEED(ht__compile(graph, &options, &program, err));
    const ht_program_tensor *input = &program->tensors[program->inputs[0]];
    float *x = malloc((size_t)ht__desc_elements(&input->desc) * sizeof *x);
    fill_tensor(&input->desc, 1, x);
    void *arena = aligned_alloc(64, (ht__program_run_bytes(program) + 127) & ~(size_t)63);
    ht_run_arguments arguments = {
        .inputs = (const void *const[]){x}, .outputs = (void *const[]){out}, .arena = arena, .pool = pool};
    SUCCEED(ht__program_run(program, &arguments, err));
    free(arena);
    free(x);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
}

/* Integers and the float imitation: the same codes but for rounding at a few places, and then by few steps. */
static void integers_are_near_the_simulation(void **state) {
    (void)state;
    for (ht_requant rule = HT_REQUANT_FLOAT; rule <= HT_REQUANT_FIXED; ++rule) {
        ht_model *model = make_network(rule);
        static float integers[OUTPUTS], simulated[OUTPUTS];
        run_network(model, HT_PREPARE_INTEGER, false, NULL, integers);
        run_network(model, HT_PREPARE_SIMULATED, false, NULL, simulated);
        int different = 0;
        float lowest = INFINITY, highest = -INFINITY;
        for (int i = 0; i < OUTPUTS; ++i) {
            float steps = fabsf(integers[i] - simulated[i]) / 0.02f;
            different += steps > 0.5f;
            assert_true(steps < 2.5f);
            lowest = fminf(lowest, integers[i]);
            highest = fmaxf(highest, integers[i]);
        }
        print_message("rule %d: %d of %d outputs a step apart\n", (int)rule, different, OUTPUTS);
        assert_true(different <= OUTPUTS / 12);
        assert_true(highest - lowest > 0.5f); /* it computes something */
        ht_model_destroy(model);
    }
}

/* One result for any number of threads, and from the kernels that state the meaning. */
static void integers_are_the_same_everywhere(void **state) {
    (void)state;
    for (ht_requant rule = HT_REQUANT_FLOAT; rule <= HT_REQUANT_FIXED; ++rule) {
        ht_model *model = make_network(rule);
        static float expected[OUTPUTS], other[OUTPUTS];
        run_network(model, HT_PREPARE_INTEGER, true, NULL, expected);
        for (unsigned threads = 1; threads <= 3; ++threads) {
            ht_pool *pool;
            SUCCEED(ht__pool_create(&test_context->allocator, threads, &pool, err));
            run_network(model, HT_PREPARE_INTEGER, false, pool, other);
            assert_memory_equal(expected, other, sizeof expected);
            ht__pool_destroy(pool);
        }
        ht_model_destroy(model);
    }
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_near_the_simulation),
        cmocka_unit_test(integers_are_the_same_everywhere),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
