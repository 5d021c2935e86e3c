/* Elementwise functions of one and of two tensors.
 *
 *   unary   input x; output y of the same shape and layout: y = f(x; a, b)
 *           any float type; abs, neg, sign and relu integers too
 *   binary  inputs x, z broadcast against each other as NumPy does; output y. The three have one layout, except that an
 *           operand with at most one dimension larger than 1 counts as any layout. All have one type, except that
 *           comparisons give bool and the exponent of pow has any type.
 *
 * Integers are exact: they wrap, division truncates, division by zero fails the run with HT_ERROR_NUMERIC. Floats other
 * than f32 are computed in f64 and rounded once.
 */
#ifndef HT_KERNELS_ELEMENTWISE_H
#define HT_KERNELS_ELEMENTWISE_H

#include "kernels/kernel.h"

/* X(NAME, name): f(x; a, b) */
#define HT_UNARY_LIST(X)                                                             \
    X(RELU, relu)                 /* max(0, x), NaN stays NaN */                     \
    X(LEAKY_RELU, leaky_relu)     /* x < 0 ? a x : x */                              \
    X(ELU, elu)                   /* x < 0 ? a (exp(x) - 1) : x */                   \
    X(CLIP, clip)                 /* min(max(x, a), b) */                            \
    X(SIGMOID, sigmoid)           /* 1 / (1 + exp(-x)) */                            \
    X(HARD_SIGMOID, hard_sigmoid) /* max(0, min(1, a x + b)) */                      \
    X(HARD_SWISH, hard_swish)     /* x max(0, min(1, x/6 + 1/2)) */                  \
    X(TANH, tanh)                                                                    \
    X(EXP, exp)                                                                      \
    X(LOG, log)                                                                      \
    X(SQRT, sqrt)                                                                    \
    X(ABS, abs)                                                                      \
    X(NEG, neg)                                                                      \
    X(RECIPROCAL, reciprocal)                                                        \
    X(ERF, erf)                                                                      \
    X(SOFTPLUS, softplus) /* log(1 + exp(x)) */                                      \
    X(FLOOR, floor)                                                                  \
    X(CEIL, ceil)                                                                    \
    X(ROUND, round) /* to nearest, ties to even */                                   \
    X(SIGN, sign)                                                                    \
    X(SIN, sin)                                                                      \
    X(COS, cos)                                                                      \
    X(TAN, tan)                                                                      \
    X(ASIN, asin)                                                                    \
    X(ACOS, acos)                                                                    \
    X(ATAN, atan)                                                                    \
    X(SINH, sinh)                                                                    \
    X(COSH, cosh)                                                                    \
    X(ASINH, asinh)                                                                  \
    X(ACOSH, acosh)                                                                  \
    X(ATANH, atanh)                                                                  \
    X(GELU, gelu)                         /* x Phi(x) */                             \
    X(GELU_TANH, gelu_tanh)               /* its approximation by tanh */            \
    X(MISH, mish)                         /* x tanh(log(1 + exp(x))) */              \
    X(SELU, selu)                         /* b (x > 0 ? x : a (exp(x) - 1)) */       \
    X(CELU, celu)                         /* max(0, x) + min(0, a (exp(x/a) - 1)) */ \
    X(SOFTSIGN, softsign)                 /* x / (1 + |x|) */                        \
    X(THRESHOLDED_RELU, thresholded_relu) /* x > a ? x : 0 */                        \
    X(SHRINK, shrink)                     /* x < -a ? x + b : x > a ? x - b : 0 */   \
    X(SWISH, swish)                       /* x / (1 + exp(-a x)) */

/* X(NAME, name): f(x, z; a, b); the _grad ones take (y or x as said, dy) and give dx */
#define HT_BINARY_LIST(X)                                                 \
    X(ADD, add)                                                           \
    X(SUB, sub)                                                           \
    X(MUL, mul)                                                           \
    X(DIV, div)                                                           \
    X(POW, pow)                                                           \
    X(MIN, min)                                                           \
    X(MAX, max)                                                           \
    X(PRELU, prelu)                     /* x < 0 ? z x : x */             \
    X(RELU_GRAD, relu_grad)             /* (y, dy): y > 0 ? dy : 0 */     \
    X(LEAKY_RELU_GRAD, leaky_relu_grad) /* (x, dy): x < 0 ? a dy : dy */  \
    X(CLIP_GRAD, clip_grad)             /* (x, dy): a < x < b ? dy : 0 */ \
    X(SIGMOID_GRAD, sigmoid_grad)       /* (y, dy): dy y (1 - y) */       \
    X(TANH_GRAD, tanh_grad)             /* (y, dy): dy (1 - y y) */       \
    X(FMOD, fmod)                       /* remainder, sign of x */        \
    X(MOD, mod)                         /* remainder, sign of z */

/* X(NAME, name): functions whose result is no f32: comparisons give bool; the others are of integers, and the first
 * three of bool. Shifting right keeps the sign. */
#define HT_BINARY_DISCRETE_LIST(X)        \
    X(EQUAL, equal)                       \
    X(LESS, less)                         \
    X(LESS_OR_EQUAL, less_or_equal)       \
    X(GREATER, greater)                   \
    X(GREATER_OR_EQUAL, greater_or_equal) \
    X(BIT_AND, bit_and)                   \
    X(BIT_OR, bit_or)                     \
    X(BIT_XOR, bit_xor)                   \
    X(SHIFT_LEFT, shift_left)             \
    X(SHIFT_RIGHT, shift_right)

typedef enum ht_unary {
#define HT_UNARY_ENUM(NAME, name) HT_UNARY_##NAME,
    HT_UNARY_LIST(HT_UNARY_ENUM)
#undef HT_UNARY_ENUM
} ht_unary;

typedef enum ht_binary {
#define HT_BINARY_ENUM(NAME, name) HT_BINARY_##NAME,
    HT_BINARY_LIST(HT_BINARY_ENUM) HT_BINARY_DISCRETE_LIST(HT_BINARY_ENUM)
#undef HT_BINARY_ENUM
} ht_binary;

typedef struct ht_unary_parameters {
    ht_unary function;
    float a, b;
} ht_unary_parameters;

typedef struct ht_binary_parameters {
    ht_binary function;
    float a, b;
} ht_binary_parameters;

extern const ht_kernel_family ht__unary_family, ht__binary_family;

#endif
