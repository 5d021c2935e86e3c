/* What operators share when they become integer: the operands of products, requantization attributes. */
#ifndef HT_OPS_INTEGER_H
#define HT_OPS_INTEGER_H

#include "graph/integer.h"
#include "kernels/requantize.h"
#include "ops/common.h"

/* The attributes requantize ("none", "float", "fixed", "real"), low, high and way (ht_fixed_way) of an integer node. */
ht_status ht__integer_set_requantize(ht_integer *integer, ht_node *node, ht_error *err);
ht_status ht__integer_read_requantize(const ht_node *node, ht_requantize_parameters *out, ht_error *err);
/* The type of a product's result: f32 under the rule `real`, else that of its zero point, i32 without one. */
ht_type ht__integer_product_type(const ht_node *node);

/* Adds the node `op_name` with the operands of requantize.h for a product of input 0 with input 1 and the bias in input
 * 2 (if there is one); `columns` is the number of output channels, `way` and `in_f32` say how the rule `fixed`
 * multiplies, and whether s_x s_w is rounded to f32. *out is NULL when the operands are not all codes.
 * The caller adds attributes and gives the result. A target of type f32 asks for a real result (the rule `real`), which
 * constant weights can have. */
ht_status ht__integer_product(ht_integer *integer, const ht_node *node, const char *op_name, int64_t columns,
                              ht_fixed_way way, bool in_f32, ht_node **out, ht_error *err);

/* Has the node's operator an integer form that may have a real result? */
bool ht__integer_may_be_real(const ht_node *node);

/* The same whole for a convolution or its transpose: `attributes` (ending with NULL) are copied, the result is given.
 */
ht_status ht__integer_convolution(ht_integer *integer, const ht_node *node, const char *op_name, int64_t columns,
                                  const char *const *attributes, ht_error *err);

/* The shape of a product of matrices that may be transposed, with `type` as its element type. Errors:
 * HT_ERROR_MISMATCH, HT_ERROR_UNSUPPORTED (vectors). */
ht_status ht__integer_matmul_infer(ht_node *node, const ht_tensor_desc *x, const ht_tensor_desc *w, bool transpose_x,
                                   bool transpose_w, ht_type type, ht_error *err);

/* What a QuantizeLinear or DequantizeLinear says of its codes of `type`: constant, one scale, one zero point. type is
 * HT_NONE when it is none of 8 or 16 bits, or says something else. */
ht_status ht__quantizer_codes(const ht_node *node, ht_type type, ht_codes *out, ht_error *err);

/* The integer forms of standard operators. */
#define HT_INTEGER_FORM_LIST(X) \
    X(Abs)                      \
    X(Add)                      \
    X(AveragePool)              \
    X(Celu)                     \
    X(Clip)                     \
    X(Conv)                     \
    X(ConvTranspose)            \
    X(DequantizeLinear)         \
    X(Div)                      \
    X(Elu)                      \
    X(Erf)                      \
    X(Exp)                      \
    X(Gelu)                     \
    X(Gemm)                     \
    X(GlobalAveragePool)        \
    X(HardSigmoid)              \
    X(HardSwish)                \
    X(LeakyRelu)                \
    X(Log)                      \
    X(LogSoftmax)               \
    X(MatMul)                   \
    X(MaxPool)                  \
    X(Mish)                     \
    X(Mul)                      \
    X(Neg)                      \
    X(PRelu)                    \
    X(Pad)                      \
    X(Reciprocal)               \
    X(ReduceMean)               \
    X(Relu)                     \
    X(Resize)                   \
    X(Selu)                     \
    X(Sigmoid)                  \
    X(Softmax)                  \
    X(Softplus)                 \
    X(Softsign)                 \
    X(Sqrt)                     \
    X(Sub)                      \
    X(Swish)                    \
    X(Tanh)                     \
    X(ThresholdedRelu)
#define HT_INTEGER_DECLARE(Name) ht_status ht__integer_##Name(ht_integer *integer, const ht_node *node, ht_error *err);
HT_INTEGER_FORM_LIST(HT_INTEGER_DECLARE)
#undef HT_INTEGER_DECLARE

/* Copies the attributes of `from` that are named; `names` ends with NULL. */
ht_status ht__copy_attributes(ht_graph *graph, const ht_node *from, const char *const *names, ht_node *to,
                              ht_error *err);

ht_status ht__copy_all_attributes(ht_graph *graph, const ht_node *from, ht_node *to, ht_error *err);

/* The fixed-point form of m >= 0: multiplier and shift as in kernels/fixed_point.h; a multiplier of 0 for m below
 * 2^-32. LiteRT's QuantizeMultiplier. False when m is not finite or too large (shift above 30). */
bool ht__fixed_multiplier(double m, int32_t *multiplier, int32_t *shift);
/* m >= 0 as multiplier * 2^shift with a multiplier of 53 bits: what it is. False when m is not finite. */
bool ht__exact_multiplier(double m, int64_t *multiplier, int32_t *shift);

#endif
