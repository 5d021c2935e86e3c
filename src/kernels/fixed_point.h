/* Fixed-point arithmetic as LiteRT's reference kernels define it (double rounding): what the rule `fixed` is made of.
 * A real multiplier m > 0 is q * 2^(shift - 31) with 2^30 <= q < 2^31, or q = 0. */
#ifndef HT_KERNELS_FIXED_POINT_H
#define HT_KERNELS_FIXED_POINT_H

#include <stdbool.h>
#include <stdint.h>

/* a b / 2^31 rounded to nearest, ties away from zero for positive products and towards zero for negative ones;
 * (-2^31)^2 saturates. */
static inline int32_t ht__fixed_high(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    int64_t product = (int64_t)a * b;
    return (int32_t)((product + (product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30))) / ((int64_t)1 << 31));
}

/* x / 2^exponent rounded to nearest, ties away from zero; 0 <= exponent <= 31. */
static inline int32_t ht__fixed_shift(int32_t x, int exponent) {
    int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1), rest = x & mask;
    return (x >> exponent) + (rest > (mask >> 1) + (x < 0) ? 1 : 0);
}

/* x m for 32-bit accumulators; -31 <= shift <= 30. x 2^shift wraps where it does not fit, as there. */
static inline int32_t ht__fixed_multiply(int32_t x, int32_t multiplier, int shift) {
    int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    return ht__fixed_shift(ht__fixed_high((int32_t)((uint32_t)x << left), multiplier), right);
}

/* x m for 64-bit accumulators, |x| < 2^47, -31 <= shift < 8: the multiplier is rounded to 15 bits, the product once,
 * ties up. */
static inline int32_t ht__fixed_multiply_wide(int64_t x, int32_t multiplier, int shift) {
    int64_t reduced = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
    int total = 15 - shift;
    return (int32_t)((x * reduced + ((int64_t)1 << (total - 1))) >> total);
}

/* x m rounded to nearest, ties away from zero, where m = multiplier * 2^shift is a double (53 bits) and the product x m
 * is one too, rounded to even first: what round(x * m) gives in double, in integers. Saturates at +-2^31. */
int32_t ht__fixed_multiply_exact(int64_t x, int64_t multiplier, int shift);

#endif
