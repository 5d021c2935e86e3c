/* The elementwise functions, each written once: references call them element by element, the flat loops instantiate
 * them with a constant `function`, so that the switch vanishes. */
#ifndef HT_KERNELS_ELEMENTWISE_FUNCTIONS_H
#define HT_KERNELS_ELEMENTWISE_FUNCTIONS_H

#include <math.h>

#include "kernels/elementwise/elementwise.h"

/* min(max(x, low), high), NaN stays NaN. */
static inline float ht__clip_value(float x, float low, float high) {
    float raised = x < low ? low : x;
    return raised > high ? high : raised;
}

static inline float ht__unary_value(ht_unary function, float x, float a, float b) {
    switch (function) {
    case HT_UNARY_RELU: return x < 0.0f ? 0.0f : x;
    case HT_UNARY_LEAKY_RELU: return x < 0.0f ? a * x : x;
    case HT_UNARY_ELU: return x < 0.0f ? a * expm1f(x) : x;
    case HT_UNARY_CLIP: return ht__clip_value(x, a, b);
    case HT_UNARY_SIGMOID: return 1.0f / (1.0f + expf(-x));
    case HT_UNARY_HARD_SIGMOID: return ht__clip_value(a * x + b, 0.0f, 1.0f);
    case HT_UNARY_HARD_SWISH: return x * ht__clip_value(x / 6.0f + 0.5f, 0.0f, 1.0f);
    case HT_UNARY_TANH: return tanhf(x);
    case HT_UNARY_EXP: return expf(x);
    case HT_UNARY_LOG: return logf(x);
    case HT_UNARY_SQRT: return sqrtf(x);
    case HT_UNARY_ABS: return fabsf(x);
    case HT_UNARY_NEG: return -x;
    case HT_UNARY_RECIPROCAL: return 1.0f / x;
    case HT_UNARY_ERF: return erff(x);
    case HT_UNARY_SOFTPLUS: return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))); /* no overflow for large x */
    case HT_UNARY_FLOOR: return floorf(x);
    case HT_UNARY_CEIL: return ceilf(x);
    case HT_UNARY_ROUND: return rintf(x);
    case HT_UNARY_SIGN: return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    }
    return x;
}

static inline float ht__binary_value(ht_binary function, float x, float z, float a, float b) {
    switch (function) {
    case HT_BINARY_ADD: return x + z;
    case HT_BINARY_SUB: return x - z;
    case HT_BINARY_MUL: return x * z;
    case HT_BINARY_DIV: return x / z;
    case HT_BINARY_POW: return powf(x, z);
    case HT_BINARY_MIN: return x < z || x != x ? x : z; /* a NaN on either side gives NaN */
    case HT_BINARY_MAX: return x > z || x != x ? x : z;
    case HT_BINARY_PRELU: return x < 0.0f ? z * x : x;
    case HT_BINARY_RELU_GRAD: return x > 0.0f ? z : 0.0f;
    case HT_BINARY_LEAKY_RELU_GRAD: return x < 0.0f ? a * z : z;
    case HT_BINARY_CLIP_GRAD: return a < x && x < b ? z : 0.0f;
    case HT_BINARY_SIGMOID_GRAD: return z * (x * (1.0f - x));
    case HT_BINARY_TANH_GRAD: return z * (1.0f - x * x);
    }
    return x;
}

#endif
