#include <stdbool.h>

#include "kernels/fixed_functions.h"
#include "kernels/fixed_point.h"

/* Numbers of 16 bits in an int, so that a step that leaves them is seen: wrapped or saturated, as the definition has
 * it. */

static int wrap(int x) { return (int16_t)(uint16_t)(unsigned)x; }

static int saturate(int x) { return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x; }

/* a b / 2^15 rounded to nearest, ties away from zero for positive products and towards zero for negative ones. */
static int high(int a, int b) {
    int product = a * b;
    return saturate((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

/* x 2^bits, saturated. */
static int shift_up(int x, int bits) { return saturate(x * (1 << bits)); }

/* A constant of the definition, which gives 32 bits. */
static int constant(int32_t x) { return ht__fixed_shift(x, 16); }

/* exp(a) for -1/4 <= a < 0 in Q0.15: exp(-1/8) (1 + x + x^2/2 + x^3/6 + x^4/24), x = a + 1/8. */
static int exp_quarter(int a) {
    int exp_eighth = constant(1895147668), third = constant(715827883);
    int x = wrap(a + (1 << 12)), x2 = high(x, x), x3 = high(x2, x), x4 = high(x2, x2);
    int rest = ht__fixed_shift(wrap(high(wrap(ht__fixed_shift(x4, 2) + x3), third) + x2), 1);
    return saturate(exp_eighth + high(exp_eighth, wrap(x + rest)));
}

/* exp(a) in Q0.15 for a <= 0 with `whole` bits before the point: the exponent modulo 1/4, and a factor for each bit
 * above. */
static int exp_negative(int a, int whole) {
    /* exp(-1/4), exp(-1/2), exp(-1) .. exp(-16) in Q0.31 */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    int quarter = 1 << (13 - whole), low = (a & (quarter - 1)) - quarter, rest = wrap(low - a);
    if (a == 0) {
        return INT16_MAX;
    }
    if (whole > 5 && a < -(1 << (20 - whole))) { /* below -32 */
        return 0;
    }
    int result = exp_quarter(shift_up(low, whole));
    for (int i = 0; i < 7 && i < whole + 2; ++i) {
        if ((rest & (quarter << i)) != 0) {
            result = high(result, constant(factors[i]));
        }
    }
    return result;
}

/* 2 / (1 + a) in Q2.13 for 0 <= a < 1 in Q0.15, by three steps of Newton and Raphson. */
static int twice_reciprocal(int a) {
    int half = (a + INT16_MAX + 1) / 2; /* (1 + a) / 2 in Q0.15 */
    int x = wrap(constant(1515870810) + high(half, constant(-1010580540)));
    for (int i = 0; i < 3; ++i) {
        int rest = wrap((1 << 13) - high(half, x));
        x = wrap(x + shift_up(high(x, rest), 2));
    }
    return x;
}

int16_t ht__fixed_logistic16(int16_t a) {
    int negative = a > 0 ? wrap(-a) : a;
    int result = shift_up(twice_reciprocal(exp_negative(negative, 3)), 1);
    return (int16_t)(a == 0 ? 1 << 14 : a > 0 ? result : wrap(INT16_MAX - result));
}

/* tanh(-a) = -(1 - exp(-2a)) / (1 + exp(-2a)): doubling is one bit more before the point. */
int16_t ht__fixed_tanh16(int16_t a, int whole) {
    int negative = a < 0 ? a : wrap(-a);
    int result = shift_up(wrap(twice_reciprocal(exp_negative(negative, whole + 1)) - (1 << 13)), 2);
    return (int16_t)(a == 0 ? 0 : a < 0 ? wrap(-result) : result);
}
