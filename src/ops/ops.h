/* The one list of operators: X(Name). A new operator is a folder with `const ht_op ht__op_Name` and a line here. */
#ifndef HT_OPS_OPS_H
#define HT_OPS_OPS_H

#include "graph/op.h"

#define HT_OP_LIST(X)     \
    X(Abs)                \
    X(Add)                \
    X(AveragePool)        \
    X(BatchNormGrad)      \
    X(BatchNormTrain)     \
    X(BatchNormalization) \
    X(Cast)               \
    X(Ceil)               \
    X(Clip)               \
    X(ClipGrad)           \
    X(Concat)             \
    X(Conv)               \
    X(ConvGradInput)      \
    X(ConvGradWeight)     \
    X(ConvInteger)        \
    X(CrossEntropy)       \
    X(CrossEntropyGrad)   \
    X(DequantizeLinear)   \
    X(Div)                \
    X(Dropout)            \
    X(DropoutTrain)       \
    X(Elu)                \
    X(Erf)                \
    X(Exp)                \
    X(Expand)             \
    X(FakeQuantize)       \
    X(FakeQuantizeGrad)   \
    X(Flatten)            \
    X(Floor)              \
    X(Gather)             \
    X(Gemm)               \
    X(GlobalAveragePool)  \
    X(GlobalMaxPool)      \
    X(HardSigmoid)        \
    X(HardSwish)          \
    X(Identity)           \
    X(IntegerBinary)      \
    X(IntegerConv)        \
    X(IntegerMatMul)      \
    X(IntegerMean)        \
    X(IntegerPool)        \
    X(IntegerQuantize)    \
    X(IntegerSoftmax)     \
    X(LeakyRelu)          \
    X(LeakyReluGrad)      \
    X(Log)                \
    X(LogSoftmax)         \
    X(Lookup)             \
    X(MatMul)             \
    X(MatMulInteger)      \
    X(Max)                \
    X(MaxPool)            \
    X(Min)                \
    X(Mul)                \
    X(Neg)                \
    X(PRelu)              \
    X(Pad)                \
    X(PoolGrad)           \
    X(Pow)                \
    X(QLinearConv)        \
    X(QLinearMatMul)      \
    X(QuantizeLinear)     \
    X(Reciprocal)         \
    X(ReduceMax)          \
    X(ReduceMean)         \
    X(ReduceMin)          \
    X(ReduceSum)          \
    X(Relu)               \
    X(ReluGrad)           \
    X(Reshape)            \
    X(Resize)             \
    X(Round)              \
    X(Shape)              \
    X(Sigmoid)            \
    X(SigmoidGrad)        \
    X(Sign)               \
    X(Slice)              \
    X(Softmax)            \
    X(SoftmaxGrad)        \
    X(Softplus)           \
    X(Sqrt)               \
    X(SquaredError)       \
    X(SquaredErrorGrad)   \
    X(Squeeze)            \
    X(Sub)                \
    X(Tanh)               \
    X(TanhGrad)           \
    X(Transpose)          \
    X(Unsqueeze)

#define HT_OP_DECLARE(Name) extern const ht_op ht__op_##Name;
HT_OP_LIST(HT_OP_DECLARE)
#undef HT_OP_DECLARE

#endif
