/* The elementwise functions in f32 and f64: references call them element by element, the flat loops instantiate those
 * of f32 with a constant `function`, so that the switch vanishes. */
#ifndef HT_KERNELS_ELEMENTWISE_FUNCTIONS_H
#define HT_KERNELS_ELEMENTWISE_FUNCTIONS_H

#include <math.h>

#include "kernels/elementwise/elementwise.h"

#define REAL float
#define FN(name) name##f
#define CLIP_VALUE ht__clip_value
#define FLOOR_MOD ht__floor_mod_value
#define UNARY_VALUE ht__unary_value
#define BINARY_VALUE ht__binary_value
#include "kernels/elementwise/real_functions.inc"
#undef REAL
#undef FN
#undef CLIP_VALUE
#undef FLOOR_MOD
#undef UNARY_VALUE
#undef BINARY_VALUE

#define REAL double
#define FN(name) name
#define CLIP_VALUE ht__clip_real
#define FLOOR_MOD ht__floor_mod_real
#define UNARY_VALUE ht__unary_real
#define BINARY_VALUE ht__binary_real
#include "kernels/elementwise/real_functions.inc"
#undef REAL
#undef FN
#undef CLIP_VALUE
#undef FLOOR_MOD
#undef UNARY_VALUE
#undef BINARY_VALUE

#endif
