/* Integers int2 .. int16 (two's complement, codes of a symmetric scheme) and uint1 .. uint16 (codes of an affine one).
 */
#include <math.h>

#include "numeric/format.h"
#include "numeric/formats.h"

static float decode_signed(const ht_number_format *format, uint32_t code) {
    int32_t span = 1 << format->bits;
    return (float)((int32_t)code > (int32_t)format->largest ? (int32_t)code - span : (int32_t)code);
}

static uint32_t encode_signed(const ht_number_format *format, float value) {
    float limit = (float)format->largest;
    float rounded = rintf(value);
    rounded = rounded > limit ? limit : rounded < -limit - 1 ? -limit - 1 : rounded;
    return (uint32_t)(int32_t)(isnan(value) ? 0.0f : rounded) & ((1u << format->bits) - 1);
}

static float decode_unsigned(const ht_number_format *format, uint32_t code) {
    (void)format;
    return (float)code;
}

static uint32_t encode_unsigned(const ht_number_format *format, float value) {
    float limit = (float)format->largest;
    float rounded = rintf(value);
    return (uint32_t)(rounded > limit ? limit : rounded > 0.0f ? rounded : 0.0f);
}

#define SIGNED(width)                                                                                             \
    {                                                                                                             \
        .name = "int" #width,                                                                                     \
        .summary = "signed integer, two's complement; a symmetric scheme leaves the lowest code unused",          \
        .bits = (width), .sign_bits = 1, .mantissa_bits = (width)-1, .largest = (1u << ((width)-1)) - 1,          \
        .decode = decode_signed, .encode = encode_signed, .error_bound = "1/2, times the scale", .zero = "exact", \
        .nan = "no code", .beyond = "the largest or smallest integer"                                             \
    }
#define UNSIGNED(width)                                                                                              \
    {                                                                                                                \
        .name = "uint" #width, .summary = "unsigned integer; an affine scheme's zero point says which code is zero", \
        .bits = (width), .mantissa_bits = (width), .largest = (1u << (width)) - 1, .decode = decode_unsigned,        \
        .encode = encode_unsigned, .error_bound = "1/2, times the scale", .zero = "exact", .nan = "no code",         \
        .beyond = "the largest integer, or 0"                                                                        \
    }

const ht_number_format ht__signed_integers[HT_SIGNED_INTEGERS] = {
    SIGNED(2),  SIGNED(3),  SIGNED(4),  SIGNED(5),  SIGNED(6),  SIGNED(7),  SIGNED(8), SIGNED(9),
    SIGNED(10), SIGNED(11), SIGNED(12), SIGNED(13), SIGNED(14), SIGNED(15), SIGNED(16)};
const ht_number_format ht__unsigned_integers[HT_UNSIGNED_INTEGERS] = {
    UNSIGNED(1), UNSIGNED(2),  UNSIGNED(3),  UNSIGNED(4),  UNSIGNED(5),  UNSIGNED(6),  UNSIGNED(7),  UNSIGNED(8),
    UNSIGNED(9), UNSIGNED(10), UNSIGNED(11), UNSIGNED(12), UNSIGNED(13), UNSIGNED(14), UNSIGNED(15), UNSIGNED(16)};
