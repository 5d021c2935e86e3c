#include "numeric/minifloat.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/formats.h"

/* f32 has 23 fraction bits; its exponent field is biased by 127. */
enum { F32_FRACTION = 23, F32_BIAS = 127 };
#define LARGEST_FLOAT 0x1.fffffep127f

float ht__minifloat_decode(const ht_number_format *format, uint32_t code) {
    unsigned magnitude_bits = format->exponent_bits + format->mantissa_bits;
    uint32_t magnitude = code & ((1u << magnitude_bits) - 1);
    float sign = code >> magnitude_bits & 1 ? -1.0f : 1.0f;
    uint32_t exponent = magnitude >> format->mantissa_bits;
    uint32_t fraction = magnitude & ((1u << format->mantissa_bits) - 1);
    if (magnitude > format->largest) {
        return format->has_infinity && fraction == 0 ? sign * INFINITY : NAN;
    }
    uint32_t implicit = exponent > 0 ? 1u << format->mantissa_bits : 0;
    int power = (exponent > 0 ? (int)exponent : 1) - format->bias - format->mantissa_bits;
    return sign * ldexpf((float)(fraction + implicit), power);
}

uint32_t ht__minifloat_encode(const ht_number_format *format, float value) {
    unsigned magnitude_bits = format->exponent_bits + format->mantissa_bits;
    uint32_t sign = signbit(value) ? 1u << magnitude_bits : 0;
    if (isnan(value)) {
        /* All ones is NaN in every format here that has one. */
        return sign | ((1u << magnitude_bits) - 1);
    }
    /* IEEE 754 rounds to infinity from half a step beyond the largest finite value on. */
    double largest = ht__minifloat_decode(format, format->largest);
    double step = largest - ht__minifloat_decode(format, format->largest - 1);
    if (format->has_infinity && fabs((double)value) >= largest + step / 2) {
        return sign | (format->largest + 1);
    }
    int32_t lower;
    float fraction;
    value = fabsf(value);
    ht__minifloat_locate(format, 1.0f, &value, 1, &lower, &fraction);
    return sign | ((uint32_t)lower + (fraction > 0.5f || (fraction == 0.5f && (lower & 1))));
}

void ht__minifloat(ht_number_format *format, const char *name, unsigned exponent_bits, unsigned mantissa_bits) {
    *format = (ht_number_format){
        .name = name,
        .summary = "small float without special values",
        .bits = (uint8_t)(1 + exponent_bits + mantissa_bits),
        .sign_bits = 1,
        .exponent_bits = (uint8_t)exponent_bits,
        .mantissa_bits = (uint8_t)mantissa_bits,
        .bias = (int16_t)((1 << (exponent_bits - 1)) - 1),
        .largest = (1u << (exponent_bits + mantissa_bits)) - 1,
        .decode = ht__minifloat_decode,
        .encode = ht__minifloat_encode,
        .error_bound = "half the distance to the neighbouring value",
        .zero = "exact; the sign bit makes two zeros",
        .nan = "no code",
        .beyond = "the largest value",
    };
    /* With 8 exponent bits the top exponent would pass f32's range: its codes are left unused. */
    uint32_t f32_top = (254u - F32_BIAS + (uint32_t)format->bias + 1) << mantissa_bits;
    if (format->largest >= f32_top) {
        format->largest = f32_top - 1;
    }
}

/* Shifting the f32 significand right by 23 - m bits (more below the smallest normal exponent) leaves the magnitude
 * code's mantissa, the bits shifted out are the fraction. The implicit one carries into the exponent field, which so
 * counts from one, as it must. */
HT_CLONES
static void locate(const ht_number_format *format, float scale, const float *values, size_t count,
                   int32_t *restrict lower, float *restrict fraction) {
    const int32_t mantissa_bits = format->mantissa_bits, largest = (int32_t)format->largest;
    const int32_t smallest_normal = F32_BIAS + 1 - format->bias;
    for (size_t i = 0; i < count; ++i) {
        float quotient = values[i] / scale;
        uint32_t bits;
        memcpy(&bits, &quotient, sizeof bits);
        int32_t magnitude = (int32_t)(bits & 0x7fffffff);
        /* An overflowing quotient is treated as the largest f32. */
        magnitude = magnitude > 0x7f7fffff ? 0x7f7fffff : magnitude;
        int32_t exponent = magnitude >> F32_FRACTION;
        int32_t significand = (magnitude & 0x7fffff) | (exponent > 0 ? 0x800000 : 0);
        exponent = exponent > 0 ? exponent : 1;
        int32_t below = smallest_normal - exponent;
        below = below > 0 ? below : 0;
        int32_t shift = F32_FRACTION - mantissa_bits + below;
        int32_t above = exponent - smallest_normal;
        above = above > 0 ? above : 0;
        /* Beyond 30 places nothing is left of the significand; beyond 126 the fraction is no longer told from zero. */
        int32_t places = shift < 30 ? shift : 30;
        int32_t code = (above << mantissa_bits) + (significand >> places);
        int32_t rest = significand & ((1 << places) - 1);
        /* rest / 2^shift is exact: rest has at most 24 bits. */
        int32_t inverse_bits = (F32_BIAS - (shift < 126 ? shift : 126)) << F32_FRACTION;
        float inverse;
        memcpy(&inverse, &inverse_bits, sizeof inverse);
        float part = (float)rest * inverse;
        code = code < largest ? code : largest;
        part = code < largest ? part : 0.0f;
        /* Below zero all is mirrored: the value below -x is the negative of the one above x. */
        int32_t above_zero = part > 0.0f ? code + 1 : code;
        float mirrored = part > 0.0f ? 1.0f - part : 0.0f;
        lower[i] = quotient < 0.0f ? -above_zero : code;
        fraction[i] = quotient < 0.0f ? mirrored : part;
    }
}

HT_CLONES
static void decode_signed(const ht_number_format *format, float scale, const int32_t *restrict signed_codes,
                          size_t count, float *restrict values) {
    const int32_t mantissa_bits = format->mantissa_bits, mask = (1 << mantissa_bits) - 1;
    /* A subnormal is its fraction times 2^(1 - bias - m). For bf16 that unit is itself subnormal in f32. */
    const float unit = ldexpf(1.0f, 1 - format->bias - mantissa_bits);
    const int32_t rebias = F32_BIAS - format->bias;
    for (size_t i = 0; i < count; ++i) {
        int32_t code = signed_codes[i];
        int32_t magnitude = code < 0 ? -code : code;
        int32_t exponent = magnitude >> mantissa_bits, part = magnitude & mask;
        int32_t normal_bits = ((exponent + rebias) << F32_FRACTION) | (part << (F32_FRACTION - mantissa_bits));
        float normal;
        memcpy(&normal, &normal_bits, sizeof normal);
        float value = exponent > 0 ? normal : (float)part * unit;
        /* The rounding of a huge scale may carry the largest code past the largest float. */
        value = value * scale;
        value = value < LARGEST_FLOAT ? value : LARGEST_FLOAT;
        values[i] = code < 0 ? -value : value;
    }
}

/* The multiversioned bodies stay static: the compiler would export their resolvers from the shared library. */
void ht__minifloat_locate(const ht_number_format *format, float scale, const float *values, size_t count,
                          int32_t *lower, float *fraction) {
    locate(format, scale, values, count, lower, fraction);
}

void ht__minifloat_decode_signed(const ht_number_format *format, float scale, const int32_t *signed_codes, size_t count,
                                 float *values) {
    decode_signed(format, scale, signed_codes, count, values);
}

#define IEEE_BEYOND "infinity; as the levels of a scheme: the largest value"

/* In IEEE formats the all-ones exponent holds infinity and NaN, so the largest code is the one before it. */
const ht_number_format ht__f16 = {
    .name = "f16",
    .summary = "IEEE 754 binary16, half precision",
    .bits = 16,
    .sign_bits = 1,
    .exponent_bits = 5,
    .mantissa_bits = 10,
    .bias = 15,
    .largest = 0x7bff,
    .has_infinity = true,
    .decode = ht__minifloat_decode,
    .encode = ht__minifloat_encode,
    .error_bound = "2^-11 of the value, at least 2^-25",
    .zero = "exact; the sign bit makes two zeros",
    .nan = "a NaN",
    .beyond = IEEE_BEYOND,
};

const ht_number_format ht__bf16 = {
    .name = "bf16",
    .summary = "the upper half of an f32: its range, 8 significant bits",
    .bits = 16,
    .sign_bits = 1,
    .exponent_bits = 8,
    .mantissa_bits = 7,
    .bias = 127,
    .largest = 0x7f7f,
    .has_infinity = true,
    .decode = ht__minifloat_decode,
    .encode = ht__minifloat_encode,
    .error_bound = "2^-8 of the value",
    .zero = "exact; the sign bit makes two zeros",
    .nan = "a NaN",
    .beyond = IEEE_BEYOND,
};

const ht_number_format ht__f8e5m2 = {
    .name = "f8e5m2",
    .summary = "8-bit float with the range of f16 (OCP FP8)",
    .bits = 8,
    .sign_bits = 1,
    .exponent_bits = 5,
    .mantissa_bits = 2,
    .bias = 15,
    .largest = 0x7b,
    .has_infinity = true,
    .decode = ht__minifloat_decode,
    .encode = ht__minifloat_encode,
    .error_bound = "2^-3 of the value, at least 2^-17",
    .zero = "exact; the sign bit makes two zeros",
    .nan = "a NaN",
    .beyond = IEEE_BEYOND,
};

const ht_number_format ht__f8e4m3 = {
    .name = "f8e4m3",
    .summary = "8-bit float up to 448, no infinities (OCP FP8, E4M3FN)",
    .bits = 8,
    .sign_bits = 1,
    .exponent_bits = 4,
    .mantissa_bits = 3,
    .bias = 7,
    .largest = 0x7e,
    .decode = ht__minifloat_decode,
    .encode = ht__minifloat_encode,
    .error_bound = "2^-4 of the value, at least 2^-10",
    .zero = "exact; the sign bit makes two zeros",
    .nan = "the code of all ones",
    .beyond = "448",
};

#define FINITE_FORMAT(identifier, label, text, exponent, mantissa, bound, top) \
    const ht_number_format identifier = {                                      \
        .name = label,                                                         \
        .summary = text,                                                       \
        .bits = 1 + (exponent) + (mantissa),                                   \
        .sign_bits = 1,                                                        \
        .exponent_bits = (exponent),                                           \
        .mantissa_bits = (mantissa),                                           \
        .bias = (1 << ((exponent)-1)) - 1,                                     \
        .largest = (1u << ((exponent) + (mantissa))) - 1,                      \
        .decode = ht__minifloat_decode,                                        \
        .encode = ht__minifloat_encode,                                        \
        .error_bound = bound,                                                  \
        .zero = "exact; the sign bit makes two zeros",                         \
        .nan = "no code",                                                      \
        .beyond = top,                                                         \
    }
FINITE_FORMAT(ht__f6e3m2, "f6e3m2", "6-bit float up to 28 (OCP MX element)", 3, 2, "2^-3 of the value, at least 2^-5",
              "28");
FINITE_FORMAT(ht__f6e2m3, "f6e2m3", "6-bit float up to 7.5 (OCP MX element)", 2, 3, "2^-4 of the value, at least 2^-4",
              "7.5");
FINITE_FORMAT(ht__f4e2m1, "f4e2m1", "4-bit float up to 6 (OCP MX element)", 2, 1, "2^-2 of the value, at least 2^-2",
              "6");
