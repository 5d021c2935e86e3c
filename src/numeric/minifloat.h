/* Small binary floating point: a sign bit, `exponent_bits` of exponent with a bias, `mantissa_bits` of fraction, with
 * subnormals. Value = (-1)^s 2^(max(E,1) - bias) (M / 2^m + [E > 0]).
 */
#ifndef HT_NUMERIC_MINIFLOAT_H
#define HT_NUMERIC_MINIFLOAT_H

#include "numeric/format.h"

/* Fills *format with the finite-only minifloat of 1 + exponent_bits + mantissa_bits bits (every code is a number, as
 * in the OCP MX element formats), bias 2^(exponent_bits - 1) - 1. Range: exponent_bits 1..8, mantissa_bits 0..10.
 * The formats with special values come from ht__number_format. `name` is kept, not copied. */
void ht__minifloat(ht_number_format *format, const char *name, unsigned exponent_bits, unsigned mantissa_bits);

float ht__minifloat_decode(const ht_number_format *format, uint32_t code);
uint32_t ht__minifloat_encode(const ht_number_format *format, float value);

/* Signed codes count the format's values from zero: magnitude code with the value's sign. For each of `count` finite
 * values: lower[i], the signed code of the largest format value at or below values[i] / scale, cut to +-largest, and
 * fraction[i] in [0, 1], the part of the way to the next; exactly one half only for a tie. scale > 0. */
void ht__minifloat_locate(const ht_number_format *format, float scale, const float *values, size_t count,
                          int32_t *lower, float *fraction);
/* values[i] = scale * value of the code whose sign and magnitude are those of the integer signed_codes[i]. */
void ht__minifloat_decode_signed(const ht_number_format *format, float scale, const int32_t *signed_codes, size_t count,
                                 float *values);

#endif
