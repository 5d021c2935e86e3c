/* Calibration: which activations are quantized, and that their ranges are those of the samples. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "formats/model.h"
#include "halftone/data.h"
#include "halftone/quantize.h"
#include "quant/calibrate.h"
#include "support.h"

enum { SAMPLES = 64, FEATURES = 3, HIDDEN = 2 };

static ht_context *ctx;
static ht_dataset *data;
static char path[] = "/tmp/halftone-test-XXXXXX";

static int set_up(void **state) {
    (void)state;
    int file = mkstemp(path);
    FILE *stream = fdopen(file, "w");
    ht_rng rng = {.seed = 5};
    fprintf(stream, "a,b,c,y\n");
    for (int i = 0; i < SAMPLES; ++i) {
        fprintf(stream, "%.4f,%.4f,%.4f,%s\n", ht__rng_uniform(&rng), ht__rng_uniform(&rng), ht__rng_normal(&rng),
                i % 2 ? "yes" : "no");
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

static const float weights[HIDDEN][FEATURES] = {{0.5f, -1.0f, 2.0f}, {1.5f, 0.25f, -0.5f}};
static const float biases[HIDDEN] = {0.1f, -0.2f};

static ht_value *constant(ht_graph *graph, const char *name, int32_t rank, const int64_t *dims, const float *values) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    ht_value *out;
    assert_int_equal(ht__graph_add_constant(graph, name, &desc, values, false, &out, NULL), HT_OK);
    return out;
}

static ht_value *gemm(ht_graph *graph, const char *name, ht_value *x, int64_t rows, int64_t columns, const float *w) {
    char text[32];
    snprintf(text, sizeof text, "%s.weight", name);
    ht_value *inputs[] = {x, constant(graph, text, 2, (int64_t[]){rows, columns}, w), NULL};
    snprintf(text, sizeof text, "%s.bias", name);
    inputs[2] = constant(graph, text, 1, &rows, biases);
    ht_node *node;
    assert_int_equal(ht__graph_add_node(graph, "Gemm", name, inputs, 3, 1, &name, &node, NULL), HT_OK);
    assert_int_equal(ht__node_set_int(graph, node, "transB", 1, NULL), HT_OK);
    return node->outputs[0];
}

/* Gemm, Relu, Identity, Gemm. */
static ht_model *network(void) {
    ht_graph *graph;
    ht_value *x;
    ht_tensor_desc input = {.type = HT_F32, .rank = 2, .dims = {-1, FEATURES}};
    assert_int_equal(ht__graph_create(ctx, "net", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    ht_value *sum = gemm(graph, "sum", x, HIDDEN, FEATURES, weights[0]), *y;
    ht_node *node;
    assert_int_equal(ht__graph_add_node(graph, "Relu", "relu", &sum, 1, 1, &(const char *){"relu"}, &node, NULL),
                     HT_OK);
    y = node->outputs[0];
    assert_int_equal(ht__graph_add_node(graph, "Identity", "same", &y, 1, 1, &(const char *){"same"}, &node, NULL),
                     HT_OK);
    y = gemm(graph, "last", node->outputs[0], HIDDEN, HIDDEN, weights[0]);
    assert_int_equal(ht__graph_mark_output(graph, y, NULL), HT_OK);
    assert_int_equal(ht__graph_infer(graph, NULL), HT_OK);
    ht_model *model;
    assert_int_equal(ht__model_create(ctx, graph, &model, NULL), HT_OK);
    return model;
}

/* Largest input and largest Relu result over all samples, computed here. */
static void expected_ranges(double *smallest, double *largest, double *relu) {
    *smallest = INFINITY;
    *largest = -INFINITY;
    *relu = 0.0;
    for (uint32_t i = 0; i < SAMPLES; ++i) {
        float x[FEATURES];
        assert_int_equal(ht_dataset_read(data, &i, 1, x, NULL, NULL), HT_OK);
        for (int h = 0; h < HIDDEN; ++h) {
            double sum = biases[h];
            for (int k = 0; k < FEATURES; ++k) {
                sum += (double)weights[h][k] * x[k];
                *smallest = fmin(*smallest, x[k]);
                *largest = fmax(*largest, x[k]);
            }
            *relu = fmax(*relu, sum);
        }
    }
}

static ht_quantize_report quantized(const ht_model *model, const char *scheme, ht_model **out) {
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    assert_int_equal(ht_scheme_parse(scheme, &options.scheme, NULL), HT_OK);
    options.calibration = data;
    ht_quantize_report report;
    ht_error err;
    if (ht_model_quantize(ctx, model, &options, out, &report, &err) != HT_OK) {
        fail_msg("%s: %s", scheme, err.message);
    }
    return report;
}

/* The sum is completed by its Relu, Identity only moves, and nothing reads the output: two activations remain. */
static void min_max_ranges_are_exact(void **state) {
    (void)state;
    double smallest, largest, relu;
    expected_ranges(&smallest, &largest, &relu);
    ht_model *model = network(), *copy;
    ht_quantize_report report = quantized(model, "int8,bits=8/8", &copy);
    assert_int_equal(report.calibrated_samples, SAMPLES);
    assert_int_equal(report.activation_count, 2);
    assert_string_equal(report.activations[0].name, "x");
    assert_true(report.activations[0].low == smallest && report.activations[0].high == largest);
    assert_string_equal(report.activations[1].name, "relu");
    assert_true(report.activations[1].low == 0.0);
    assert_true(fabs(report.activations[1].high - relu) < 1e-5 * relu);
    assert_true(fabs((double)report.activations[1].scale - relu / 255.0) < 1e-6);
    assert_non_null(ht__graph_find(copy->graph, "relu")->quantization);
    assert_null(ht__graph_find(copy->graph, "sum")->quantization);
    assert_null(ht__graph_find(model->graph, "relu")->quantization);
    ht_quantize_report_clear(ctx, &report);
    ht_model_destroy(copy);
    ht_model_destroy(model);
}

/* Every range method lies within what was seen. */
static void other_ranges_lie_inside(void **state) {
    (void)state;
    double smallest, largest, relu;
    expected_ranges(&smallest, &largest, &relu);
    ht_model *model = network();
    const char *range;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_RANGE, i, &range, NULL); ++i) {
        char text[64];
        snprintf(text, sizeof text, "int8,bits=8/4,range=%s", range);
        ht_model *copy;
        ht_quantize_report report = quantized(model, text, &copy);
        for (size_t k = 0; k < report.activation_count; ++k) {
            const ht_quantize_activation *a = &report.activations[k];
            assert_true(a->low <= a->high && a->low >= smallest && a->high <= fmax(largest, relu) * 1.00001);
            assert_true(a->scale > 0.0f);
        }
        ht_quantize_report_clear(ctx, &report);
        ht_model_destroy(copy);
    }
    ht_model_destroy(model);
}

static void wrong_data_is_refused(void **state) {
    (void)state;
    ht_model *model = network();
    ht_graph *graph = model->graph;
    graph->inputs[0]->desc.dims[1] = FEATURES + 1;
    ht_activation_range *ranges;
    size_t count;
    assert_int_equal(ht__quantized_activations(graph, &ranges, &count, NULL), HT_OK);
    ht_scheme scheme;
    ht_scheme_init(&scheme);
    assert_int_equal(ht__calibrate(ctx, graph, data, 10, &scheme,
                                   &(ht_calibration_targets){.ranges = ranges, .count = count}, NULL, NULL),
                     HT_ERROR_MISMATCH);
    ht__free(&ctx->allocator, ranges);
    ht_model_destroy(model);
}

/* Ranges do not depend on threads, and the curve ends at the final ranges. */
static void threads_do_not_matter(void **state) {
    (void)state;
    const char *range;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_RANGE, i, &range, NULL); ++i) {
        double low[2][2], high[2][2];
        for (unsigned threads = 1; threads <= 2; ++threads) {
            ht_context *other;
            assert_int_equal(ht_context_create(&(ht_context_options){.threads = 2 * threads - 1}, &other, NULL), HT_OK);
            ht_model *model = network();
            ht_scheme scheme;
            ht_scheme_init(&scheme);
            snprintf(scheme.range, sizeof scheme.range, "%s", range);
            scheme.activation_bits = 4;
            ht_activation_range *ranges;
            size_t count;
            ht_calibration result;
            assert_int_equal(ht__quantized_activations(model->graph, &ranges, &count, NULL), HT_OK);
            assert_int_equal(count, 2);
            assert_int_equal(ht__calibrate(other, model->graph, data, SAMPLES, &scheme,
                                           &(ht_calibration_targets){.ranges = ranges, .count = count}, &result, NULL),
                             HT_OK);
            assert_int_equal(result.samples, SAMPLES);
            assert_int_equal(result.points, 2); /* two batches of 32 */
            assert_int_equal(result.curve[1].samples, SAMPLES);
            assert_true(result.curve[1].change == 0.0 && result.curve[0].change >= 0.0);
            assert_true(result.curve[0].change > 0.0 || i > 0);
            for (size_t k = 0; k < count; ++k) {
                low[threads - 1][k] = ranges[k].low;
                high[threads - 1][k] = ranges[k].high;
            }
            ht__free(&ctx->allocator, ranges);
            ht_model_destroy(model);
            ht_context_destroy(other);
        }
        assert_memory_equal(low[0], low[1], sizeof low[0]);
        assert_memory_equal(high[0], high[1], sizeof high[0]);
    }
}

/* log of a feature that is negative for some samples: the error names the tensor and the first such sample. */
static void nan_names_tensor_and_sample(void **state) {
    (void)state;
    ht_graph *graph;
    ht_value *x;
    ht_node *node;
    ht_tensor_desc input = {.type = HT_F32, .rank = 2, .dims = {-1, FEATURES}};
    assert_int_equal(ht__graph_create(ctx, "net", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    assert_int_equal(ht__graph_add_node(graph, "Log", "log", &x, 1, 1, &(const char *){"logs"}, &node, NULL), HT_OK);
    ht_value *y = gemm(graph, "last", node->outputs[0], HIDDEN, FEATURES, weights[0]);
    assert_int_equal(ht__graph_mark_output(graph, y, NULL), HT_OK);
    assert_int_equal(ht__graph_infer(graph, NULL), HT_OK);
    unsigned first = 0;
    for (bool positive = true; positive; first += positive) {
        float row[FEATURES];
        assert_int_equal(ht_dataset_read(data, &first, 1, row, NULL, NULL), HT_OK);
        for (int k = 0; k < FEATURES; ++k) {
            positive = positive && row[k] > 0.0f;
        }
    }
    ht_activation_range *ranges;
    size_t count;
    assert_int_equal(ht__quantized_activations(graph, &ranges, &count, NULL), HT_OK);
    ht_scheme scheme;
    ht_scheme_init(&scheme);
    ht_error err;
    assert_int_equal(ht__calibrate(ctx, graph, data, SAMPLES, &scheme,
                                   &(ht_calibration_targets){.ranges = ranges, .count = count}, NULL, &err),
                     HT_ERROR_NUMERIC);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "Tensor logs has values that are not finite for sample %u ", first);
    assert_non_null(strstr(err.message, wanted));
    ht__free(&ctx->allocator, ranges);
    ht__graph_destroy(graph);
}

static void less_than_a_batch_is_refused(void **state) {
    (void)state;
    ht_model *model = network();
    model->graph->inputs[0]->desc.dims[0] = SAMPLES + 1;
    ht_activation_range *ranges;
    size_t count;
    assert_int_equal(ht__quantized_activations(model->graph, &ranges, &count, NULL), HT_OK);
    ht_scheme scheme;
    ht_scheme_init(&scheme);
    ht_error err;
    assert_int_equal(ht__calibrate(ctx, model->graph, data, 1000, &scheme,
                                   &(ht_calibration_targets){.ranges = ranges, .count = count}, NULL, &err),
                     HT_ERROR_MISMATCH);
    assert_string_equal(err.message, "The model runs 65 samples at a time, but there are only 64.");
    ht__free(&ctx->allocator, ranges);
    ht_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(min_max_ranges_are_exact),    cmocka_unit_test(other_ranges_lie_inside),
        cmocka_unit_test(wrong_data_is_refused),       cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(nan_names_tensor_and_sample), cmocka_unit_test(less_than_a_batch_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
