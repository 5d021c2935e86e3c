/* Every preset of the schemes, at several widths and granularities, through a file and back: the network computes the
 * same bits, and writing again gives the same bytes. The oracle test runs the files in ONNX Runtime. */
#include "halftone/quantize.h"
#include "model_support.h"

/* conv - relu - flatten - gemm with weights in both orders. */
static ht_model *network(void) {
    ht_graph *graph;
    SUCCEED(ht__graph_create(test_context, "network", &graph, err));
    ht_tensor_desc input = {.type = HT_F32, .rank = 4, .dims = {-1, 2, 6, 6}};
    ht_value *operands[3];
    SUCCEED(ht__graph_add_input(graph, "x", &input, &operands[0], err));
    operands[1] = sample_constant(graph, "c5,2,3,3", 1);
    operands[2] = sample_constant(graph, "c5", 2);
    ht_node *node;
    SUCCEED(ht__graph_add_node(graph, "Conv", "conv", operands, 3, 1, NULL, &node, err));
    SUCCEED(ht__graph_add_node(graph, "Relu", "relu", node->outputs, 1, 1, NULL, &node, err));
    SUCCEED(ht__graph_add_node(graph, "Flatten", "flatten", node->outputs, 1, 1, NULL, &node, err));
    operands[0] = node->outputs[0];
    operands[1] = sample_constant(graph, "c80,7", 3);
    operands[2] = sample_constant(graph, "c7", 4);
    SUCCEED(ht__graph_add_node(graph, "Gemm", "gemm", operands, 3, 1, NULL, &node, err));
    SUCCEED(ht__graph_mark_output(graph, node->outputs[0], err));
    SUCCEED(ht__graph_infer(graph, err));
    ht_model *model;
    SUCCEED(ht__model_create(test_context, graph, &model, err));
    return model;
}

/* Quantizes by the scheme's text; false where the scheme does not go with the width. */
static bool through_a_file(const ht_model *model, const char *text, const char *name) {
    ht_quantize_options options;
    ht_quantize_options_init(&options);
    options.quantize_biases = true;
    ht_error error = {0};
    if (ht_scheme_parse(text, &options.scheme, &error) != HT_OK || ht_scheme_check(&options.scheme, &error) != HT_OK) {
        return false;
    }
    ht_model *quantized;
    SUCCEED(ht_model_quantize(test_context, model, &options, &quantized, NULL, err));
    ht_buffer first = write_model(quantized);
    ht_model *read = read_model(&first);
    ht_buffer second = write_model(read);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0) {
        fail_msg("%s: written again, the file differs", text);
    }
    ht_model_info before, after;
    SUCCEED(ht_model_describe(quantized, &before, err));
    SUCCEED(ht_model_describe(read, &after, err));
    assert_int_equal(before.quantized_weights, after.quantized_weights);
    assert_int_equal(before.bytes_packed, after.bytes_packed);
    test_run a = run_model(quantized), b = run_model(read);
    if (memcmp(a.outputs[0], b.outputs[0], a.output_bytes[0]) != 0) {
        fail_msg("%s: what was read computes something else", text);
    }
    leave_for_oracle(name, &first, &b);
    free_run(&a);
    free_run(&b);
    ht__buffer_free(&second);
    ht_model_destroy(read);
    ht__buffer_free(&first);
    ht_model_destroy(quantized);
    return true;
}

static void every_preset_survives(void **state) {
    (void)state;
    static const char *const choices[] = {"granularity=tensor,bits=2", "granularity=block:7,bits=4",
                                          "granularity=channel,bits=8", "granularity=block:5,bits=11"};
    ht_model *model = network();
    const char *preset;
    size_t files = 0;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_PRESET, i, &preset, NULL); ++i) {
        for (size_t k = 0; k < sizeof choices / sizeof choices[0]; ++k) {
            char text[128], name[128];
            snprintf(text, sizeof text, "%s,%s", preset, choices[k]);
            snprintf(name, sizeof name, "scheme_%zu_%zu", i, k);
            files += through_a_file(model, text, name);
        }
    }
    print_message("%zu files\n", files);
    assert_true(files > 50);
    ht_model_destroy(model);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_preset_survives)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
