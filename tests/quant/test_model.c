/* Quantizing whole models: what is touched, that annotations mean the values, that files give the same values back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "formats/model.h"
#include "graph/quantization.h"
#include "halftone/quantize.h"
#include "support.h"

static ht_context *ctx;

static int set_up(void **state) {
    (void)state;
    return ht_context_create(&(ht_context_options){.threads = 2}, &ctx, NULL);
}
static int tear_down(void **state) {
    (void)state;
    ht_context_destroy(ctx);
    return 0;
}

static ht_value *constant(ht_graph *graph, const char *name, int32_t rank, const int64_t *dims, double spread,
                          double shift) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = rank};
    memcpy(desc.dims, dims, (size_t)rank * sizeof *dims);
    float *values = calloc((size_t)ht__desc_elements(&desc), sizeof *values);
    ht_rng rng = {.seed = (uint64_t)name[0] * 131 + (uint64_t)name[1]};
    for (int64_t i = 0; i < ht__desc_elements(&desc); ++i) {
        values[i] = (float)(shift + spread * ht__rng_normal(&rng));
    }
    ht_value *out;
    assert_int_equal(ht__graph_add_constant(graph, name, &desc, values, false, &out, NULL), HT_OK);
    free(values);
    return out;
}

static ht_value *node(ht_graph *graph, const char *op, ht_value **inputs, uint32_t count, ht_node **out) {
    ht_node *made;
    assert_int_equal(ht__graph_add_node(graph, op, op, inputs, count, 1, NULL, &made, NULL), HT_OK);
    if (out != NULL) {
        *out = made;
    }
    return made->outputs[0];
}

/* Conv, BatchNormalization, Relu, Flatten, Gemm on [N,3,8,8]. */
static ht_model *small_model(void) {
    ht_graph *graph;
    ht_value *x, *y;
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 3, 8, 8}};
    assert_int_equal(ht__graph_create(ctx, "small", &graph, NULL), HT_OK);
    assert_int_equal(ht__graph_add_input(graph, "x", &input, &x, NULL), HT_OK);
    const int64_t c = 6;
    ht_value *conv[] = {x, constant(graph, "conv.weight", 4, (int64_t[]){c, 3, 3, 3}, 0.1, 0.0),
                        constant(graph, "conv.bias", 1, &c, 0.3, 0.0)};
    y = node(graph, "Conv", conv, 3, NULL);
    ht_value *norm[] = {y, constant(graph, "gamma", 1, &c, 0.1, 1.0), constant(graph, "beta", 1, &c, 0.1, 0.0),
                        constant(graph, "mean", 1, &c, 0.1, 0.0), constant(graph, "var", 1, &c, 0.01, 1.0)};
    y = node(graph, "BatchNormalization", norm, 5, NULL);
    y = node(graph, "Relu", &y, 1, NULL);
    y = node(graph, "Flatten", &y, 1, NULL);
    ht_value *gemm[] = {y, constant(graph, "fc.weight", 2, (int64_t[]){10, c * 36}, 0.05, 0.0),
                        constant(graph, "fb", 1, (int64_t[]){10}, 0.1, 0.0)};
    ht_node *last;
    y = node(graph, "Gemm", gemm, 3, &last);
    assert_int_equal(ht__node_set_int(graph, last, "transB", 1, NULL), HT_OK);
    assert_int_equal(ht__graph_mark_output(graph, y, NULL), HT_OK);
    assert_int_equal(ht__graph_infer(graph, NULL), HT_OK);
    ht_model *model;
    assert_int_equal(ht__model_create(ctx, graph, &model, NULL), HT_OK);
    return model;
}

static const ht_quantize_tensor *find(const ht_quantize_report *report, const char *name) {
    for (size_t i = 0; i < report->tensor_count; ++i) {
        if (strcmp(report->tensors[i].name, name) == 0) {
            return &report->tensors[i];
        }
    }
    fail_msg("no tensor %s in the report", name);
    return NULL;
}

static ht_model *quantized(const ht_model *model, const ht_quantize_options *options, ht_quantize_report *report) {
    ht_model *out;
    ht_error err;
    if (ht_model_quantize(ctx, model, options, &out, report, &err) != HT_OK) {
        fail_msg("%s", err.message);
    }
    return out;
}

static void roles_decide_what_is_quantized(void **state) {
    (void)state;
    ht_model *model = small_model();
    for (int choice = 0; choice < 4; ++choice) {
        ht_quantize_options options;
        ht_quantize_options_init(&options);
        options.quantize_biases = choice & 1;
        options.quantize_norms = choice & 2;
        ht_quantize_report report;
        ht_model *copy = quantized(model, &options, &report);
        assert_int_equal(report.tensor_count, 8);
        assert_non_null(find(&report, "conv.weight")->scheme);
        assert_non_null(find(&report, "fc.weight")->scheme);
        assert_int_equal(find(&report, "conv.bias")->scheme != NULL, choice & 1);
        assert_int_equal(find(&report, "fb")->scheme != NULL, choice & 1);
        assert_int_equal(find(&report, "gamma")->scheme != NULL, (choice & 2) != 0);
        assert_null(find(&report, "mean")->scheme);
        assert_null(find(&report, "var")->scheme);
        assert_true(report.bytes_ideal < report.bytes_f32 / 3);
        assert_true(report.file_after < report.file_before || report.file_before == 0);
        ht_quantize_report_clear(ctx, &report);
        ht_model_destroy(copy);
    }
    ht_model_destroy(model);
}

/* Every preset: the annotation decodes to the values that the model runs with, and so does the file read again. */
static void annotations_mean_the_values(void **state) {
    (void)state;
    ht_model *model = small_model();
    char path[] = "/tmp/halftone-test-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    const char *preset;
    const char *const granularities[] = {"tensor", "channel", "block:7"};
    for (size_t i = 0; ht_choice_at(HT_CHOICE_PRESET, i, &preset, NULL); ++i) {
        for (size_t g = 0; g < 3; ++g) {
            ht_quantize_options options;
            ht_quantize_options_init(&options);
            char text[120];
            snprintf(text, sizeof text, "%s,granularity=%s", preset, granularities[g]);
            assert_int_equal(ht_scheme_parse(text, &options.scheme, NULL), HT_OK);
            options.scheme.bits = ht_scheme_fixed_bits(&options.scheme) != 0 ? options.scheme.bits : 5;
            options.quantize_biases = options.quantize_norms = true;
            ht_model *copy = quantized(model, &options, NULL), *read;
            ht_error err;
            ht_status saved = ht_model_save(copy, path, &(ht_model_save_options){.overwrite = true}, &err);
            if (saved == HT_ERROR_UNSUPPORTED) {
                skip(); /* a build without ONNX */
            }
            if (saved != HT_OK || ht_model_load(ctx, path, &read, &err) != HT_OK) {
                fail_msg("%s: %s", text, err.message);
            }
            for (size_t k = 0; k < copy->graph->value_count; ++k) {
                const ht_value *value = copy->graph->values[k];
                const ht_quantization *q = value->quantization;
                if (q == NULL) {
                    continue;
                }
                size_t elements = (size_t)ht__desc_elements(&value->desc);
                if (q->element == HT_NONE) {
                    float *decoded = calloc(elements, sizeof *decoded);
                    assert_int_equal(ht__quantization_decode(q, &value->desc, decoded, NULL), HT_OK);
                    assert_memory_equal(decoded, value->data, elements * sizeof(float));
                    free(decoded);
                    const ht_value *again = ht__graph_find(read->graph, value->name);
                    assert_non_null(again);
                    assert_memory_equal(again->data, value->data, elements * sizeof(float));
                }
            }
            ht_model_destroy(read);
            ht_model_destroy(copy);
        }
    }
    unlink(path);
    ht_model_destroy(model);
}

static void rules_change_layers(void **state) {
    (void)state;
    ht_model *model = small_model();
    ht_scheme fine;
    assert_int_equal(ht_scheme_parse("f16", &fine, NULL), HT_OK);
    const ht_layer_rule rules[] = {{"conv*", NULL}, {"Gemm", &fine}};
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    options.rules = rules;
    options.rule_count = 2;
    ht_quantize_report report;
    ht_model *copy = quantized(model, &options, &report);
    assert_null(find(&report, "conv.weight")->scheme);
    assert_int_equal(find(&report, "fc.weight")->bits, 16);
    ht_quantize_report_clear(ctx, &report);
    ht_model_destroy(copy);
    const ht_layer_rule wrong = {"convv", NULL};
    options.rules = &wrong;
    options.rule_count = 1;
    ht_error err;
    assert_int_equal(ht_model_quantize(ctx, model, &options, &copy, NULL, &err), HT_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "convv"));
    ht_model_destroy(model);
}

static void folding_keeps_the_count(void **state) {
    (void)state;
    ht_model *model = small_model();
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    options.fold_batch_norm = true;
    ht_quantize_report report;
    ht_model *copy = quantized(model, &options, &report);
    assert_int_equal(report.folded, 1);
    assert_int_equal(report.tensor_count, 4);
    ht_quantize_report_clear(ctx, &report);
    ht_model_destroy(copy);
    ht_model_destroy(model);
}

static void bad_weights_name_their_tensor(void **state) {
    (void)state;
    ht_model *model = small_model();
    ht_value *weight = ht__graph_find(model->graph, "fc.weight");
    float *values = ht__arena_copy(model->graph->arena, weight->data, 10 * 216 * sizeof(float));
    values[77] = NAN;
    weight->data = values;
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    ht_model *copy;
    ht_error err;
    assert_int_equal(ht_model_quantize(ctx, model, &options, &copy, NULL, &err), HT_ERROR_NUMERIC);
    assert_string_equal(err.where, "fc.weight");
    assert_non_null(strstr(err.message, "77"));
    options.scheme.activation_bits = 8;
    assert_int_equal(ht_model_quantize(ctx, model, &options, &copy, NULL, &err), HT_ERROR_ARGUMENT);
    ht_model_destroy(model);
}

/* Joint level sets: a layer's weight and bias share one scale. */
static void joint_sets_share_levels(void **state) {
    (void)state;
    ht_model *model = small_model();
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    options.quantize_biases = true;
    options.scheme.quirks = HT_QUIRK_JOINT_BIAS;
    ht_model *copy = quantized(model, &options, NULL);
    const ht_quantization *weight = ht__graph_find(copy->graph, "conv.weight")->quantization;
    const ht_quantization *bias = ht__graph_find(copy->graph, "conv.bias")->quantization;
    assert_true(weight->scale[0] == bias->scale[0] && weight->zero_point[0] == bias->zero_point[0]);
    ht_model_destroy(copy);
    ht_model_destroy(model);
}

/* Every allocation fails once; nothing leaks, and the error says so. */
typedef struct counted {
    int left, live;
} counted;
static void *limited_allocate(void *user, size_t bytes) {
    counted *count = user;
    if (count->left-- <= 0) {
        return NULL;
    }
    void *memory = ht__system_allocator.allocate(ht__system_allocator.user, bytes);
    count->live += memory != NULL;
    return memory;
}
static void limited_release(void *user, void *memory) {
    ((counted *)user)->live -= memory != NULL;
    ht__system_allocator.release(ht__system_allocator.user, memory);
}

static void allocation_failures_are_reported(void **state) {
    (void)state;
    ht_context *usual = ctx;
    const char *const schemes[] = {"int8", "k-means,bits=3,granularity=channel", "f16"};
    for (size_t i = 0; i < 3; ++i) {
        counted count = {.left = 100000};
        ht_allocator allocator = {limited_allocate, limited_release, &count};
        assert_int_equal(ht_context_create(&(ht_context_options){.allocator = &allocator, .threads = 1}, &ctx, NULL),
                         HT_OK);
        ht_model *model = small_model();
        ht_quantize_options options;
        ht_quantize_options_init(&options);
        options.quantize_biases = options.fold_batch_norm = true;
        assert_int_equal(ht_scheme_parse(schemes[i], &options.scheme, NULL), HT_OK);
        int live = count.live;
        ht_status status = HT_ERROR_MEMORY;
        for (int allowed = 0; status != HT_OK; ++allowed) {
            count.left = allowed;
            ht_model *copy = NULL;
            ht_quantize_report report;
            status = ht_model_quantize(ctx, model, &options, &copy, &report, NULL);
            count.left = 100000;
            if (status == HT_OK) {
                ht_quantize_report_clear(ctx, &report);
                ht_model_destroy(copy);
            } else {
                assert_int_equal(status, HT_ERROR_MEMORY);
            }
            assert_int_equal(count.live, live);
        }
        ht_model_destroy(model);
        ht_context_destroy(ctx);
        assert_int_equal(count.live, 0);
    }
    ctx = usual;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_decide_what_is_quantized),
        cmocka_unit_test(annotations_mean_the_values),
        cmocka_unit_test(rules_change_layers),
        cmocka_unit_test(folding_keeps_the_count),
        cmocka_unit_test(bad_weights_name_their_tensor),
        cmocka_unit_test(joint_sets_share_levels),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
