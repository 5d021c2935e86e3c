/* Static quantization: which activations get codes, which share them, and what becomes of biases and activation
 * functions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "formats/model.h"
#include "halftone/data.h"
#include "halftone/run.h"
#include "quant/static.h"
#include "support.h"

enum { SAMPLES = 64, SIDE = 4, CHANNELS = 3 };

static ht_context *ctx;
static ht_dataset *data;
static char path[] = "/tmp/halftone-test-XXXXXX";

/* Tables of SIDE * SIDE features feed the images that the networks take. */
static int set_up(void **state) {
    (void)state;
    FILE *stream = fdopen(mkstemp(path), "w");
    ht_rng rng = {.seed = 5};
    for (int k = 0; k < SIDE * SIDE; ++k) {
        fprintf(stream, "f%d,", k);
    }
    fprintf(stream, "y\n");
    for (int i = 0; i < SAMPLES; ++i) {
        for (int k = 0; k < SIDE * SIDE; ++k) {
            fprintf(stream, "%.4f,", ht__rng_normal(&rng));
        }
        fprintf(stream, "%s\n", i % 2 ? "yes" : "no");
    }
    fclose(stream);
    char spec[128];
    snprintf(spec, sizeof spec, "csv:%s,target=y", path);
    return ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL) ||
           ht_dataset_open(ctx, spec, NULL, &data, NULL);
}

static int tear_down(void **state) {
    (void)state;
    ht_dataset_close(data);
    ht_context_destroy(ctx);
    return unlink(path);
}

/* ---- a network ---- */

static ht_value *constant(ht_graph *graph, const char *name, int32_t rank, const int64_t *dims, uint64_t seed,
                          float size) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    float numbers[256];
    ht_rng rng = {.seed = seed};
    for (int64_t i = 0; i < ht__desc_elements(&desc); ++i) {
        numbers[i] = size * (float)ht__rng_normal(&rng);
    }
    ht_value *out;
    assert_int_equal(ht__graph_add_constant(graph, name, &desc, numbers, false, &out, NULL), HT_OK);
    return out;
}

static ht_value *node(ht_graph *graph, const char *op, const char *name, ht_value *const *inputs, uint32_t count) {
    ht_node *out;
    ht_error err;
    if (ht__graph_add_node(graph, op, name, inputs, count, 1, &name, &out, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    if (strcmp(op, "MaxPool") == 0) {
        assert_int_equal(ht__node_set_ints(graph, out, "kernel_shape", (int64_t[]){2, 2}, 2, NULL), HT_OK);
        assert_int_equal(ht__node_set_ints(graph, out, "strides", (int64_t[]){2, 2}, 2, NULL), HT_OK);
    } else if (strcmp(op, "Concat") == 0) {
        assert_int_equal(ht__node_set_int(graph, out, "axis", 1, NULL), HT_OK);
    } else if (strcmp(op, "Gemm") == 0) {
        assert_int_equal(ht__node_set_int(graph, out, "transB", 1, NULL), HT_OK);
    }
    return out->outputs[0];
}

static ht_value *conv(ht_graph *graph, const char *name, ht_value *x, int64_t inputs, uint64_t seed) {
    char text[2][32];
    snprintf(text[0], sizeof text[0], "%s.weight", name);
    snprintf(text[1], sizeof text[1], "%s.bias", name);
    ht_value *operands[] = {x, constant(graph, text[0], 4, (int64_t[]){CHANNELS, inputs, 1, 1}, seed, 0.5f),
                            constant(graph, text[1], 1, (int64_t[]){CHANNELS}, seed + 100, 0.1f)};
    return node(graph, "Conv", name, operands, 3);
}

/* x -> conv1 -> relu1 -> pool -> conv2 -----> sum -> relu2 -> joined(relu2, pool) -> flat -> last -> sigmoid
 *                              -> conv3 ----/                                                              */
static ht_model *network(void) {
    ht_graph *graph;
    ht_value *x;
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 1, SIDE, SIDE}};
    assert_int_equal(ht__graph_create(ctx, "net", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    ht_value *h = conv(graph, "conv1", x, 1, 1);
    h = node(graph, "Relu", "relu1", &h, 1);
    ht_value *pool = node(graph, "MaxPool", "pool", &h, 1);
    ht_value *sides[] = {conv(graph, "conv2", pool, CHANNELS, 2), conv(graph, "conv3", pool, CHANNELS, 3)};
    h = node(graph, "Add", "sum", sides, 2);
    h = node(graph, "Relu", "relu2", &h, 1);
    h = node(graph, "Concat", "joined", (ht_value *[]){h, pool}, 2);
    h = node(graph, "Flatten", "flat", &h, 1);
    ht_value *operands[] = {h, constant(graph, "last.weight", 2, (int64_t[]){2, 8 * CHANNELS}, 9, 0.3f),
                            constant(graph, "last.bias", 1, (int64_t[]){2}, 10, 0.2f)};
    h = node(graph, "Gemm", "last", operands, 3);
    h = node(graph, "Sigmoid", "sigmoid", &h, 1);
    assert_int_equal(ht__graph_mark_output(graph, h, NULL), HT_OK);
    assert_int_equal(ht__graph_infer(graph, NULL), HT_OK);
    ht_model *model;
    assert_int_equal(ht__model_create(ctx, graph, &model, NULL), HT_OK);
    return model;
}

static ht_model *quantized(const ht_model *model, ht_activation_codes codes, uint32_t bits, const ht_layer_rule *rule) {
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    assert_int_equal(ht_scheme_parse("int8", &options.scheme, NULL), HT_OK);
    options.kind = HT_KIND_STATIC;
    options.activations = codes;
    options.scheme.activation_bits = bits;
    options.calibration = data;
    options.rules = rule;
    options.rule_count = rule != NULL;
    ht_model *out;
    ht_error err;
    if (ht_model_quantize(ctx, model, &options, &out, NULL, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    return out;
}

static const ht_quantization *codes_of(const ht_model *model, const char *name) {
    const ht_value *value = ht__graph_find(model->graph, name);
    assert_non_null(value);
    return value->quantization;
}

static bool has_node(const ht_model *model, const char *name) {
    for (size_t i = 0; i < model->graph->node_count; ++i) {
        if (strcmp(model->graph->nodes[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- tests ---- */

static void every_operator_has_codes(void **state) {
    (void)state;
    ht_model *model = network(), *q = quantized(model, HT_ACTIVATIONS_SIGNED, 8, NULL);
    static const char *const values[] = {"x",     "relu1",  "pool", "conv2", "conv3",
                                         "relu2", "joined", "flat", "last",  "sigmoid"};
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
        assert_non_null(codes_of(q, values[i]));
        assert_true(codes_of(q, values[i])->bits == 8 && codes_of(q, values[i])->is_signed);
    }
    /* ReLUs are what saturation does now; the float model keeps its own. */
    assert_false(has_node(q, "relu1") || has_node(q, "relu2"));
    assert_true(has_node(model, "relu1"));
    assert_true(codes_of(q, "relu1")->zero_point[0] == -128.0f);
    /* A pool and a change of shape keep their input's codes. */
    assert_true(codes_of(q, "pool")->scale[0] == codes_of(q, "relu1")->scale[0]);
    assert_true(codes_of(q, "flat")->scale[0] == codes_of(q, "joined")->scale[0]);
    /* Sigmoid's range is its own. */
    assert_true(codes_of(q, "sigmoid")->scale[0] == 1.0f / 256.0f && codes_of(q, "sigmoid")->zero_point[0] == -128.0f);
    ht_model_destroy(q);
    ht_model_destroy(model);
}

static void bias_has_the_scale_of_its_sum(void **state) {
    (void)state;
    ht_model *model = network(), *q = quantized(model, HT_ACTIVATIONS_SIGNED, 8, NULL);
    const ht_quantization *bias = codes_of(q, "conv2.bias"), *weight = codes_of(q, "conv2.weight");
    const float *decoded = ht__graph_find(q->graph, "conv2.bias")->data;
    assert_int_equal(bias->bits, 32);
    assert_int_equal(bias->groups, CHANNELS);
    for (int i = 0; i < CHANNELS; ++i) {
        float scale = codes_of(q, "pool")->scale[0] * weight->scale[i];
        assert_true(bias->scale[i] == scale);
        assert_true(decoded[i] == (float)bias->wide_codes[i] * scale);
    }
    ht_model_destroy(q);
    ht_model_destroy(model);
}

/* What rounding adds on average goes out of the bias: the formula, spelled out, with means from a channels-last
 * tensor. */
static void bias_takes_out_the_mean_error(void **state) {
    (void)state;
    ht_model *model = network();
    ht_graph *graph = model->graph;
    ht_value *weight = ht__graph_find(graph, "conv2.weight"), *bias = ht__graph_find(graph, "conv2.bias");
    float original[CHANNELS * CHANNELS], before[CHANNELS], x[2 * 4 * CHANNELS];
    memcpy(original, weight->data, sizeof original);
    memcpy(before, bias->data, sizeof before);
    ht_rng rng = {.seed = 77};
    for (int i = 0; i < CHANNELS * CHANNELS; ++i) {
        ((float *)weight->data)[i] += 0.1f * (float)ht__rng_normal(&rng);
    }
    double means[CHANNELS] = {0};
    for (int i = 0; i < 2 * 4 * CHANNELS; ++i) { /* [2][4 pixels][channels] */
        x[i] = (float)ht__rng_uniform(&rng);
        means[i % CHANNELS] += (double)x[i] / 8.0;
    }
    ht_channel_means *list;
    size_t count;
    assert_int_equal(ht__channel_means_for(graph, &list, &count, NULL), HT_OK);
    assert_int_equal(count, 3); /* x, pool for two convolutions, flat */
    ht_tensor_desc desc = {.type = HT_F32, .layout = HT_LAYOUT_CHANNELS_LAST, .rank = 4, .dims = {2, CHANNELS, 2, 2}};
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(list[i].value->name, "pool") == 0) {
            assert_int_equal(ht__channel_means_add(&ctx->allocator, &list[i], &desc, x, NULL), HT_OK);
        }
    }
    assert_int_equal(ht__correct_bias(graph, weight, original, list, count, NULL), HT_OK);
    for (int o = 0; o < CHANNELS; ++o) {
        double shift = 0.0;
        for (int i = 0; i < CHANNELS; ++i) {
            int place = o * CHANNELS + i;
            shift += ((double)((const float *)weight->data)[place] - (double)original[place]) * means[i];
        }
        assert_true(fabs(((const float *)bias->data)[o] - ((double)before[o] - shift)) < 1e-6);
    }
    ht__channel_means_free(&ctx->allocator, list, count);
    ht_model_destroy(model);
}

/* A dead channel, as folding leaves it: no weights, only a bias. Its scale grows until the bias fits. */
static void dead_channel_keeps_its_bias(void **state) {
    (void)state;
    ht_model *model = network();
    float *weight = (float *)ht__graph_find(model->graph, "conv2.weight")->data;
    float *bias = (float *)ht__graph_find(model->graph, "conv2.bias")->data;
    memset(weight, 0, CHANNELS * sizeof *weight);
    bias[0] = 3.5f;
    ht_model *q = quantized(model, HT_ACTIVATIONS_SIGNED, 8, NULL);
    const float *decoded = ht__graph_find(q->graph, "conv2.bias")->data;
    assert_true(fabsf(decoded[0] - 3.5f) < 1e-6f);
    const float *weights = ht__graph_find(q->graph, "conv2.weight")->data;
    assert_true(weights[0] == 0.0f && weights[1] == 0.0f && weights[2] == 0.0f);
    ht_model_destroy(q);
    ht_model_destroy(model);
}

static void codes_come_in_three_styles(void **state) {
    (void)state;
    ht_model *model = network(), *q = quantized(model, HT_ACTIVATIONS_UNSIGNED, 8, NULL);
    assert_false(codes_of(q, "x")->is_signed);
    assert_true(codes_of(q, "relu1")->zero_point[0] == 0.0f);
    ht_model_destroy(q);
    q = quantized(model, HT_ACTIVATIONS_SYMMETRIC, 16, NULL);
    assert_true(codes_of(q, "x")->is_signed && codes_of(q, "x")->bits == 16);
    assert_true(codes_of(q, "relu1")->zero_point[0] == 0.0f);
    assert_true(codes_of(q, "sigmoid")->scale[0] == 1.0f / 32768.0f);
    assert_true(has_node(q, "relu1")); /* codes below zero exist: saturation does not stand for it */
    ht_model_destroy(q);
    ht_model_destroy(model);
}

static void a_layer_stays_float(void **state) {
    (void)state;
    ht_layer_rule rule = {.pattern = "last"};
    ht_model *model = network(), *q = quantized(model, HT_ACTIVATIONS_SIGNED, 8, &rule);
    assert_null(codes_of(q, "last.weight"));
    assert_null(codes_of(q, "last.bias"));
    assert_non_null(codes_of(q, "joined"));
    assert_non_null(codes_of(q, "conv2.bias"));
    ht_model_destroy(q);
    ht_model_destroy(model);
}

/* Ranges that a Concat joins become one when none more than doubles, else stay apart. */
static void joining_is_bounded(void **state) {
    (void)state;
    ht_model *model = network();
    for (int near = 0; near < 2; ++near) {
        ht_placement placement;
        assert_int_equal(ht__place_activations(model->graph, NULL, &placement, NULL), HT_OK);
        for (size_t i = 0; i < placement.range_count; ++i) {
            ht_activation_range *range = &placement.ranges[i];
            bool first = strcmp(range->value->name, "relu1") == 0;
            *range = (ht_activation_range){range->value, 0.0, first ? (near ? 1.5 : 5.0) : 1.0};
        }
        ht__placement_join(model->graph, &placement);
        const ht_value *relu2 = ht__graph_find(model->graph, "relu2"), *joined = ht__graph_find(model->graph, "joined");
        assert_true(placement.ranges[ht__placement_range(&placement, relu2)].high == (near ? 1.5 : 1.0));
        assert_true(placement.ranges[ht__placement_range(&placement, joined)].high == (near ? 1.5 : 1.0));
        ht__placement_free(model->graph, &placement);
    }
    ht_model_destroy(model);
}

/* One convolution, for which the two rules differ in rounding alone. */
static ht_model *convolution(void) {
    ht_graph *graph;
    ht_value *x;
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 1, SIDE, SIDE}};
    assert_int_equal(ht__graph_create(ctx, "net", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    assert_int_equal(ht__graph_mark_output(graph, conv(graph, "conv1", x, 1, 1), NULL), HT_OK);
    assert_int_equal(ht__graph_infer(graph, NULL), HT_OK);
    ht_model *model;
    assert_int_equal(ht__model_create(ctx, graph, &model, NULL), HT_OK);
    return model;
}

static ht_model *quantized_by(const ht_model *model, ht_requantization rule) {
    ht_quantize_options options;
    ht_model *out;
    ht_quantize_options_init(&options);
    assert_int_equal(ht_scheme_parse("int8", &options.scheme, NULL), HT_OK);
    options.kind = HT_KIND_STATIC;
    options.scheme.activation_bits = 8;
    options.calibration = data;
    options.requantize = rule;
    assert_int_equal(ht_model_quantize(ctx, model, &options, &out, NULL, NULL), HT_OK);
    return out;
}

enum { IMAGES = 4000, RESULTS = IMAGES * CHANNELS * SIDE * SIDE };

/* What the model gives for random pictures; freed by the caller. */
static float *run(const ht_model *model) {
    float *pictures = malloc(IMAGES * SIDE * SIDE * sizeof *pictures), *out = malloc(RESULTS * sizeof *out);
    ht_rng rng = {.seed = 8};
    for (int i = 0; i < IMAGES * SIDE * SIDE; ++i) {
        pictures[i] = (float)ht__rng_normal(&rng);
    }
    ht_tensor x = {.name = "x", .type = HT_F32, .rank = 4, .dims = {IMAGES, 1, SIDE, SIDE}, .data = pictures};
    ht_tensors *results;
    ht_error err;
    if (ht_model_run(model, &x, 1, NULL, &results, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    memcpy(out, ht_tensors_at(results, 0)->data, RESULTS * sizeof *out);
    ht_tensors_destroy(results);
    free(pictures);
    return out;
}

/* The model as its file gives it back computes `wanted`, bit for bit. */
static void expect_from_file(const ht_model *model, ht_model_format format, const float *wanted) {
    ht_model *read;
    ht_error err = {0};
    ht_status status = ht_model_reread(model, format, &read, &err);
    if (status == HT_ERROR_UNSUPPORTED && strstr(err.message, "This build leaves out") != NULL) {
        return;
    }
    assert_int_equal(status, HT_OK);
    float *results = run(read);
    assert_memory_equal(results, wanted, RESULTS * sizeof *results);
    free(results);
    ht_model_destroy(read);
}

static void rules_of_requantization_differ_by_a_step(void **state) {
    (void)state;
    ht_model *model = convolution(), *plain = quantized_by(model, HT_REQUANTIZE_AS_SOURCE);
    ht_model *by_float = quantized_by(model, HT_REQUANTIZE_FLOAT);
    ht_model *by_integers = quantized_by(model, HT_REQUANTIZE_FIXED);
    assert_string_equal(ht_model_metadata(by_float, HT_METADATA_REQUANTIZE), "float");
    assert_string_equal(ht_model_metadata(by_integers, HT_METADATA_REQUANTIZE), "fixed");
    assert_null(ht_model_metadata(plain, HT_METADATA_REQUANTIZE));
    float *a = run(by_float), *b = run(by_integers), step = codes_of(plain, "conv1")->scale[0];
    size_t others = 0;
    for (size_t i = 0; i < RESULTS; ++i) {
        assert_true(fabsf(a[i] - b[i]) < 1.01f * step);
        others += a[i] != b[i];
    }
    print_message("%zu of %d results differ\n", others, RESULTS);
    assert_true(others > 0 && others < RESULTS / 20);
    expect_from_file(by_float, HT_FORMAT_ONNX, a);
    expect_from_file(by_integers, HT_FORMAT_ONNX, b);
    expect_from_file(by_float, HT_FORMAT_TFLITE, a);
    expect_from_file(by_integers, HT_FORMAT_TFLITE, b);
    /* Unasked, each format has its own. */
    expect_from_file(plain, HT_FORMAT_ONNX, a);
    expect_from_file(plain, HT_FORMAT_TFLITE, b);
    free(a);
    free(b);
    ht_model_destroy(plain);
    ht_model_destroy(by_integers);
    ht_model_destroy(by_float);
    ht_model_destroy(model);
}

static void quantized_models_are_refused(void **state) {
    (void)state;
    ht_model *model = network(), *q = quantized(model, HT_ACTIVATIONS_SIGNED, 8, NULL), *again;
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    options.kind = HT_KIND_STATIC;
    options.scheme.activation_bits = 8;
    options.calibration = data;
    ht_error err;
    assert_int_equal(ht_model_quantize(ctx, q, &options, &again, NULL, &err), HT_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "quantized already"));
    ht_model_destroy(q);
    ht_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_has_codes),
        cmocka_unit_test(bias_has_the_scale_of_its_sum),
        cmocka_unit_test(bias_takes_out_the_mean_error),
        cmocka_unit_test(dead_channel_keeps_its_bias),
        cmocka_unit_test(codes_come_in_three_styles),
        cmocka_unit_test(a_layer_stays_float),
        cmocka_unit_test(joining_is_bounded),
        cmocka_unit_test(rules_of_requantization_differ_by_a_step),
        cmocka_unit_test(quantized_models_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
