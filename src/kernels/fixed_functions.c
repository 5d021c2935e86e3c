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

int32_t ht__fixed_reciprocal(int32_t a) {
    int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2); /* (1 + a) / 2 in Q0.31 */
    int32_t x = 1515870810 + ht__fixed_high(half, -1010580540); /* 48/17 - 32/17 half in Q2.29 */
    for (int i = 0; i < 3; ++i) {
        int32_t rest = (1 << 29) - ht__fixed_high(half, x);
        x += shift_up(ht__fixed_high(x, rest), 2);
    }
    return shift_up(x, 1); /* x / 2 */
}
