/* The elementwise functions in f32 and f64: references call them element by element, the flat loops instantiate those
 * of f32 with a constant `function`, so that the switch vanishes. */
#ifndef HT_KERNELS_ELEMENTWISE_FUNCTIONS_H
#define HT_KERNELS_ELEMENTWISE_FUNCTIONS_H

#include <math.h>

#include "kernels/elementwise/elementwise.h"
#include "numeric/elementary_f32.h"

#define REAL float
#define FN(name) name##f
#define EXP ht__exp_f32
#define EXPM1 ht__expm1_f32
#define TANH ht__tanh_f32
#define SIGMOID ht__sigmoid_f32
#define ERF ht__erf_f32
#define CLIP_VALUE ht__clip_value
#define FLOOR_MOD ht__floor_mod_value
#define UNARY_VALUE ht__unary_value
#define BINARY_VALUE ht__binary_value
#include "kernels/elementwise/real_functions.inc"
#undef REAL
#undef FN
#undef EXP
#undef EXPM1
#undef TANH
#undef SIGMOID
#undef ERF
#undef CLIP_VALUE
#undef FLOOR_MOD
#undef UNARY_VALUE
#undef BINARY_VALUE

#define REAL double
#define FN(name) name
#define EXP exp
#define EXPM1 expm1
#define TANH tanh
#define SIGMOID(x) (1 / (1 + exp(-(x))))
#define ERF erf
#define CLIP_VALUE ht__clip_real
#define FLOOR_MOD ht__floor_mod_real
#define UNARY_VALUE ht__unary_real
#define BINARY_VALUE ht__binary_real
#include "kernels/elementwise/real_functions.inc"
#undef REAL
#undef FN
#undef EXP
#undef EXPM1
#undef TANH
#undef SIGMOID
#undef ERF
#undef CLIP_VALUE
#undef FLOOR_MOD
#undef UNARY_VALUE
#undef BINARY_VALUE

#endif
