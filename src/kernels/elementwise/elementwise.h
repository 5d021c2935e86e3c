/* Elementwise functions of one and of two tensors.
 *
 *   unary   input x; output y of the same shape and layout: y = f(x; a, b)
 *   binary  inputs x, z broadcast against each other as NumPy does; output y. All f32 (or all i64 for shape arithmetic:
 *           add, sub, mul, div, min, max). The three have one layout, except that an operand with at most one dimension
 *           larger than 1 counts as any layout.
 */
#ifndef HT_KERNELS_ELEMENTWISE_H
#define HT_KERNELS_ELEMENTWISE_H

#include "kernels/kernel.h"

/* X(NAME, name): f(x; a, b) */
#define HT_UNARY_LIST(X)                                            \
    X(RELU, relu)                 /* max(0, x), NaN stays NaN */    \
    X(LEAKY_RELU, leaky_relu)     /* x < 0 ? a x : x */             \
    X(ELU, elu)                   /* x < 0 ? a (exp(x) - 1) : x */  \
    X(CLIP, clip)                 /* min(max(x, a), b) */           \
    X(SIGMOID, sigmoid)           /* 1 / (1 + exp(-x)) */           \
    X(HARD_SIGMOID, hard_sigmoid) /* max(0, min(1, a x + b)) */     \
    X(HARD_SWISH, hard_swish)     /* x max(0, min(1, x/6 + 1/2)) */ \
    X(TANH, tanh)                                                   \
    X(EXP, exp)                                                     \
    X(LOG, log)                                                     \
    X(SQRT, sqrt)                                                   \
    X(ABS, abs)                                                     \
    X(NEG, neg)                                                     \
    X(RECIPROCAL, reciprocal)                                       \
    X(ERF, erf)                                                     \
    X(SOFTPLUS, softplus) /* log(1 + exp(x)) */                     \
    X(FLOOR, floor)                                                 \
    X(CEIL, ceil)                                                   \
    X(ROUND, round) /* to nearest, ties to even */                  \
    X(SIGN, sign)

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
    X(TANH_GRAD, tanh_grad)             /* (y, dy): dy (1 - y y) */

typedef enum ht_unary {
#define HT_UNARY_ENUM(NAME, name) HT_UNARY_##NAME,
    HT_UNARY_LIST(HT_UNARY_ENUM)
#undef HT_UNARY_ENUM
} ht_unary;

typedef enum ht_binary {
#define HT_BINARY_ENUM(NAME, name) HT_BINARY_##NAME,
    HT_BINARY_LIST(HT_BINARY_ENUM)
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
