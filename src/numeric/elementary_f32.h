/* Elementary functions of f32 in f32, by a fixed order of operations without branches or the mathematical library: the
 * same bits on every machine, and loops over them become vectors. Within 3 units of the last place of the true value.
 *
 * NaN gives NaN; infinities give the limits. */
#ifndef HT_NUMERIC_ELEMENTARY_F32_H
#define HT_NUMERIC_ELEMENTARY_F32_H

#include <stdint.h>
#include <string.h>

#define HT_ELEMENTARY static inline __attribute__((always_inline))

/* 2^k for -126 <= k <= 127. */
HT_ELEMENTARY float ht__power_of_two_f32(int32_t k) {
    uint32_t bits = (uint32_t)(k + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* x = k ln 2 + r with |r| <= ln 2 / 2; *tail = exp(r) - 1 by its series to r^7, whose rest is below 2^-27. For
 * |x| <= 128; others give finite nonsense, NaN a tail of NaN. ln 2 in two parts: k times the first is exact. */
HT_ELEMENTARY int32_t ht__exp_parts_f32(float x, float *tail) {
    const float magic = 12582912.0f; /* 1.5 2^23: adding it rounds to a whole number, which the bits then show */
    float shifted = x * 0x1.715476p+0f + magic, k = shifted - magic, r = (x - k * 0x1.63p-1f) - k * -0x1.bd0106p-13f;
    float sum = 1.0f / 5040.0f;
    sum = sum * r + 1.0f / 720.0f;
    sum = sum * r + 1.0f / 120.0f;
    sum = sum * r + 1.0f / 24.0f;
    sum = sum * r + 1.0f / 6.0f;
    sum = sum * r + 0.5f;
    *tail = sum * r * r + r;
    int32_t bits, zero;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&zero, &magic, sizeof zero);
    return bits - zero;
}

/* x within the limits; NaN stays. */
HT_ELEMENTARY float ht__limit_f32(float x, float low, float high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* The power is made in two steps, since 2^k itself may overflow or vanish where the result does not. */
HT_ELEMENTARY float ht__exp_f32(float x) {
    float tail;
    int32_t k = ht__exp_parts_f32(ht__limit_f32(x, -105.0f, 89.0f), &tail), half = k >> 1;
    k = x == x ? k : 0;
    half = x == x ? half : 0;
    return (1.0f + tail) * ht__power_of_two_f32(half) * ht__power_of_two_f32(k - half);
}

/* exp(x) - 1, near 0 without the loss of subtracting. */
HT_ELEMENTARY float ht__expm1_f32(float x) {
    float tail;
    int32_t k = ht__exp_parts_f32(ht__limit_f32(x, -40.0f, 89.0f), &tail), half = k >> 1;
    k = x == x ? k : 0;
    half = x == x ? half : 0;
    float first = ht__power_of_two_f32(half);
    return (tail * first + (first - ht__power_of_two_f32(half - k))) * ht__power_of_two_f32(k - half);
}

/* (exp(2x) - 1) / (exp(2x) + 1); beyond 10 it is 1. */
HT_ELEMENTARY float ht__tanh_f32(float x) {
    float size = ht__limit_f32(x < 0.0f ? -x : x, 0.0f, 10.0f), e = ht__expm1_f32(2.0f * size), y = e / (e + 2.0f);
    return x < 0.0f ? -y : x == 0.0f ? x : y;
}

HT_ELEMENTARY float ht__sigmoid_f32(float x) { return 1.0f / (1.0f + ht__exp_f32(-x)); }

/* Up to 1: x p(x^2). Beyond: 1 - exp(-x^2) q(x - 5/2), and 1 from 4 on. p approximates erf(x) / x, q exp(x^2) erfc(x):
 * polynomials by least squares at Chebyshev's points. */
HT_ELEMENTARY float ht__erf_f32(float x) {
    float size = ht__limit_f32(x < 0.0f ? -x : x, 0.0f, 4.0f), square = size * size, near = size > 1.0f ? 1.0f : size;
    float s = near * near, p = 0x1.4a9dacp-14f;
    p = p * s - 0x1.a46b40p-11f;
    p = p * s + 0x1.541636p-8f;
    p = p * s - 0x1.b7fb38p-6f;
    p = p * s + 0x1.ce2d18p-4f;
    p = p * s - 0x1.81273ep-2f;
    p = p * s + 0x1.20dd74p+0f;
    float u = size - 2.5f, q = -0x1.b39510p-17f;
    q = q * u + 0x1.a8a21cp-17f;
    q = q * u - 0x1.1305f4p-15f;
    q = q * u + 0x1.e96786p-13f;
    q = q * u - 0x1.8b38c6p-11f;
    q = q * u + 0x1.402fc6p-9f;
    q = q * u - 0x1.0625dep-7f;
    q = q * u + 0x1.98aef6p-6f;
    q = q * u - 0x1.30860cp-4f;
    q = q * u + 0x1.afbb2cp-3f;
    float y = size > 1.0f ? 1.0f - ht__exp_f32(-square) * q : near * p;
    y = x == x ? y : x;
    return x < 0.0f ? -y : y;
}

#endif
