/* The operators of TFLite that can be read. */
#include "formats/tflite/rules.h"

#include <string.h>

#define CUSTOM 32
#define CALL_ONCE 129
#define ASSIGN_VARIABLE 144

static const tflite_rule rules[] = {
    {0, "ADD", ht__tflite_read_elementwise, "Add", 2},
    {1, "AVERAGE_POOL_2D", ht__tflite_read_pool, "AveragePool", 1},
    {2, "CONCATENATION", ht__tflite_read_concatenation, "Concat", 1},
    {3, "CONV_2D", ht__tflite_read_conv, "Conv", 2},
    {4, "DEPTHWISE_CONV_2D", ht__tflite_read_depthwise, "Conv", 2},
    {5, "DEPTH_TO_SPACE", ht__tflite_read_blocks, "DepthToSpace", 1},
    {6, "DEQUANTIZE", ht__tflite_read_dequantize, "Identity", 1},
    {8, "FLOOR", ht__tflite_read_elementwise, "Floor", 1},
    {9, "FULLY_CONNECTED", ht__tflite_read_fully_connected, "Gemm", 2},
    {14, "LOGISTIC", ht__tflite_read_elementwise, "Sigmoid", 1},
    {17, "MAX_POOL_2D", ht__tflite_read_pool, "MaxPool", 1},
    {18, "MUL", ht__tflite_read_elementwise, "Mul", 2},
    {19, "RELU", ht__tflite_read_elementwise, "Relu", 1},
    {20, "RELU_N1_TO_1", ht__tflite_read_clip, "Clip", 1},
    {21, "RELU6", ht__tflite_read_clip, "Clip", 1},
    {22, "RESHAPE", ht__tflite_read_reshape, "Reshape", 1},
    {23, "RESIZE_BILINEAR", ht__tflite_read_resize, "Resize", 2},
    {25, "SOFTMAX", ht__tflite_read_softmax, "Softmax", 1},
    {26, "SPACE_TO_DEPTH", ht__tflite_read_blocks, "SpaceToDepth", 1},
    {27, "SVDF", ht__tflite_read_svdf, "Gemm", 3},
    {28, "TANH", ht__tflite_read_elementwise, "Tanh", 1},
    {CUSTOM, "TFLite_Detection_PostProcess", ht__tflite_read_detection, "DetectBoxes", 3},
    {34, "PAD", ht__tflite_read_pad, "Pad", 2},
    {36, "GATHER", ht__tflite_read_gather, "Gather", 2},
    {39, "TRANSPOSE", ht__tflite_read_transpose, "Transpose", 2},
    {40, "MEAN", ht__tflite_read_reduce, "ReduceMean", 2},
    {41, "SUB", ht__tflite_read_elementwise, "Sub", 2},
    {42, "DIV", ht__tflite_read_elementwise, "Div", 2},
    {43, "SQUEEZE", ht__tflite_read_squeeze, "Squeeze", 1},
    {44, "UNIDIRECTIONAL_SEQUENCE_LSTM", ht__tflite_read_lstm, "Gemm", 1},
    {45, "STRIDED_SLICE", ht__tflite_read_strided_slice, "Slice", 4},
    {47, "EXP", ht__tflite_read_elementwise, "Exp", 1},
    {48, "TOPK_V2", ht__tflite_read_top_k, "TopK", 2},
    {49, "SPLIT", ht__tflite_read_split, "Slice", 2},
    {50, "LOG_SOFTMAX", ht__tflite_read_softmax, "LogSoftmax", 1},
    {53, "CAST", ht__tflite_read_cast, "Cast", 1},
    {54, "PRELU", ht__tflite_read_elementwise, "PRelu", 2},
    {55, "MAXIMUM", ht__tflite_read_elementwise, "Max", 2},
    {57, "MINIMUM", ht__tflite_read_elementwise, "Min", 2},
    {58, "LESS", ht__tflite_read_plainly, "Less", 2},
    {59, "NEG", ht__tflite_read_elementwise, "Neg", 1},
    {60, "PADV2", ht__tflite_read_pad, "Pad", 3},
    {61, "GREATER", ht__tflite_read_plainly, "Greater", 2},
    {62, "GREATER_EQUAL", ht__tflite_read_plainly, "GreaterOrEqual", 2},
    {63, "LESS_EQUAL", ht__tflite_read_plainly, "LessOrEqual", 2},
    {64, "SELECT", ht__tflite_read_select, "Where", 3},
    {65, "SLICE", ht__tflite_read_slice, "Slice", 3},
    {66, "SIN", ht__tflite_read_elementwise, "Sin", 1},
    {67, "TRANSPOSE_CONV", ht__tflite_read_transpose_conv, "ConvTranspose", 3},
    {69, "TILE", ht__tflite_read_tile, "Tile", 2},
    {70, "EXPAND_DIMS", ht__tflite_read_expand_dims, "Unsqueeze", 2},
    {71, "EQUAL", ht__tflite_read_plainly, "Equal", 2},
    {73, "LOG", ht__tflite_read_elementwise, "Log", 1},
    {74, "SUM", ht__tflite_read_reduce, "ReduceSum", 2},
    {75, "SQRT", ht__tflite_read_elementwise, "Sqrt", 1},
    {76, "RSQRT", ht__tflite_read_rsqrt, "Reciprocal", 1},
    {77, "SHAPE", ht__tflite_read_shape, "Shape", 1},
    {78, "POW", ht__tflite_read_elementwise, "Pow", 2},
    {82, "REDUCE_MAX", ht__tflite_read_reduce, "ReduceMax", 2},
    {83, "PACK", ht__tflite_read_pack, "Concat", 1},
    {84, "LOGICAL_OR", ht__tflite_read_plainly, "Or", 2},
    {86, "LOGICAL_AND", ht__tflite_read_plainly, "And", 2},
    {87, "LOGICAL_NOT", ht__tflite_read_plainly, "Not", 1},
    {88, "UNPACK", ht__tflite_read_unpack, "Gather", 1},
    {89, "REDUCE_MIN", ht__tflite_read_reduce, "ReduceMin", 2},
    {92, "SQUARE", ht__tflite_read_square, "Mul", 1},
    {94, "FILL", ht__tflite_read_fill, "Expand", 2},
    {96, "RANGE", ht__tflite_read_plainly, "Range", 3},
    {97, "RESIZE_NEAREST_NEIGHBOR", ht__tflite_read_resize, "Resize", 2},
    {98, "LEAKY_RELU", ht__tflite_read_leaky_relu, "LeakyRelu", 1},
    {99, "SQUARED_DIFFERENCE", ht__tflite_read_squared_difference, "Mul", 2},
    {100, "MIRROR_PAD", ht__tflite_read_mirror_pad, "Pad", 2},
    {101, "ABS", ht__tflite_read_elementwise, "Abs", 1},
    {102, "SPLIT_V", ht__tflite_read_split_v, "Slice", 3},
    {104, "CEIL", ht__tflite_read_elementwise, "Ceil", 1},
    {108, "COS", ht__tflite_read_elementwise, "Cos", 1},
    {109, "WHERE", ht__tflite_read_where, "NonZero", 1},
    {111, "ELU", ht__tflite_read_elementwise, "Elu", 1},
    {114, "QUANTIZE", ht__tflite_read_quantize, "Identity", 1},
    {116, "ROUND", ht__tflite_read_elementwise, "Round", 1},
    {117, "HARD_SWISH", ht__tflite_read_elementwise, "HardSwish", 1},
    {118, "IF", ht__tflite_read_if, "If", 1},
    {119, "WHILE", ht__tflite_read_while, "Loop", 1},
    {121, "NON_MAX_SUPPRESSION_V5", ht__tflite_read_select_boxes, "SelectBoxes", 5},
    {123, "SELECT_V2", ht__tflite_read_select, "Where", 3},
    {126, "BATCH_MATMUL", ht__tflite_read_batch_matmul, "MatMul", 2},
    {CALL_ONCE, "CALL_ONCE", ht__tflite_read_call_once, "", 0},
    {130, "BROADCAST_TO", ht__tflite_read_fill, "Expand", 2},
    {142, "VAR_HANDLE", ht__tflite_read_handle, "", 0},
    {143, "READ_VARIABLE", ht__tflite_read_variable, "Identity", 1},
    {ASSIGN_VARIABLE, "ASSIGN_VARIABLE", ht__tflite_read_assignment, "", 2},
    {150, "GELU", ht__tflite_read_gelu, "Gelu", 1},
    {152, "RELU_0_TO_1", ht__tflite_read_clip, "Clip", 1},
    {158, "SIGN", ht__tflite_read_elementwise, "Sign", 1},
};

const tflite_rule *ht__tflite_rule(const tflite_operator *op) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; ++i) {
        if (rules[i].code == op->code && (op->code != CUSTOM || strcmp(rules[i].name, op->custom) == 0)) {
            return &rules[i];
        }
    }
    return NULL;
}

bool ht__tflite_gives_nothing(const tflite_rule *rule) {
    return rule->code == CALL_ONCE || rule->code == ASSIGN_VARIABLE;
}
