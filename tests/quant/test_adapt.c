/* Adaptive rounding: what is measured of a layer's inputs, and that the codes chosen by it cost least. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "formats/model.h"
#include "graph/op.h"
#include "halftone/data.h"
#include "quant/adapt.h"
#include "support.h"

enum { SAMPLES = 48, SIDE = 4, FILTERS = 4, WIDTH = 9 /* 3 x 3, one channel */ };

static ht_context *ctx;
static ht_dataset *data;
static char path[] = "/tmp/halftone-test-XXXXXX";

/* Features that vary together, as pixels do. */
static int set_up(void **state) {
    (void)state;
    FILE *stream = fdopen(mkstemp(path), "w");
    ht_rng rng = {.seed = 5};
    for (int k = 0; k < SIDE * SIDE; ++k) {
        fprintf(stream, "f%d,", k);
    }
    fprintf(stream, "y\n");
    for (int i = 0; i < SAMPLES; ++i) {
        double common = ht__rng_normal(&rng);
        for (int k = 0; k < SIDE * SIDE; ++k) {
            fprintf(stream, "%.4f,", common + 0.3 * ht__rng_normal(&rng) + 1.0);
        }
        fprintf(stream, "%s\n", i % 2 ? "yes" : "no");
    }
    fclose(stream);
    char spec[128];
    snprintf(spec, sizeof spec, "csv:%s,target=y,preprocess=none", path);
    return ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) ||
           ht_dataset_open(ctx, spec, NULL, &data, NULL);
}

static int tear_down(void **state) {
    (void)state;
    ht_dataset_close(data);
    ht_context_destroy(ctx);
    return unlink(path);
}

/* ---- a network: 3 x 3 convolution with padding and stride 2, then a matrix product ---- */

static ht_value *constant(ht_graph *graph, const char *name, int32_t rank, const int64_t *dims, uint64_t seed) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    float numbers[256];
    ht_rng rng = {.seed = seed};
    for (int64_t i = 0; i < ht__desc_elements(&desc); ++i) {
        numbers[i] = (float)ht__rng_normal(&rng);
    }
    ht_value *out;
    assert_int_equal(ht__graph_add_constant(graph, name, &desc, numbers, false, &out, NULL), HT_OK);
    return out;
}

static ht_node *add(ht_graph *graph, const char *op, const char *name, ht_value *const *inputs, uint32_t count) {
    ht_node *out;
    assert_int_equal(ht__graph_add_node(graph, op, name, inputs, count, 1, &name, &out, NULL), HT_OK);
    return out;
}

static ht_model *network(void) {
    ht_graph *graph;
    ht_value *x;
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 1, SIDE, SIDE}};
    assert_int_equal(ht__graph_create(ctx, "net", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    ht_value *operands[] = {x, constant(graph, "conv.weight", 4, (int64_t[]){FILTERS, 1, 3, 3}, 1),
                            constant(graph, "conv.bias", 1, (int64_t[]){FILTERS}, 2)};
    ht_node *conv = add(graph, "Conv", "conv", operands, 3);
    assert_int_equal(ht__node_set_ints(graph, conv, "strides", (int64_t[]){2, 2}, 2, NULL), HT_OK);
    assert_int_equal(ht__node_set_ints(graph, conv, "pads", (int64_t[]){1, 1, 1, 1}, 4, NULL), HT_OK);
    ht_value *h = add(graph, "Flatten", "flat", &conv->outputs[0], 1)->outputs[0];
    h = add(graph, "MatMul", "last", (ht_value *[]){h, constant(graph, "last.weight", 2, (int64_t[]){16, 2}, 3)}, 2)
            ->outputs[0];
    assert_int_equal(ht__graph_mark_output(graph, h, NULL), HT_OK);
    assert_int_equal(ht__graph_infer(graph, NULL), HT_OK);
    ht_model *model;
    assert_int_equal(ht__model_create(ctx, graph, &model, NULL), HT_OK);
    return model;
}

/* ---- the measure ---- */

/* The patch of a sample at result (row, column), spelled out. */
static void patch_of(const float *picture, int row, int column, double x[WIDTH]) {
    for (int k = 0; k < WIDTH; ++k) {
        int y = 2 * row + k / 3 - 1, z = 2 * column + k % 3 - 1;
        x[k] = y >= 0 && y < SIDE && z >= 0 && z < SIDE ? (double)picture[y * SIDE + z] : 0.0;
    }
}

static void products_are_those_of_all_patches(void **state) {
    (void)state;
    ht_model *model = network();
    ht_gram *grams = ht__calloc(&ctx->allocator, 2, sizeof *grams);
    assert_true(ht__gram_describe(model->graph->nodes[0], &grams[0]));
    assert_false(ht__gram_describe(model->graph->nodes[1], &grams[1])); /* Flatten */
    assert_true(ht__gram_describe(model->graph->nodes[2], &grams[1]));
    assert_int_equal(ht__grams_collect(ctx, model->graph, data, SAMPLES, grams, 2, NULL), HT_OK);
    double products[WIDTH][WIDTH] = {{0}}, sums[WIDTH] = {0};
    for (uint32_t n = 0; n < SAMPLES; ++n) {
        float picture[SIDE * SIDE];
        assert_int_equal(ht_dataset_read(data, &n, 1, picture, NULL, NULL), HT_OK);
        for (int p = 0; p < 4; ++p) {
            double x[WIDTH];
            patch_of(picture, p / 2, p % 2, x);
            for (int i = 0; i < WIDTH; ++i) {
                sums[i] += x[i];
                for (int k = 0; k < WIDTH; ++k) {
                    products[i][k] += x[i] * x[k];
                }
            }
        }
    }
    assert_int_equal(grams[0].rows, 4 * SAMPLES);
    for (int i = 0; i < WIDTH; ++i) {
        assert_true(fabs(grams[0].sums[i] - sums[i]) <= 1e-4 * fabs(sums[i]) + 1e-4);
        for (int k = i; k < WIDTH; ++k) {
            assert_true(fabs(grams[0].products[i * WIDTH + k] - products[i][k]) <= 1e-4 * fabs(products[i][k]) + 1e-4);
        }
    }
    assert_true(grams[1].rows == SAMPLES && grams[1].width == 16 && grams[1].outputs == 2);
    assert_int_equal(ht__gram_place(&grams[1], 1, 3), 7); /* [16][2] */
    assert_int_equal(ht__gram_place(&grams[0], 1, 3), WIDTH + 3);
    ht__grams_free(&ctx->allocator, grams, 2);
    ht_model_destroy(model);
}

/* ---- the choice ---- */

enum { BITS = 2, LEVELS = 1 << BITS, SMALL = 6 };

/* e^T H e for codes of one channel. */
static double cost_of(double h[SMALL][SMALL], const float *weights, const uint32_t *codes, float scale, float zero) {
    double cost = 0.0;
    for (int i = 0; i < SMALL; ++i) {
        for (int k = 0; k < SMALL; ++k) {
            double a = (double)(((float)codes[i] - zero) * scale) - (double)weights[i];
            double b = (double)(((float)codes[k] - zero) * scale) - (double)weights[k];
            cost += a * h[i][k] * b;
        }
    }
    return cost;
}

/* The least cost of all 4^6 choices. */
static double least_cost(double h[SMALL][SMALL], const float *weights, float scale, float zero) {
    double least = INFINITY;
    for (uint32_t all = 0; all < 1u << (BITS * SMALL); ++all) {
        uint32_t codes[SMALL];
        for (int i = 0; i < SMALL; ++i) {
            codes[i] = all >> (BITS * i) & (LEVELS - 1);
        }
        least = fmin(least, cost_of(h, weights, codes, scale, zero));
    }
    return least;
}

/* One channel's problem: inputs that vary together, weights rounded to nearest first. */
static void solve(uint64_t seed, bool centred, double *nearest, double *adapted, double *least) {
    ht_node node = {0};
    ht_op op = {.name = "Conv", .domain = ""};
    node.op = &op;
    double products[SMALL * SMALL] = {0}, sums[SMALL] = {0}, h[SMALL][SMALL], trace = 0.0;
    ht_gram gram = {.node = &node, .groups = 1, .width = SMALL, .outputs = 1, .products = products, .sums = sums};
    ht_rng rng = {.seed = seed};
    for (gram.rows = 0; gram.rows < 100; ++gram.rows) {
        double common = ht__rng_normal(&rng) + 2.0, x[SMALL];
        for (int i = 0; i < SMALL; ++i) {
            x[i] = common + 0.5 * ht__rng_normal(&rng);
            sums[i] += x[i];
        }
        for (int i = 0; i < SMALL * SMALL; ++i) {
            products[i] += x[i / SMALL] * x[i % SMALL];
        }
    }
    for (int i = 0; i < SMALL * SMALL; ++i) {
        double mean = centred ? sums[i / SMALL] * sums[i % SMALL] / 1e4 : 0.0;
        h[i / SMALL][i % SMALL] = products[i] / 100.0 - mean;
        trace += i / SMALL == i % SMALL ? h[i / SMALL][i % SMALL] : 0.0;
    }
    for (int i = 0; i < SMALL; ++i) {
        h[i][i] += 0.01 * trace / SMALL;
    }
    float weights[SMALL], values[SMALL], scale = 0.5f, zero = 1.0f;
    uint32_t codes[SMALL];
    for (int i = 0; i < SMALL; ++i) {
        weights[i] = (float)fmin(fmax(0.4 * ht__rng_normal(&rng), -0.5), 1.0);
        codes[i] = (uint32_t)rintf(weights[i] / scale + zero);
        values[i] = ((float)codes[i] - zero) * scale;
    }
    ht_quantized quantized = {.bits = BITS,
                              .count = SMALL,
                              .channels = 1,
                              .blocks = 1,
                              .block_length = SMALL,
                              .scales = &scale,
                              .zero_points = &zero};
    ht_adaptation adaptation = {&gram, centred, weights, codes, values, &quantized};
    *nearest = cost_of(h, weights, codes, scale, zero);
    assert_int_equal(ht__adapt_rounding(ctx, &adaptation, NULL), HT_OK);
    *adapted = cost_of(h, weights, codes, scale, zero);
    *least = least_cost(h, weights, scale, zero);
    for (int i = 0; i < SMALL; ++i) {
        assert_true(codes[i] < LEVELS && values[i] == ((float)codes[i] - zero) * scale);
    }
}

static void codes_cost_less_and_close_to_the_least(void **state) {
    (void)state;
    for (int centred = 0; centred < 2; ++centred) {
        double nearest = 0.0, adapted = 0.0, least = 0.0;
        for (uint64_t seed = 1; seed <= 50; ++seed) {
            double n, a, l;
            solve(seed, centred != 0, &n, &a, &l);
            assert_true(a <= n * (1.0 + 1e-9) && a >= l * (1.0 - 1e-9));
            nearest += n;
            adapted += a;
            least += l;
        }
        assert_true(adapted < 0.6 * nearest && adapted < 2.0 * least);
    }
}

/* ---- models ---- */

static ht_status quantize(ht_context *with, const ht_model *model, const char *scheme, const ht_dataset *calibration,
                          ht_model **out, ht_error *err) {
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    assert_int_equal(ht_scheme_parse(scheme, &options.scheme, NULL), HT_OK);
    options.calibration = calibration;
    return ht_model_quantize(with, model, &options, out, NULL, err);
}

static void result_is_the_same_for_any_number_of_threads(void **state) {
    (void)state;
    ht_model *model = network(), *one, *three;
    ht_context *wide;
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 3}, &wide, NULL), HT_OK);
    const char *scheme = "int8,bits=3,round=adaptive";
    assert_int_equal(quantize(ctx, model, scheme, data, &one, NULL), HT_OK);
    assert_int_equal(quantize(wide, model, scheme, data, &three, NULL), HT_OK);
    static const char *const names[] = {"conv.weight", "last.weight"};
    for (size_t i = 0; i < 2; ++i) {
        const ht_value *a = ht__graph_find(one->graph, names[i]), *b = ht__graph_find(three->graph, names[i]);
        size_t count = (size_t)ht__desc_elements(&a->desc);
        assert_memory_equal(a->data, b->data, count * sizeof(float));
        assert_memory_equal(a->quantization->codes, b->quantization->codes, count * sizeof(uint16_t));
        /* And not that of rounding to nearest. */
        ht_model *plain;
        assert_int_equal(quantize(ctx, model, "int8,bits=3", NULL, &plain, NULL), HT_OK);
        assert_memory_not_equal(a->data, ht__graph_find(plain->graph, names[i])->data, count * sizeof(float));
        ht_model_destroy(plain);
    }
    ht_model_destroy(one);
    ht_model_destroy(three);
    ht_context_destroy(wide);
    ht_model_destroy(model);
}

static void what_it_needs_is_said(void **state) {
    (void)state;
    ht_model *model = network(), *out;
    ht_error err;
    assert_int_equal(quantize(ctx, model, "int8,bits=3,round=adaptive", NULL, &out, &err), HT_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "needs calibration data"));
    assert_int_equal(quantize(ctx, model, "levels=k-means,bits=3,round=adaptive", data, &out, &err), HT_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "even steps"));
    ht_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_all_patches),
        cmocka_unit_test(codes_cost_less_and_close_to_the_least),
        cmocka_unit_test(result_is_the_same_for_any_number_of_threads),
        cmocka_unit_test(what_it_needs_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
