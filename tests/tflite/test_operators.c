/* Each operator that TFLite has, through a file and back: the same numbers here, and, by the oracle test, in LiteRT. */
#include "formats/tflite/tflite.h"
#include "onnx/model_support.h"

static const op_sample samples[] = {
    {"abs", "Abs", "xN,5", ""},
    {"add", "Add", "xN,5 c5", ""},
    {"add_channels", "Add", "xN,3,4,4 c3,1,1", ""},
    {"average_pool", "AveragePool", "xN,3,6,6", "kernel_shape=2,2 strides=2,2"},
    {"average_pool_same", "AveragePool", "xN,3,5,7", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1"},
    {"batch_norm", "BatchNormalization", "xN,3,4,4 c3 c3 c3 p3", ""},
    {"ceil", "Ceil", "xN,5", ""},
    {"clip_6", "Clip", "xN,5 s0 s6", ""},
    {"clip_1", "Clip", "xN,5 s-1 s1", ""},
    {"clip_other", "Clip", "xN,5 s-0.5 s0.75", ""},
    {"clip_low", "Clip", "xN,5 s-0.5", ""},
    {"concat", "Concat", "xN,5 xN,2", "axis=1"},
    {"concat_channels", "Concat", "xN,2,3,4 xN,5,3,4", "axis=1"},
    {"conv", "Conv", "xN,3,8,8 c4,3,3,3 c4", ""},
    {"conv_same", "Conv", "xN,3,8,9 c4,3,3,3 c4", "pads=1,1,1,1"},
    {"conv_same_strided", "Conv", "xN,3,8,8 c4,3,3,3 c4", "strides=2,2 pads=0,0,1,1"},
    {"conv_padded", "Conv", "xN,3,8,8 c4,3,3,3 c4", "strides=2,2 pads=1,1,1,1"},
    {"conv_dilated", "Conv", "xN,3,9,9 c4,3,3,3", "dilations=2,2"},
    {"conv_depthwise", "Conv", "xN,4,6,6 c4,1,3,3 c4", "group=4 pads=1,1,1,1"},
    {"conv_depthwise_two", "Conv", "xN,4,6,6 c8,1,3,3", "group=4"},
    {"conv_grouped", "Conv", "xN,4,6,6 c6,2,3,3 c6", "group=2"},
    {"conv_transpose", "ConvTranspose", "x2,3,5,6 c3,4,3,3 c4", ""},
    {"conv_transpose_same", "ConvTranspose", "x2,3,5,6 c3,4,3,3", "strides=2,2 auto_pad=SAME_UPPER"},
    {"conv_transpose_strided", "ConvTranspose", "x2,3,5,6 c3,4,2,2 c4", "strides=2,2"},
    {"div", "Div", "xN,5 p5", ""},
    {"elu", "Elu", "xN,5", ""},
    {"exp", "Exp", "xN,5", ""},
    {"flatten", "Flatten", "xN,3,2,2", ""},
    {"floor", "Floor", "xN,5", ""},
    {"gather", "Gather", "x2,5,3 i4,1", "axis=1"},
    {"gemm", "Gemm", "xN,6 c4,6 c4", "transB=1"},
    {"gemm_plain", "Gemm", "xN,6 c6,4", ""},
    {"global_average_pool", "GlobalAveragePool", "xN,3,4,5", ""},
    {"hard_swish", "HardSwish", "xN,9", ""},
    {"leaky_relu", "LeakyRelu", "xN,5", "alpha=0.1"},
    {"log_softmax", "LogSoftmax", "xN,5", "axis=-1"},
    {"matmul", "MatMul", "xN,6 c6,4", ""},
    {"matmul_rank_3", "MatMul", "x2,3,6 c6,4", ""},
    {"matmul_batched", "MatMul", "x2,3,6 x2,6,4", ""},
    {"max", "Max", "xN,5 c5", ""},
    {"max_pool", "MaxPool", "xN,3,6,6", "kernel_shape=3,3 strides=2,2"},
    {"max_pool_same", "MaxPool", "xN,3,6,6", "kernel_shape=2,2 strides=2,2 auto_pad=SAME_UPPER"},
    {"min", "Min", "xN,5 c5", ""},
    {"mul", "Mul", "xN,5 s3", ""},
    {"neg", "Neg", "xN,5", ""},
    {"pad", "Pad", "xN,2,3 i0,1,2,0,0,1", ""},
    {"pad_4", "Pad", "xN,2,3,3 i0,1,2,0,0,0,0,1", ""},
    {"prelu", "PRelu", "xN,3,4,4 c3,1,1", ""},
    {"reduce_max", "ReduceMax", "xN,3,4", "axes=1,2 keepdims=0"},
    {"reduce_mean", "ReduceMean", "xN,3,4,5", "axes=2,3 keepdims=0"},
    {"reduce_mean_kept", "ReduceMean", "xN,3,4,5", "axes=-1, keepdims=1"},
    {"reduce_min", "ReduceMin", "xN,3,4", "axes=2,"},
    {"reduce_sum", "ReduceSum", "xN,3,4 i1", "keepdims=0"},
    {"relu", "Relu", "xN,5", ""},
    {"reshape", "Reshape", "xN,2,6 i0,3,-1", ""},
    {"resize_nearest", "Resize", "x2,2,3,4 - - i2,2,6,8",
     "coordinate_transformation_mode=asymmetric nearest_mode=floor"},
    {"resize_nearest_half", "Resize", "x2,2,3,4 - - i2,2,7,6", "nearest_mode=round_prefer_ceil"},
    {"resize_linear", "Resize", "x2,2,3,4 - - i2,2,7,6", "mode=linear"},
    {"resize_linear_corners", "Resize", "x2,2,3,4 - - i2,2,5,7",
     "mode=linear coordinate_transformation_mode=align_corners"},
    {"round", "Round", "xN,5", ""},
    {"sigmoid", "Sigmoid", "xN,5", ""},
    {"sign", "Sign", "xN,5", ""},
    {"slice", "Slice", "xN,6,5 i1,0 i5,-1 i1,2 i2,1", ""},
    {"slice_channels", "Slice", "xN,6,5,4 i1 i5 i1 i1", ""},
    {"softmax", "Softmax", "xN,5", "axis=-1"},
    {"softmax_channels", "Softmax", "xN,3,4,4", "axis=1"},
    {"squeeze", "Squeeze", "xN,1,5,1 i1,-1", ""},
    {"sub", "Sub", "xN,5 c5", ""},
    {"tanh", "Tanh", "xN,5", ""},
    {"transpose", "Transpose", "xN,3,4,5", "perm=0,2,3,1"},
    {"transpose_other", "Transpose", "xN,3,4,5", "perm=0,3,2,1"},
    {"unsqueeze", "Unsqueeze", "xN,5 i0,3", ""},
};

static ht_buffer write_tflite(const ht_model *model) {
    ht_buffer buffer;
    ht__buffer_init(&buffer, &ht__system_allocator);
    SUCCEED(ht__tflite_write(model, &buffer, err));
    return buffer;
}

static ht_model *read_tflite(const ht_buffer *buffer) {
    ht_model *model;
    SUCCEED(ht__tflite_read(test_context, (const uint8_t *)buffer->data, buffer->size, "test.tflite", &model, err));
    return model;
}

static void leave_for_litert(const char *name, const ht_buffer *file, const test_run *run) {
    const char *folder = getenv("HALFTONE_TFLITE_SAMPLES");
    if (folder == NULL) {
        return;
    }
    write_file(folder, name, ".tflite", 0, file->data, file->size);
    for (size_t i = 0; i < run->input_count; ++i) {
        write_file(folder, name, "in", i, run->inputs[i], run->input_bytes[i]);
    }
    write_file(folder, name, "out", 0, run->outputs[0], run->output_bytes[0]);
}

static void assert_close(const char *name, const test_run *a, const test_run *b) {
    assert_int_equal(a->output_bytes[0], b->output_bytes[0]);
    for (size_t i = 0; i < a->output_bytes[0] / sizeof(float); ++i) {
        float x = ((const float *)a->outputs[0])[i], y = ((const float *)b->outputs[0])[i];
        if (!(x - y <= 1e-4f && y - x <= 1e-4f)) {
            fail_msg("%s: element %zu is %g, and %g after writing and reading", name, i, (double)x, (double)y);
        }
    }
}

static void round_trip(const op_sample *sample) {
    ht_model *model = make_sample(sample);
    SUCCEED(ht_model_metadata_set(model, "key", sample->name, err));
    ht_buffer first = write_tflite(model);
    ht_model *read = read_tflite(&first);
    assert_string_equal(ht_model_metadata(read, "key"), sample->name);
    assert_string_equal(read->graph->outputs[0]->name, "y");
    test_run before = run_model(model), after = run_model(read);
    assert_close(sample->name, &before, &after);
    leave_for_litert(sample->name, &first, &before);
    /* What was read writes the same file from then on. */
    ht_buffer second = write_tflite(read);
    ht_model *again = read_tflite(&second);
    ht_buffer third = write_tflite(again);
    assert_int_equal(second.size, third.size);
    ht__buffer_free(&third);
    ht_model_destroy(again);
    ht__buffer_free(&second);
    free_run(&before);
    free_run(&after);
    ht_model_destroy(read);
    ht__buffer_free(&first);
    ht_model_destroy(model);
}

static void every_sample_survives(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; ++i) {
        round_trip(&samples[i]);
    }
}

static void what_tflite_lacks_is_refused(void **state) {
    (void)state;
    static const op_sample sample = {"cube", "Conv", "xN,2,4,4,4 c3,2,2,2,2", ""};
    ht_model *model = make_sample(&sample);
    ht_buffer buffer;
    ht_error error;
    ht__buffer_init(&buffer, &ht__system_allocator);
    assert_int_equal(ht__tflite_write(model, &buffer, &error), HT_ERROR_UNSUPPORTED);
    assert_string_equal(error.where, "node");
    ht__buffer_free(&buffer);
    ht_model_destroy(model);
}

/* Every byte of a small file set to bad values, and every length: an error, never a crash. */
static void damaged_files_are_refused(void **state) {
    (void)state;
    static const op_sample sample = {"small", "Conv", "xN,3,4,4 c2,3,3,3 c2", ""};
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    ht_model *model = make_sample(&sample), *read;
    ht_buffer file = write_tflite(model);
    uint8_t *bytes = aligned_alloc(64, (file.size + 63) & ~(size_t)63);
    for (size_t i = 0; i < file.size; ++i) {
        for (size_t k = 0; k < sizeof values; ++k) {
            memcpy(bytes, file.data, file.size);
            bytes[i] = values[k];
            if (ht__tflite_read(test_context, bytes, file.size, "bad", &read, NULL) == HT_OK) {
                ht_model_destroy(read);
            }
        }
        memcpy(bytes, file.data, file.size);
        if (ht__tflite_read(test_context, bytes, i, "short", &read, NULL) == HT_OK) {
            ht_model_destroy(read);
        }
    }
    free(bytes);
    ht__buffer_free(&file);
    ht_model_destroy(model);
}

int main(void) {
    assert_int_equal(ht_context_create(NULL, &test_context, NULL), HT_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_survives),
        cmocka_unit_test(what_tflite_lacks_is_refused),
        cmocka_unit_test(damaged_files_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(test_context);
    return failed;
}
