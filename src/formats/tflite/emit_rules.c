/* The operators that can be written as TFLite. */
#include "formats/tflite/emit.h"

#include <string.h>

/* op, function, code, options, version in float, on codes, fuses, parameters of the result */
static const tflite_write_rule rules[] = {
    {"Abs", ht__tflite_write_elementwise, 101, 78, 1, 0, false, TFLITE_CODES_ANY},
    {"Add", ht__tflite_write_elementwise, 0, 11, 1, 2, true, TFLITE_CODES_ANY},
    {"AveragePool", ht__tflite_write_pool, 1, 5, 1, 2, true, TFLITE_CODES_OF_INPUT},
    {"BatchNormalization", ht__tflite_write_batch_norm, 0, 11, 1, 0, true, TFLITE_CODES_ANY},
    {"Cast", ht__tflite_write_cast, 53, 37, 1, 0, false, TFLITE_CODES_ANY},
    {"Ceil", ht__tflite_write_elementwise, 104, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Clip", ht__tflite_write_clip, 55, 39, 1, 2, false, TFLITE_CODES_ANY},
    {"Concat", ht__tflite_write_concat, 2, 10, 1, 2, true, TFLITE_CODES_ANY},
    {"Conv", ht__tflite_write_conv, 3, 1, 1, 3, true, TFLITE_CODES_ANY},
    {"ConvTranspose", ht__tflite_write_conv_transpose, 67, 49, 3, 3, false, TFLITE_CODES_ANY},
    {"DequantizeLinear", ht__tflite_write_dequantize, 6, 38, 2, 0, false, TFLITE_CODES_ANY},
    {"Div", ht__tflite_write_elementwise, 42, 29, 1, 0, true, TFLITE_CODES_ANY},
    {"Elu", ht__tflite_write_elementwise, 111, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Exp", ht__tflite_write_elementwise, 47, 33, 1, 0, false, TFLITE_CODES_ANY},
    {"Flatten", ht__tflite_write_reshape, 22, 17, 1, 1, false, TFLITE_CODES_OF_INPUT},
    {"Floor", ht__tflite_write_elementwise, 8, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Gather", ht__tflite_write_gather, 36, 23, 1, 0, false, TFLITE_CODES_ANY},
    {"Gemm", ht__tflite_write_gemm, 9, 8, 1, 4, true, TFLITE_CODES_ANY},
    {"GlobalAveragePool", ht__tflite_write_global_pool, 40, 27, 1, 2, false, TFLITE_CODES_ANY},
    {"HardSwish", ht__tflite_write_elementwise, 117, 91, 1, 1, false, TFLITE_CODES_ANY},
    {"Identity", ht__tflite_write_identity, 114, 89, 1, 1, false, TFLITE_CODES_ANY},
    {"LeakyRelu", ht__tflite_write_leaky_relu, 98, 75, 1, 2, false, TFLITE_CODES_ANY},
    {"Log", ht__tflite_write_elementwise, 73, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"LogSoftmax", ht__tflite_write_softmax, 50, 36, 1, 2, false, TFLITE_CODES_OF_LOGARITHM},
    {"MatMul", ht__tflite_write_matmul, 9, 8, 1, 4, true, TFLITE_CODES_ANY},
    {"Max", ht__tflite_write_elementwise, 55, 39, 1, 0, false, TFLITE_CODES_ANY},
    {"MaxPool", ht__tflite_write_pool, 17, 5, 1, 2, true, TFLITE_CODES_OF_INPUT},
    {"Min", ht__tflite_write_elementwise, 57, 39, 1, 0, false, TFLITE_CODES_ANY},
    {"Mul", ht__tflite_write_elementwise, 18, 21, 1, 2, true, TFLITE_CODES_ANY},
    {"Neg", ht__tflite_write_elementwise, 59, 42, 1, 0, false, TFLITE_CODES_ANY},
    {"PRelu", ht__tflite_write_elementwise, 54, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Pad", ht__tflite_write_pad, 34, 22, 1, 2, false, TFLITE_CODES_OF_INPUT},
    {"Pow", ht__tflite_write_elementwise, 78, 56, 1, 0, false, TFLITE_CODES_ANY},
    {"QuantizeLinear", ht__tflite_write_quantize, 114, 89, 1, 0, false, TFLITE_CODES_ANY},
    {"ReduceMax", ht__tflite_write_reduce, 82, 27, 1, 2, false, TFLITE_CODES_OF_INPUT},
    {"ReduceMean", ht__tflite_write_reduce, 40, 27, 1, 2, false, TFLITE_CODES_ANY},
    {"ReduceMin", ht__tflite_write_reduce, 89, 27, 1, 2, false, TFLITE_CODES_OF_INPUT},
    {"ReduceSum", ht__tflite_write_reduce, 74, 27, 1, 2, false, TFLITE_CODES_ANY},
    {"Relu", ht__tflite_write_clip, 19, 0, 1, 2, false, TFLITE_CODES_ANY},
    {"Reshape", ht__tflite_write_reshape, 22, 17, 1, 1, false, TFLITE_CODES_OF_INPUT},
    {"Resize", ht__tflite_write_resize, 23, 15, 3, 3, false, TFLITE_CODES_OF_INPUT},
    {"Round", ht__tflite_write_elementwise, 116, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Sigmoid", ht__tflite_write_elementwise, 14, 0, 1, 2, false, TFLITE_CODES_OF_PROBABILITY},
    {"Sign", ht__tflite_write_elementwise, 158, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Slice", ht__tflite_write_slice, 45, 32, 1, 2, false, TFLITE_CODES_OF_INPUT},
    {"Softmax", ht__tflite_write_softmax, 25, 9, 1, 2, false, TFLITE_CODES_OF_PROBABILITY},
    {"Sqrt", ht__tflite_write_elementwise, 75, 0, 1, 0, false, TFLITE_CODES_ANY},
    {"Squeeze", ht__tflite_write_reshape, 22, 17, 1, 1, false, TFLITE_CODES_OF_INPUT},
    {"Sub", ht__tflite_write_elementwise, 41, 28, 1, 2, true, TFLITE_CODES_ANY},
    {"Tanh", ht__tflite_write_elementwise, 28, 0, 1, 2, false, TFLITE_CODES_OF_TANGENT},
    {"Transpose", ht__tflite_write_transpose, 39, 26, 1, 2, false, TFLITE_CODES_OF_INPUT},
    {"Unsqueeze", ht__tflite_write_reshape, 22, 17, 1, 1, false, TFLITE_CODES_OF_INPUT},
};

const tflite_write_rule *ht__tflite_write_rule(const ht_node *node) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; ++i) {
        if (node->op->domain[0] == '\0' && strcmp(rules[i].op, node->op->name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}
