/* Elementwise functions of two tensors of codes, broadcast against each other as NumPy does. With a = code - zero of x,
 * b = code - zero of z, and s their scales:
 *
 *   float  y = clamp(zero_y + round_half_even(f(a s_x, b s_z) / s_y)), every step in f32: what the float operator
 *          between DequantizeLinear and QuantizeLinear gives
 *   fixed  y = clamp(zero_y + r), M being ht__fixed_multiply by a multiplier and its shift:
 *          add, sub  r = M_y(M_x(a 2^left) +- M_z(b 2^left))
 *          mul       r = M_y(a b)
 *          prelu     r = a >= 0 ? M_x(a) : M_y(a b)
 *
 * Inputs x, z and output y: u8, i8, u16 or i16, of one layout, except that an operand with at most one dimension larger
 * than 1 counts as any layout.
 */
#ifndef HT_KERNELS_INTEGER_BINARY_H
#define HT_KERNELS_INTEGER_BINARY_H

#include "kernels/requantize.h"

typedef enum ht_integer_binary {
    HT_INTEGER_ADD,
    HT_INTEGER_SUB,
    HT_INTEGER_MUL,
    HT_INTEGER_PRELU /* a < 0 ? b a : a */
} ht_integer_binary;

typedef struct ht_integer_binary_parameters {
    ht_integer_binary function;
    ht_requantize_parameters requantize; /* float or fixed */
    int32_t zero[3];                     /* of x, z, y */
    float scale[3];                      /* float */
    int32_t left;                        /* fixed: bits that add and sub shift codes up by */
    int32_t multiplier[3], shift[3];     /* fixed */
} ht_integer_binary_parameters;

extern const ht_kernel_family ht__integer_binary_family;

#endif
