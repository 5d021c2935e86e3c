#include "kernels/fixed_functions.h"

#include "kernels/fixed_point.h"

/* x 2^bits, saturated. */
static int32_t shift_up(int32_t x, int bits) {
    int64_t result = (int64_t)x * ((int64_t)1 << bits);
    return result > INT32_MAX ? INT32_MAX : result < INT32_MIN ? INT32_MIN : (int32_t)result;
}

/* exp(a) for -1/4 <= a < 0 in Q0.31: exp(-1/8) (1 + x + x^2/2 + x^3/6 + x^4/24), x = a + 1/8. */
static int32_t exp_quarter(int32_t a) {
    const int32_t exp_eighth = 1895147668, third = 715827883; /* exp(-1/8), 1/3 in Q0.31 */
    int32_t x = a + (1 << 28), x2 = ht__fixed_high(x, x), x3 = ht__fixed_high(x2, x), x4 = ht__fixed_high(x2, x2);
    int32_t rest = ht__fixed_shift(ht__fixed_high(ht__fixed_shift(x4, 2) + x3, third) + x2, 1);
    return exp_eighth + ht__fixed_high(exp_eighth, x + rest);
}

int32_t ht__fixed_exp(int32_t a) {
    /* exp(-1/4), exp(-1/2), exp(-1) .. exp(-16) in Q0.31; bit 24 of Q5.26 is 1/4 */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24;
    if (a == 0) {
        return INT32_MAX;
    }
    int32_t low = (a & (quarter - 1)) - quarter, rest = low - a;
    int32_t result = exp_quarter(shift_up(low, 5));
    for (int i = 0; i < 7; ++i) {
        if ((rest & (quarter << i)) != 0) {
            result = ht__fixed_high(result, factors[i]);
        }
    }
    return result;
}

/* (a + b) / 2, halves away from zero. */
static int32_t half_sum(int32_t a, int32_t b) {
    int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* log(r), r from 1/sqrt(2) to 1 in Q0.31, as numerator and denominator around m = 2^(-1/4), less log(m): with
 * q = 2 (r - m) and p = (r + m) / 2 the quotient of q r + a q^3 and 1 + p (b + q + c q^2) + d q. */
static int32_t log_rest(int32_t r) {
    const int32_t m = 1805811301, a = 117049297, b = 1057819769, c = 127690142, d = 638450708; /* Q0.31 */
    int32_t p = half_sum(r, m), q = 2 * (r - m), square = ht__fixed_high(q, q);
    int32_t numerator = ht__fixed_high(q, r) + ht__fixed_high(ht__fixed_high(q, square), a);
    int32_t over_one = ht__fixed_high(p, b + q + ht__fixed_high(c, square)) + ht__fixed_high(d, q);
    return ht__fixed_high(ht__fixed_shift(numerator, 6), ht__fixed_reciprocal(over_one)); /* Q6.25 */
}

int32_t ht__fixed_log(int32_t x) {
    const int32_t log_2 = 1488522236, sqrt_half = 1518500250, quarter = 1 << 23; /* Q0.31, Q0.31, Q6.25 */
    /* x = 2^(power - 1/4) r: of the two ways to split it the one whose r is smaller, which has the larger power. */
    int zeros = __builtin_clz((uint32_t)x);
    int32_t r = shift_up(ht__fixed_high(shift_up(x, zeros - 1), sqrt_half), 1);
    int32_t power = (12 - zeros) * (1 << 25) + quarter;
    int headroom = __builtin_clz((uint32_t)ht__fixed_high(x, sqrt_half)) - 1;
    int32_t other_r = shift_up(x, headroom), other_power = (12 - headroom) * (1 << 25) - quarter;
    r = other_r < r ? other_r : r;
    power = other_power > power ? other_power : power;
    return shift_up(ht__fixed_high(power, log_2) + log_rest(r), 1);
}

int32_t ht__fixed_reciprocal(int32_t a) {
    int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2); /* (1 + a) / 2 in Q0.31 */
    int32_t x = 1515870810 + ht__fixed_high(half, -1010580540); /* 48/17 - 32/17 half in Q2.29 */
    for (int i = 0; i < 3; ++i) {
        int32_t rest = (1 << 29) - ht__fixed_high(half, x);
        x += shift_up(ht__fixed_high(x, rest), 2);
    }
    return shift_up(x, 1); /* x / 2 */
}
