/* Every gradient rule against finite differences, through the compiler and the reference kernels.
 *
 * loss = sum of y * r with fixed random numbers r (or the operator's own loss); each element of each input is moved by
 * +-h, and (4 D(h/2) - D(h)) / 3 with D(h) = (loss(+h) - loss(-h)) / 2h is the derivative to fourth order. Inputs are
 * drawn from a seed that is printed when a case fails. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "graph/gradient.h"
#include "graph/op.h"
#include "plan/compile.h"

#define SEED 20201
#define MAX_PARTS 3

typedef struct part {
    int32_t rank;
    int64_t dims[5];
} part;

typedef struct recipe {
    const char *op;
    part inputs[MAX_PARTS]; /* those that get gradients */
    uint32_t input_count;
    uint32_t outputs; /* of the node; output 0 is y, or the loss when `is_loss` */
    bool is_loss;
    double low, high;                                                  /* of input values */
    void (*more)(ht_graph *graph, ht_value **inputs, uint32_t *count); /* appends constants */
    void (*attributes)(ht_graph *graph, ht_node *node);
} recipe;

static ht_context *context;

static void check(ht_status status, const ht_error *err) {
    if (status != HT_OK) {
        fail_msg("%s: %s", err->where, err->message);
    }
}

static ht_value *constant(ht_graph *graph, ht_type type, int64_t count, int32_t rank, const void *data) {
    ht_tensor_desc desc = {.type = type, .rank = rank, .dims = {count}};
    ht_value *value;
    assert_int_equal(ht__graph_add_constant(graph, NULL, &desc, data, false, &value, NULL), HT_OK);
    return value;
}

/* ---- what single operators need ---- */

static void add_labels(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_F32, 3, 1, (const float[3]){2, 0, -1});
}
static void add_target(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {3, 2}};
    ht_value *value;
    const float target[6] = {1, 0, -1, 0.5f, 0, 2};
    assert_int_equal(ht__graph_add_constant(graph, NULL, &desc, target, false, &value, NULL), HT_OK);
    inputs[(*count)++] = value;
}
static void add_clip(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_F32, 1, 0, (const float[1]){-0.5f});
    inputs[(*count)++] = constant(graph, HT_F32, 1, 0, (const float[1]){0.7f});
}
static void add_exponent(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_F32, 1, 0, (const float[1]){2.5f});
}
static void add_shape(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_I64, 2, 1, (const int64_t[2]){3, 4});
}
static void add_pads(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_I64, 4, 1, (const int64_t[4]){1, 0, 2, -1});
}
static void add_axis1(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_I64, 1, 1, (const int64_t[1]){1});
}
static void add_expand(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_I64, 3, 1, (const int64_t[3]){2, 3, 4});
}
static void add_statistics(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_F32, 2, 1, (const float[2]){0, 0});
    inputs[(*count)++] = constant(graph, HT_F32, 2, 1, (const float[2]){1, 1});
}
static void add_step(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_I64, 1, 0, (const int64_t[1]){3});
}
static void add_scale(ht_graph *graph, ht_value **inputs, uint32_t *count) {
    inputs[(*count)++] = constant(graph, HT_F32, 1, 0, (const float[1]){0.25f});
    inputs[(*count)++] = constant(graph, HT_F32, 1, 0, (const float[1]){0});
}

static void set_trans(ht_graph *graph, ht_node *node) {
    ht__node_set_int(graph, node, "transA", 1, NULL);
    ht__node_set_int(graph, node, "transB", 1, NULL);
    ht__node_set_float(graph, node, "alpha", 0.5f, NULL);
    ht__node_set_float(graph, node, "beta", 2.0f, NULL);
}
static void set_trans_b(ht_graph *graph, ht_node *node) { ht__node_set_int(graph, node, "transB", 1, NULL); }
static void set_conv(ht_graph *graph, ht_node *node) {
    ht__node_set_ints(graph, node, "strides", (const int64_t[2]){2, 1}, 2, NULL);
    ht__node_set_ints(graph, node, "pads", (const int64_t[4]){1, 0, 1, 2}, 4, NULL);
}
static void set_group(ht_graph *graph, ht_node *node) {
    ht__node_set_int(graph, node, "group", 2, NULL);
    ht__node_set_ints(graph, node, "dilations", (const int64_t[2]){1, 2}, 2, NULL);
}
static void set_pool(ht_graph *graph, ht_node *node) {
    ht__node_set_ints(graph, node, "kernel_shape", (const int64_t[2]){3, 2}, 2, NULL);
    ht__node_set_ints(graph, node, "strides", (const int64_t[2]){2, 1}, 2, NULL);
    ht__node_set_ints(graph, node, "pads", (const int64_t[4]){1, 0, 1, 0}, 4, NULL);
}
static void set_perm(ht_graph *graph, ht_node *node) {
    ht__node_set_ints(graph, node, "perm", (const int64_t[3]){2, 0, 1}, 3, NULL);
}
static void set_axis1(ht_graph *graph, ht_node *node) { ht__node_set_int(graph, node, "axis", 1, NULL); }
static void set_smoothing(ht_graph *graph, ht_node *node) { ht__node_set_float(graph, node, "smoothing", 0.1f, NULL); }
static void set_ratio(ht_graph *graph, ht_node *node) { ht__node_set_float(graph, node, "ratio", 0.4f, NULL); }
static void set_keep0(ht_graph *graph, ht_node *node) { ht__node_set_int(graph, node, "keepdims", 0, NULL); }
static void set_relu(ht_graph *graph, ht_node *node) { ht__node_set_int(graph, node, "relu", 1, NULL); }

#define V(...) \
    { __VA_ARGS__ }
static const recipe recipes[] = {
    {"Relu", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"LeakyRelu", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Clip", {{2, V(3, 4)}}, 1, 1, false, -2, 2, add_clip, NULL},
    {"Sigmoid", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Tanh", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"HardSigmoid", {{2, V(3, 4)}}, 1, 1, false, -4, 4, NULL, NULL},
    {"HardSwish", {{2, V(3, 4)}}, 1, 1, false, -4, 4, NULL, NULL},
    {"Exp", {{2, V(3, 4)}}, 1, 1, false, -1, 1, NULL, NULL},
    {"Log", {{2, V(3, 4)}}, 1, 1, false, 0.5, 2, NULL, NULL},
    {"Sqrt", {{2, V(3, 4)}}, 1, 1, false, 0.5, 2, NULL, NULL},
    {"Neg", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Abs", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Reciprocal", {{2, V(3, 4)}}, 1, 1, false, 0.5, 2, NULL, NULL},
    {"Softplus", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Pow", {{2, V(3, 4)}}, 1, 1, false, 0.5, 2, add_exponent, NULL},
    {"Add", {{3, V(2, 3, 4)}, {2, V(3, 1)}}, 2, 1, false, -2, 2, NULL, NULL},
    {"Sub", {{2, V(1, 4)}, {3, V(2, 3, 4)}}, 2, 1, false, -2, 2, NULL, NULL},
    {"Mul", {{3, V(2, 3, 4)}, {1, V(4)}}, 2, 1, false, -2, 2, NULL, NULL},
    {"Div", {{3, V(2, 1, 4)}, {3, V(2, 3, 4)}}, 2, 1, false, 0.5, 2, NULL, NULL},
    {"MatMul", {{2, V(3, 4)}, {2, V(4, 2)}}, 2, 1, false, -2, 2, NULL, NULL},
    {"MatMul", {{3, V(2, 3, 4)}, {2, V(4, 2)}}, 2, 1, false, -2, 2, NULL, NULL},
    {"Gemm", {{2, V(3, 4)}, {2, V(4, 2)}, {1, V(2)}}, 3, 1, false, -2, 2, NULL, NULL},
    {"Gemm", {{2, V(3, 4)}, {2, V(2, 4)}, {1, V(2)}}, 3, 1, false, -2, 2, NULL, set_trans_b},
    {"Gemm", {{2, V(4, 3)}, {2, V(2, 4)}, {2, V(3, 1)}}, 3, 1, false, -2, 2, NULL, set_trans},
    {"Conv", {{4, V(2, 3, 5, 4)}, {4, V(4, 3, 3, 2)}, {1, V(4)}}, 3, 1, false, -1, 1, NULL, set_conv},
    {"Conv", {{4, V(2, 4, 5, 5)}, {4, V(6, 2, 3, 2)}}, 2, 1, false, -1, 1, NULL, set_group},
    {"Conv", {{3, V(2, 3, 6)}, {3, V(2, 3, 3)}, {1, V(2)}}, 3, 1, false, -1, 1, NULL, NULL},
    {"MaxPool", {{4, V(2, 3, 5, 4)}}, 1, 1, false, -2, 2, NULL, set_pool},
    {"AveragePool", {{4, V(2, 3, 5, 4)}}, 1, 1, false, -2, 2, NULL, set_pool},
    {"GlobalAveragePool", {{4, V(2, 3, 3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"GlobalMaxPool", {{4, V(2, 3, 3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"BatchNormTrain", {{4, V(3, 2, 2, 3)}, {1, V(2)}, {1, V(2)}}, 3, 5, false, 0.5, 2, add_statistics, NULL},
    {"BatchNormTrain", {{4, V(3, 2, 2, 3)}, {1, V(2)}, {1, V(2)}}, 3, 5, false, -1, 1, add_statistics, set_relu},
    {"BatchNormTrain", {{2, V(6, 2)}, {1, V(2)}, {1, V(2)}}, 3, 5, false, 0.5, 2, add_statistics, NULL},
    {"CrossEntropy", {{2, V(3, 4)}}, 1, 2, true, -2, 2, add_labels, NULL},
    {"CrossEntropy", {{2, V(3, 4)}}, 1, 2, true, -2, 2, add_labels, set_smoothing},
    {"SquaredError", {{2, V(3, 2)}}, 1, 1, true, -2, 2, add_target, NULL},
    {"Softmax", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Softmax", {{3, V(2, 3, 4)}}, 1, 1, false, -2, 2, NULL, set_axis1},
    {"LogSoftmax", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Flatten", {{3, V(2, 3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Reshape", {{3, V(2, 3, 2)}}, 1, 1, false, -2, 2, add_shape, NULL},
    {"Identity", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"Squeeze", {{3, V(2, 1, 4)}}, 1, 1, false, -2, 2, add_axis1, NULL},
    {"Unsqueeze", {{2, V(3, 4)}}, 1, 1, false, -2, 2, add_axis1, NULL},
    {"Dropout", {{2, V(3, 4)}}, 1, 1, false, -2, 2, NULL, NULL},
    {"DropoutTrain", {{4, V(2, 3, 2, 4)}}, 1, 1, false, -2, 2, add_step, set_ratio},
    {"Transpose", {{3, V(2, 3, 4)}}, 1, 1, false, -2, 2, NULL, set_perm},
    {"Concat", {{2, V(3, 2)}, {2, V(3, 1)}, {2, V(3, 4)}}, 3, 1, false, -2, 2, NULL, set_axis1},
    {"Pad", {{2, V(3, 4)}}, 1, 1, false, -2, 2, add_pads, NULL},
    {"ReduceSum", {{3, V(2, 3, 4)}}, 1, 1, false, -2, 2, add_axis1, NULL},
    {"ReduceMean", {{3, V(2, 3, 4)}}, 1, 1, false, -2, 2, NULL, set_keep0},
    {"Expand", {{2, V(3, 1)}}, 1, 1, false, -2, 2, add_expand, NULL},
};

typedef struct bench {
    ht_graph *graph;
    ht_program *program;
    float data[MAX_PARTS][256], gradients[MAX_PARTS][256];
    size_t counts[MAX_PARTS];
    void *arena;
} bench;

static float run(bench *b, uint32_t input_count) {
    float loss = 0;
    const void *inputs[MAX_PARTS] = {b->data[0], b->data[1], b->data[2]};
    void *outputs[1 + MAX_PARTS] = {&loss, b->gradients[0], b->gradients[1], b->gradients[2]};
    assert_int_equal(b->program->input_count, input_count);
    assert_int_equal(b->program->output_count, input_count + 1);
    ht_run_arguments arguments = {.inputs = inputs, .outputs = outputs, .arena = b->arena};
    ht_error err = {.status = HT_OK};
    check(ht__program_run(b->program, &arguments, &err), &err);
    return loss;
}

/* sum of y * r, so that every element of y counts differently. */
static ht_value *weigh(ht_graph *graph, ht_value *y, ht_error *err) {
    float r[512];
    ht__random_fill(SEED, 99, 0, r, sizeof r / sizeof *r);
    ht_value *weights, *axes_free[2];
    check(ht__graph_add_constant(graph, NULL, &y->desc, r, false, &weights, err), err);
    ht_value *both[2] = {y, weights};
    ht_node *product, *sum;
    check(ht__graph_add_node(graph, "Mul", NULL, both, 2, 1, NULL, &product, err), err);
    check(product->op->infer(graph, product, err), err);
    axes_free[0] = product->outputs[0];
    check(ht__graph_add_node(graph, "ReduceSum", NULL, axes_free, 1, 1, NULL, &sum, err), err);
    check(ht__node_set_int(graph, sum, "keepdims", 0, err), err);
    check(sum->op->infer(graph, sum, err), err);
    return sum->outputs[0];
}

static void prepare(const recipe *r, bool plain, bench *b) {
    ht_error err = {.status = HT_OK};
    check(ht__graph_create(context, r->op, &b->graph, &err), &err);
    ht_value *inputs[8] = {NULL}, *wanted[MAX_PARTS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->input_count; ++i) {
        ht_tensor_desc desc = {.type = HT_F32, .rank = r->inputs[i].rank};
        memcpy(desc.dims, r->inputs[i].dims, (size_t)desc.rank * sizeof *desc.dims);
        check(ht__graph_add_input(b->graph, NULL, &desc, &inputs[count], &err), &err);
        wanted[i] = inputs[count++];
        b->counts[i] = (size_t)ht__desc_elements(&desc);
        ht__random_fill(SEED, i, 0, b->data[i], b->counts[i]);
        for (size_t k = 0; k < b->counts[i]; ++k) {
            b->data[i][k] = (float)(r->low + (r->high - r->low) * (double)b->data[i][k]);
        }
    }
    if (r->more != NULL) {
        r->more(b->graph, inputs, &count);
    }
    ht_node *node;
    check(ht__graph_add_node(b->graph, r->op, NULL, inputs, count, r->outputs, NULL, &node, &err), &err);
    if (r->attributes != NULL) {
        r->attributes(b->graph, node);
    }
    check(node->op->infer(b->graph, node, &err), &err);
    ht_value *loss = r->is_loss ? node->outputs[0] : weigh(b->graph, node->outputs[0], &err);
    ht_value *gradients[MAX_PARTS];
    check(ht__graph_differentiate(b->graph, loss, wanted, r->input_count, gradients, &err), &err);
    check(ht__graph_mark_output(b->graph, loss, &err), &err);
    for (uint32_t i = 0; i < r->input_count; ++i) {
        assert_non_null(gradients[i]);
        check(ht__graph_mark_output(b->graph, gradients[i], &err), &err);
    }
    const ht_compile_options options = {.reference_only = true, .plain_layout = plain};
    check(ht__compile(b->graph, &options, &b->program, &err), &err);
    b->arena = ht__alloc(&ht__system_allocator, ht__program_run_bytes(b->program));
    assert_non_null(b->arena);
}

static double difference(bench *b, uint32_t inputs, float *element, float h) {
    float keep = *element, up = keep + h, down = keep - h;
    *element = up;
    double high = (double)run(b, inputs);
    *element = down;
    double low = (double)run(b, inputs);
    *element = keep;
    return (high - low) / ((double)up - (double)down);
}

static void rules_agree_with_differences(void **state) {
    (void)state;
    for (size_t row = 0; row < 2 * sizeof recipes / sizeof *recipes; ++row) {
        const recipe *r = &recipes[row / 2];
        bench b;
        memset(&b, 0, sizeof b);
        prepare(r, row % 2 == 0, &b);
        float analytic[MAX_PARTS][256];
        run(&b, r->input_count);
        memcpy(analytic, b.gradients, sizeof analytic);
        for (uint32_t i = 0; i < r->input_count; ++i) {
            for (size_t k = 0; k < b.counts[i]; ++k) {
                const float h = 0.02f;
                double coarse = difference(&b, r->input_count, &b.data[i][k], h);
                double fine = difference(&b, r->input_count, &b.data[i][k], h / 2);
                double numeric = (4 * fine - coarse) / 3, is = (double)analytic[i][k];
                bool kink = fabs(coarse - fine) > 0.02; /* the step crosses a corner of the function */
                if (!kink && fabs(is - numeric) > 2e-3 * (1 + fabs(numeric))) {
                    fail_msg("%s (seed %d, row %zu): d loss / d input %u [%zu] is %.6g, differences say %.6g", r->op,
                             SEED, row, i, k, is, numeric);
                }
            }
        }
        ht__program_destroy(b.program);
        ht__graph_destroy(b.graph);
        ht__free(&ht__system_allocator, b.arena);
    }
}

/* Straight-through: the rule is defined, not derived. */
static void fake_quantize_passes_inside_the_range(void **state) {
    (void)state;
    ht_error err = {.status = HT_OK};
    ht_graph *graph;
    check(ht__graph_create(context, "qat", &graph, &err), &err);
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1, .dims = {5}};
    ht_value *inputs[3], *loss, *gradient;
    uint32_t count = 1;
    check(ht__graph_add_input(graph, "x", &desc, &inputs[0], &err), &err);
    add_scale(graph, inputs, &count);
    ht_node *node;
    check(ht__graph_add_node(graph, "FakeQuantize", NULL, inputs, 3, 1, NULL, &node, &err), &err);
    check(ht__node_set_float(graph, node, "low", -8, &err), &err);
    check(ht__node_set_float(graph, node, "high", 7, &err), &err);
    check(node->op->infer(graph, node, &err), &err);
    loss = weigh(graph, node->outputs[0], &err);
    check(ht__graph_differentiate(graph, loss, inputs, 1, &gradient, &err), &err);
    check(ht__graph_mark_output(graph, gradient, &err), &err);
    ht_program *program;
    const ht_compile_options options = {.reference_only = true};
    check(ht__compile(graph, &options, &program, &err), &err);
    float x[5] = {-3, -2, 0.1f, 1.75f, 2.2f}, dx[5], r[5];
    ht__random_fill(SEED, 99, 0, r, 5);
    void *arena = ht__alloc(&ht__system_allocator, ht__program_run_bytes(program));
    ht_run_arguments arguments = {.inputs = (const void *[]){x}, .outputs = (void *[]){dx}, .arena = arena};
    check(ht__program_run(program, &arguments, &err), &err);
    const float expected[5] = {0, r[1], r[2], r[3], 0};
    for (int i = 0; i < 5; ++i) {
        assert_true(fabsf(dx[i] - expected[i]) < 1e-6f);
    }
    ht__free(&ht__system_allocator, arena);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
}

static void set_one(ht_graph *graph, ht_node *node) {
    ht__node_set_ints(graph, node, "kernel_shape", (const int64_t[2]){1, 1}, 2, NULL);
}

static ht_value *append(ht_graph *graph, const char *op, ht_value *x, ht_value *second,
                        void (*attributes)(ht_graph *, ht_node *)) {
    ht_error err = {.status = HT_OK};
    ht_value *inputs[2] = {x, second};
    ht_node *node;
    check(ht__graph_add_node(graph, op, NULL, inputs, second != NULL ? 2 : 1, 1, NULL, &node, &err), &err);
    if (attributes != NULL) {
        attributes(graph, node);
    }
    check(node->op->infer(graph, node, &err), &err);
    return node->outputs[0];
}

/* What comes back from a Flatten is plain, what went in was channels-last: the same elements must drop out. */
static void dropout_drops_the_same_elements_in_any_layout(void **state) {
    (void)state;
    enum { COUNT = 2 * 3 * 4 * 5 };
    ht_error err = {.status = HT_OK};
    ht_graph *graph;
    check(ht__graph_create(context, "dropout", &graph, &err), &err);
    ht_tensor_desc desc = {.type = HT_F32, .rank = 4, .dims = {2, 3, 4, 5}};
    ht_value *x, *step[2], *gradient;
    uint32_t count = 0;
    check(ht__graph_add_input(graph, "x", &desc, &x, &err), &err);
    add_step(graph, step, &count);
    ht_value *y = append(graph, "AveragePool", x, NULL, set_one);
    y = append(graph, "Flatten", append(graph, "DropoutTrain", y, step[0], set_ratio), NULL, NULL);
    check(ht__graph_differentiate(graph, weigh(graph, y, &err), &x, 1, &gradient, &err), &err);
    check(ht__graph_mark_output(graph, y, &err), &err);
    check(ht__graph_mark_output(graph, gradient, &err), &err);
    ht_program *program;
    const ht_compile_options options = {.threads = 1};
    check(ht__compile(graph, &options, &program, &err), &err);
    float input[COUNT], output[COUNT], dx[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        input[i] = 1;
    }
    void *arena = ht__alloc(&ht__system_allocator, ht__program_run_bytes(program));
    ht_run_arguments arguments = {.inputs = (const void *[]){input}, .outputs = (void *[]){output, dx}, .arena = arena};
    check(ht__program_run(program, &arguments, &err), &err);
    int dropped = 0;
    for (int i = 0; i < COUNT; ++i) {
        assert_true((output[i] == 0) == (dx[i] == 0));
        dropped += output[i] == 0;
    }
    assert_in_range(dropped, COUNT / 5, COUNT * 3 / 5);
    ht__free(&ht__system_allocator, arena);
    ht__program_destroy(program);
    ht__graph_destroy(graph);
}

static void no_rule_is_an_error(void **state) {
    (void)state;
    ht_error err = {.status = HT_OK};
    ht_graph *graph;
    check(ht__graph_create(context, "none", &graph, &err), &err);
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1, .dims = {5}};
    ht_value *x, *gradient;
    check(ht__graph_add_input(graph, "x", &desc, &x, &err), &err);
    ht_node *node;
    check(ht__graph_add_node(graph, "Floor", "step", &x, 1, 1, NULL, &node, &err), &err);
    check(node->op->infer(graph, node, &err), &err);
    ht_value *loss = weigh(graph, node->outputs[0], &err);
    assert_int_equal(ht__graph_differentiate(graph, loss, &x, 1, &gradient, &err), HT_ERROR_UNSUPPORTED);
    assert_string_equal(err.where, "step");
    ht__graph_destroy(graph);
}

/* Every operator with a rule stands in the table above. */
static void every_rule_is_tested(void **state) {
    (void)state;
    for (const ht_op *const *op = ht__ops; *op != NULL; ++op) {
        bool tested = (*op)->gradient == NULL || strcmp((*op)->name, "FakeQuantize") == 0;
        for (size_t row = 0; row < sizeof recipes / sizeof *recipes && !tested; ++row) {
            tested = strcmp(recipes[row].op, (*op)->name) == 0;
        }
        if (!tested) {
            fail_msg("%s has a gradient rule without a test", (*op)->name);
        }
    }
}

static int start(void **state) {
    (void)state;
    const ht_context_options options = {.threads = 1};
    return ht_context_create(&options, &context, NULL);
}

static int stop(void **state) {
    (void)state;
    ht_context_destroy(context);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_agree_with_differences),
        cmocka_unit_test(fake_quantize_passes_inside_the_range),
        cmocka_unit_test(dropout_drops_the_same_elements_in_any_layout),
        cmocka_unit_test(no_rule_is_an_error),
        cmocka_unit_test(every_rule_is_tested),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
