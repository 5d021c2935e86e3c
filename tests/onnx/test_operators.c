/* Every operator written and read again: the same nodes, the same attributes, the same bytes when written once more,
 * and the same numbers when run. The oracle test hands these models to ONNX Runtime. */
#include "model_support.h"

static const op_sample samples[] = {
    {"abs", "Abs", "xN,5", ""},
    {"add", "Add", "xN,3,4,4 c3,1,1", ""},
    {"add_inputs", "Add", "x2,5 x2,1", ""},
    {"affine_grid", "AffineGrid", "x2,2,3 i2,1,3,4", "align_corners=1"},
    {"affine_grid_3d", "AffineGrid", "x2,3,4 i2,1,3,4,2", ""},
    {"attention", "Attention", "x2,4,5,6 x2,2,7,6 x2,2,7,6 x5,7", "softcap=1.5 is_causal=1"},
    {"attention_joined", "Attention", "x2,4,6 x2,5,6 x2,5,6", "q_num_heads=3 kv_num_heads=3 scale=0.7"},
    {"average_pool", "AveragePool", "xN,2,7,7", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1"},
    {"average_pool_dilated", "AveragePool", "xN,2,8,7", "kernel_shape=3,2 dilations=2,3"},
    {"average_pool_padded", "AveragePool", "xN,2,7,7", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 count_include_pad=1"},
    {"average_pool_ceil", "AveragePool", "xN,2,6,6", "kernel_shape=3,3 strides=2,2 ceil_mode=1"},
    {"average_pool_1d", "AveragePool", "xN,2,9", "kernel_shape=2, strides=2,"},
    {"batch_normalization", "BatchNormalization", "xN,3,4,4 c3 c3 c3 p3", "epsilon=0.001"},
    {"cast", "Cast", "xN,5", "to=7"},
    {"ceil", "Ceil", "xN,5", ""},
    {"center_crop_pad", "CenterCropPad", "x6,5,3 i4,8", "axes=0,1"},
    {"clip", "Clip", "xN,5 s-1 s0.5", ""},
    {"clip_high", "Clip", "xN,5 - s0.5", ""},
    {"col2im", "Col2Im", "xN,18,12 i5,6 i3,3", ""},
    {"col2im_strided", "Col2Im", "xN,8,6 i5,6 i2,2", "strides=2,3 pads=0,1,1,0 dilations=1,2"},
    {"concat", "Concat", "xN,2,3 xN,4,3 xN,1,3", "axis=1"},
    {"concat_negative", "Concat", "xN,2,3 xN,2,5", "axis=-1"},
    {"conv", "Conv", "xN,3,8,8 c4,3,3,3 c4", "pads=1,1,1,1"},
    {"conv_strided", "Conv", "xN,3,9,9 c4,3,3,3", "strides=2,2 dilations=2,2 pads=0,1,2,1"},
    {"conv_depthwise", "Conv", "xN,4,6,6 c8,1,3,3 c8", "group=4"},
    {"conv_same_upper", "Conv", "xN,2,7,7 c3,2,4,4", "auto_pad=SAME_UPPER strides=2,2"},
    {"conv_same_lower", "Conv", "xN,2,7,7 c3,2,4,4", "auto_pad=SAME_LOWER"},
    {"conv_transpose", "ConvTranspose", "xN,3,5,5 c3,4,3,3 c4", "strides=2,2 output_padding=1,1 pads=1,1,1,1"},
    {"conv_transpose_1d", "ConvTranspose", "xN,4,5 c4,2,3", "group=2 dilations=2, strides=2,"},
    {"conv_transpose_3d", "ConvTranspose", "xN,2,3,2,3 c2,3,2,2,2 c3", "strides=1,2,1"},
    {"conv_transpose_same", "ConvTranspose", "xN,2,4,5 c2,3,3,3", "auto_pad=SAME_LOWER strides=2,2"},
    {"conv_transpose_shaped", "ConvTranspose", "xN,2,4,5 c2,3,3,3", "output_shape=7,9 strides=2,2"},
    {"conv_valid", "Conv", "xN,2,7,7 c3,2,3,3", "auto_pad=VALID"},
    {"conv_1d", "Conv", "xN,3,12 c4,3,5", "strides=2,"},
    {"conv_3d", "Conv", "xN,2,4,5,6 c3,2,2,2,2", ""},
    {"deform_conv", "DeformConv", "xN,2,5,5 c3,2,3,3 x2,36,3,3 c3 x2,18,3,3", "offset_group=2"},
    {"dequantize_linear", "DequantizeLinear", "b2,5 s0.25 u128", ""},
    {"det", "Det", "xN,4,4", ""},
    {"div", "Div", "xN,5 p5", ""},
    {"dropout", "Dropout", "xN,5 s0.5", ""},
    {"einsum", "Einsum", "x2,3,4 x2,4,5", "equation=bij,bjk->bki"},
    {"einsum_implied", "Einsum", "x2,3,3,4 x4", "equation=...iij,j"},
    {"elu", "Elu", "xN,5", "alpha=0.7"},
    {"erf", "Erf", "xN,5", ""},
    {"exp", "Exp", "xN,5", ""},
    {"expand", "Expand", "x3,1 i2,3,4", ""},
    {"flatten", "Flatten", "xN,2,3,4", ""},
    {"flatten_axis", "Flatten", "x2,2,3,4", "axis=-1"},
    {"floor", "Floor", "xN,5", ""},
    {"gather", "Gather", "xN,5,3 i4,0,-1", "axis=1"},
    {"gemm", "Gemm", "xN,5 c5,4 c4", ""},
    {"gemm_transposed", "Gemm", "xN,5 c4,5 c4", "transB=1 alpha=0.5 beta=2.0"},
    {"gemm_left", "Gemm", "x5,3 c5,4 c3,1", "transA=1"},
    {"global_average_pool", "GlobalAveragePool", "xN,3,4,5", ""},
    {"global_lp_pool", "GlobalLpPool", "xN,3,4,5", "p=3"},
    {"global_max_pool", "GlobalMaxPool", "xN,3,4,5", ""},
    {"grid_sample", "GridSample", "x2,2,4,5 x2,3,3,2", "padding_mode=border"},
    {"grid_sample_cubic", "GridSample", "x2,2,4,5 x2,3,3,2", "mode=cubic padding_mode=reflection"},
    {"grid_sample_nearest", "GridSample", "x2,2,3,4,5 x2,2,3,3,3", "mode=nearest align_corners=1"},
    {"group_normalization", "GroupNormalization", "xN,4,3,3 c4 c4", "num_groups=2 epsilon=0.01"},
    {"gru", "GRU", "x5,2,3 c1,12,3 c1,12,4 c1,24 - x1,2,4", "hidden_size=4"},
    {"gru_both", "GRU", "x5,2,3 c2,12,3 c2,12,4 c2,24", "hidden_size=4 direction=bidirectional linear_before_reset=1"},
    {"hard_sigmoid", "HardSigmoid", "xN,5", "alpha=0.3 beta=0.4"},
    {"hard_swish", "HardSwish", "xN,5", ""},
    {"identity", "Identity", "xN,5", ""},
    {"instance_normalization", "InstanceNormalization", "xN,3,4,4 c3 c3", ""},
    {"layer_normalization", "LayerNormalization", "xN,3,5 c5 c5", "epsilon=0.01"},
    {"layer_normalization_axis", "LayerNormalization", "xN,3,5 c3,5", "axis=1"},
    {"leaky_relu", "LeakyRelu", "xN,5", "alpha=0.2"},
    {"log", "Log", "xN,5", ""},
    {"log_softmax", "LogSoftmax", "xN,5", "axis=1"},
    {"lp_normalization", "LpNormalization", "xN,5,3", "p=1 axis=1"},
    {"lp_pool", "LpPool", "xN,2,7,7", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 p=3"},
    {"lrn", "LRN", "xN,6,3,3", "size=3 alpha=0.1 beta=0.5 bias=2.0"},
    {"lstm", "LSTM", "x5,2,3 c1,16,3 c1,16,4 c1,32 - x1,2,4 x1,2,4 c1,12", "hidden_size=4"},
    {"lstm_both", "LSTM", "x5,2,3 c2,16,3 c2,16,4 c2,32",
     "hidden_size=4 direction=bidirectional input_forget=0 clip=0.6"},
    {"matmul", "MatMul", "xN,5 c5,4", ""},
    {"matmul_batched", "MatMul", "xN,2,3,5 c2,5,4", ""},
    {"matmul_vector", "MatMul", "x3,5 c5", ""},
    {"matmul_vectors", "MatMul", "x5 c2,5,4", ""},
    {"max", "Max", "xN,5 c5", ""},
    {"max_pool", "MaxPool", "xN,2,7,7", "kernel_shape=2,2 strides=2,2"},
    {"max_pool_padded", "MaxPool", "xN,2,7,7", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1"},
    {"max_pool_dilated", "MaxPool", "xN,2,7,7", "kernel_shape=2,2 dilations=2,2"},
    {"max_pool_ceil", "MaxPool", "xN,2,6,6", "kernel_shape=3,3 strides=2,2 ceil_mode=1"},
    {"max_pool_same", "MaxPool", "xN,2,7,7", "kernel_shape=2,2 strides=2,2 auto_pad=SAME_UPPER"},
    {"max_unpool", "MaxUnpool", "x1,2,2,2 a1,2,2,2", "kernel_shape=2,2 strides=2,2"},
    {"mean_variance_normalization", "MeanVarianceNormalization", "xN,3,4,4", "axes=0,2"},
    {"min", "Min", "xN,3,4 c3,1", ""},
    {"mul", "Mul", "xN,5 s0.3", ""},
    {"neg", "Neg", "xN,5", ""},
    {"pad", "Pad", "xN,2,3 i0,1,2,0,0,1 s0.5", ""},
    {"pad_axes", "Pad", "xN,2,4 i1,2 s0.5 i-1", ""},
    {"pad_reflect", "Pad", "xN,2,4 i0,1,2,0,0,1", "mode=reflect"},
    {"pad_edge", "Pad", "xN,2,4 i0,1,2,0,0,1", "mode=edge"},
    {"pad_wrap", "Pad", "xN,2,4 i0,1,2,0,0,1", "mode=wrap"},
    {"pow", "Pow", "xN,5 s2", ""},
    {"prelu", "PRelu", "xN,3,4 c3,1", ""},
    {"dynamic_quantize_linear", "DynamicQuantizeLinear", "xN,7", ""},
    {"conv_integer", "ConvInteger", "bN,4,6,6 q5,4,3,3 u120 u130", "pads=1,1,1,1"},
    {"matmul_integer", "MatMulInteger", "bN,6 q6,5 u3 u9", ""},
    {"exact_qlinear_conv", "QLinearConv", "bN,4,6,6 s0.02 u120 q5,4,3,3 s0.01 u130 x u99", "strides=2,2"},
    {"exact_qlinear_matmul", "QLinearMatMul", "bN,6 x u7 q6,5 s0.01 u100 s0.3 u128", ""},
    {"quantize_linear", "QuantizeLinear", "xN,5 s0.01 u100", ""},
    {"reciprocal", "Reciprocal", "xN,5", ""},
    {"reduce_max", "ReduceMax", "xN,3,4", "axes=1,2 keepdims=0"},
    {"reduce_mean", "ReduceMean", "xN,3,4", "axes=-1, keepdims=1"},
    {"reduce_mean_all", "ReduceMean", "xN,3,4", "keepdims=0"},
    {"reduce_min", "ReduceMin", "xN,3,4", "axes=2,"},
    {"reduce_sum", "ReduceSum", "xN,3,4 i1", "keepdims=0"},
    {"relu", "Relu", "xN,5", ""},
    {"reshape", "Reshape", "xN,2,6 i0,3,-1", ""},
    {"resize_antialias", "Resize", "x1,2,9,8 - - i1,2,4,3", "mode=linear antialias=1"},
    {"resize_cubic", "Resize", "x1,2,5,4 - - i1,2,7,3", "mode=cubic"},
    {"resize_cubic_excluding", "Resize", "x1,2,5,4 - f1,1,1.5,2", "mode=cubic cubic_coeff_a=-0.5 exclude_outside=1"},
    {"resize_nearest", "Resize", "xN,2,3,4 - f1,1,2,2", "coordinate_transformation_mode=asymmetric nearest_mode=floor"},
    {"resize_nearest_half", "Resize", "xN,2,5,4 - f1,1,0.6,1.5", ""},
    {"resize_nearest_sizes", "Resize", "x2,2,5,4 - - i2,2,7,3", "nearest_mode=round_prefer_ceil"},
    {"resize_linear", "Resize", "xN,2,3,4 - f1,1,2,2", "mode=linear"},
    {"resize_linear_corners", "Resize", "x2,2,3,4 - - i2,2,5,2",
     "mode=linear coordinate_transformation_mode=align_corners"},
    {"resize_linear_torch", "Resize", "xN,2,6 - f1,1,0.5",
     "mode=linear coordinate_transformation_mode=pytorch_half_pixel"},
    {"resize_not_larger", "Resize", "x1,2,5,4 - - i9,9", "axes=2,3 keep_aspect_ratio_policy=not_larger"},
    {"resize_region", "Resize", "x1,2,5,4 f0,0,0.2,0.3,1,1,0.9,0.8 - i1,2,3,3",
     "mode=linear coordinate_transformation_mode=tf_crop_and_resize"},
    {"resize_symmetric", "Resize", "x1,1,5,4 - f1,1,1.3,0.7",
     "mode=linear coordinate_transformation_mode=half_pixel_symmetric"},
    {"rms_normalization", "RMSNormalization", "xN,3,5 c5", "epsilon=0.01"},
    {"rnn", "RNN", "x5,2,3 c1,4,3 c1,4,4 c1,8", "hidden_size=4"},
    {"rnn_reverse", "RNN", "x5,2,3 c1,4,3 c1,4,4", "hidden_size=4 direction=reverse clip=0.4"},
    {"rotary_embedding", "RotaryEmbedding", "x2,3,4,8 c2,4,4 c2,4,4", ""},
    {"rotary_embedding_joined", "RotaryEmbedding", "x2,4,24 c2,4,2 c2,4,2",
     "num_heads=3 rotary_embedding_dim=4 interleaved=1"},
    {"round", "Round", "xN,5", ""},
    {"shape", "Shape", "xN,5", ""},
    {"sigmoid", "Sigmoid", "xN,5", ""},
    {"sign", "Sign", "xN,5", ""},
    {"slice", "Slice", "xN,6,5 i1,0 i5,-1 i1,2 i2,1", ""},
    {"slice_backwards", "Slice", "xN,6 i-1 i-7 i1 i-2", ""},
    {"softmax", "Softmax", "xN,5", "axis=-1"},
    {"softmax_channels", "Softmax", "xN,3,4", "axis=1"},
    {"softplus", "Softplus", "xN,5", ""},
    {"sqrt", "Sqrt", "xN,5", ""},
    {"squeeze", "Squeeze", "xN,1,5,1 i1,-1", ""},
    {"sub", "Sub", "xN,5 c5", ""},
    {"tanh", "Tanh", "xN,5", ""},
    {"transpose", "Transpose", "xN,3,4,5", "perm=0,2,3,1"},
    {"unsqueeze", "Unsqueeze", "xN,5 i0,3", ""},
    {"acos", "Acos", "p2,5", ""},
    {"acosh", "Acosh", "xN,5", ""},
    {"asin", "Asin", "xN,5", ""},
    {"asinh", "Asinh", "xN,5", ""},
    {"atan", "Atan", "xN,5", ""},
    {"atanh", "Atanh", "xN,5", ""},
    {"cos", "Cos", "xN,5", ""},
    {"cosh", "Cosh", "xN,5", ""},
    {"sin", "Sin", "xN,5", ""},
    {"sinh", "Sinh", "xN,5", ""},
    {"tan", "Tan", "xN,5", ""},
    {"celu", "Celu", "xN,5", "alpha=0.5"},
    {"gelu", "Gelu", "xN,5", ""},
    {"gelu_tanh", "Gelu", "xN,5", "approximate=tanh"},
    {"mish", "Mish", "xN,5", ""},
    {"selu", "Selu", "xN,5", ""},
    {"shrink", "Shrink", "xN,5", "lambd=0.3 bias=0.1"},
    {"softsign", "Softsign", "xN,5", ""},
    {"swish", "Swish", "xN,5", "alpha=0.7"},
    {"thresholded_relu", "ThresholdedRelu", "xN,5", "alpha=0.4"},
    {"and", "And", "lN,3,5 l5", ""},
    {"or", "Or", "lN,3,5 l5", ""},
    {"xor", "Xor", "lN,3,5 l5", ""},
    {"bitwise_and", "BitwiseAnd", "bN,5 b5", ""},
    {"bitwise_or", "BitwiseOr", "bN,5 b5", ""},
    {"bitwise_xor", "BitwiseXor", "bN,5 b5", ""},
    {"bit_shift", "BitShift", "bN,5 u3", "direction=RIGHT"},
    {"equal", "Equal", "xN,5 xN,5", ""},
    {"greater", "Greater", "xN,5 c5", ""},
    {"greater_or_equal", "GreaterOrEqual", "xN,5 c5", ""},
    {"less", "Less", "xN,5 c5", ""},
    {"less_or_equal", "LessOrEqual", "xN,5 c5", ""},
    {"mod", "Mod", "bN,5 u7", ""},
    {"mod_float", "Mod", "xN,5 p5", "fmod=1"},
    {"cast_like", "CastLike", "xN,5 i1", ""},
    {"reduce_l1", "ReduceL1", "xN,3,4", "axes=1,2 keepdims=0"},
    {"reduce_l2", "ReduceL2", "xN,3,4", "axes=-1,"},
    {"reduce_log_sum_exp", "ReduceLogSumExp", "xN,3,4", "axes=2,"},
    {"reduce_log_sum", "ReduceLogSum", "p2,3,4", "axes=2,"},
    {"reduce_prod", "ReduceProd", "xN,3,4", "axes=2,"},
    {"reduce_sum_square", "ReduceSumSquare", "xN,3,4", "axes=2,"},
};
#define SAMPLE_COUNT (sizeof samples / sizeof samples[0])

static void assert_same_attributes(const ht_node *a, const ht_node *b) {
    assert_int_equal(a->attribute_count, b->attribute_count);
    for (uint32_t i = 0; i < a->attribute_count; ++i) {
        const ht_attribute *from = &a->attributes[i], *to = &b->attributes[i];
        assert_string_equal(from->name, to->name);
        assert_int_equal(from->kind, to->kind);
        assert_int_equal(from->count, to->count);
        if (from->text != NULL) {
            assert_string_equal(from->text, to->text);
        } else if (from->ints != NULL) {
            assert_memory_equal(from->ints, to->ints, from->count * sizeof *from->ints);
        } else {
            assert_memory_equal(from->floats, to->floats, from->count * sizeof *from->floats);
        }
    }
}

static void assert_same_values(ht_value *const *a, ht_value *const *b, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        assert_int_equal(a[i] == NULL, b[i] == NULL);
        if (a[i] == NULL) {
            continue;
        }
        assert_string_equal(a[i]->name, b[i]->name);
        assert_int_equal(a[i]->desc.type, b[i]->desc.type);
        assert_true(ht__desc_same_shape(&a[i]->desc, &b[i]->desc));
        size_t bytes;
        if (a[i]->data != NULL && ht__desc_bytes(&a[i]->desc, &bytes)) {
            assert_memory_equal(a[i]->data, b[i]->data, bytes);
        }
    }
}

static void assert_same_graph(const ht_graph *a, const ht_graph *b) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->input_count, b->input_count);
    assert_int_equal(a->output_count, b->output_count);
    assert_same_values(a->inputs, b->inputs, (uint32_t)a->input_count);
    assert_same_values(a->outputs, b->outputs, (uint32_t)a->output_count);
    for (size_t i = 0; i < a->node_count; ++i) {
        assert_ptr_equal(a->nodes[i]->op, b->nodes[i]->op);
        assert_string_equal(a->nodes[i]->name, b->nodes[i]->name);
        assert_int_equal(a->nodes[i]->input_count, b->nodes[i]->input_count);
        assert_same_values(a->nodes[i]->inputs, b->nodes[i]->inputs, a->nodes[i]->input_count);
        assert_same_values(a->nodes[i]->outputs, b->nodes[i]->outputs, a->nodes[i]->output_count);
        assert_same_attributes(a->nodes[i], b->nodes[i]);
    }
}

static void round_trip(const op_sample *sample) {
    ht_model *model = make_sample(sample);
    SUCCEED(ht_model_metadata_set(model, "key", sample->name, err));
    ht_buffer first = write_model(model);
    ht_model *read = read_model(&first);
    assert_same_graph(model->graph, read->graph);
    assert_string_equal(ht_model_metadata(read, "key"), sample->name);
    ht_buffer second = write_model(read);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    test_run before = run_model(model), after = run_model(read);
    assert_int_equal(before.output_bytes[0], after.output_bytes[0]);
    assert_memory_equal(before.outputs[0], after.outputs[0], before.output_bytes[0]);
    leave_for_oracle(sample->name, &first, &before);
    free_run(&before);
    free_run(&after);
    ht__buffer_free(&second);
    ht_model_destroy(read);
    ht__buffer_free(&first);
    ht_model_destroy(model);
}

static void every_sample_survives(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; ++i) {
        round_trip(&samples[i]);
    }
}

/* Operators that only the host evaluates have ONNX's node tests (conformance.py) instead. */
static void every_operator_has_a_sample(void **state) {
    (void)state;
    for (size_t i = 0; ht__ops[i] != NULL; ++i) {
        bool found = ht__ops[i]->domain[0] != '\0' || ht__ops[i]->lower == NULL;
        for (size_t k = 0; k < SAMPLE_COUNT && !found; ++k) {
            found = strcmp(samples[k].op, ht__ops[i]->name) == 0;
        }
        if (!found) {
            fail_msg("%s has no sample here", ht__ops[i]->name);
        }
    }
}

/* What only lives inside has no place in a file. */
static void inner_operators_are_refused(void **state) {
    (void)state;
    ht_graph *graph;
    SUCCEED(ht__graph_create(test_context, "inner", &graph, err));
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1, .dims = {4}};
    ht_value *x;
    SUCCEED(ht__graph_add_input(graph, "x", &desc, &x, err));
    ht_value *inputs[] = {x, x}, *output;
    ht_node *node;
    SUCCEED(ht__graph_add_value(graph, "y", NULL, &output, err));
    SUCCEED(ht__graph_add_node_raw(graph, "halftone", "ReluGrad", "inner", inputs, 2, &output, 1, &node, err));
    SUCCEED(ht__graph_mark_output(graph, output, err));
    ht_model *model;
    SUCCEED(ht__model_create(test_context, graph, &model, err));
    ht_buffer buffer;
    ht__buffer_init(&buffer, &ht__system_allocator);
    ht_error error;
    assert_int_equal(ht__onnx_write(model, &(ht_onnx_output){.write = append_bytes, .user = &buffer}, &error),
                     HT_ERROR_UNSUPPORTED);
    assert_string_equal(error.where, "inner");
    ht__buffer_free(&buffer);
    ht_model_destroy(model);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_survives),
        cmocka_unit_test(every_operator_has_a_sample),
        cmocka_unit_test(inner_operators_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
