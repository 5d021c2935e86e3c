#include "numeric/elementary.h"

#include <math.h> /* frexp, ldexp, floor: exact */

#define LN2_HIGH 0x1.62e42fefa0000p-1 /* ln 2 in two parts: k times the first is exact for |k| < 2^13 */
#define LN2_LOW 0x1.cf79abc9e3b3ap-40
#define LOG2_E 0x1.71547652b82fep+0

/* x = k ln 2 + r with |r| <= ln 2 / 2; exp(r) by its series to r^13, whose rest is below 2^-57. */
double ht__exp(double x) {
    if (x != x || x > 710.0) {
        return x != x ? x : INFINITY;
    }
    if (x < -750.0) {
        return 0.0;
    }
    double k = floor(x * LOG2_E + 0.5), r = (x - k * LN2_HIGH) - k * LN2_LOW, sum = 1.0;
    for (int n = 13; n >= 1; --n) {
        sum = 1.0 + sum * r / (double)n;
    }
    return ldexp(sum, (int)k);
}

/* x = m 2^k with sqrt(1/2) <= m < sqrt(2); log m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172: to s^25. */
double ht__log(double x) {
    if (!(x > 0.0)) {
        return x == 0.0 ? -INFINITY : NAN;
    }
    if (x == INFINITY) {
        return x;
    }
    int k;
    double m = frexp(x, &k);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2.0;
        --k;
    }
    double s = (m - 1.0) / (m + 1.0), square = s * s, sum = 0.0;
    for (int n = 25; n >= 1; n -= 2) {
        sum = sum * square + 1.0 / (double)n;
    }
    return (double)k * LN2_HIGH + ((double)k * LN2_LOW + 2.0 * s * sum);
}

/* Near 0 the series, elsewhere 1 - 2 / (exp(2|x|) + 1). */
double ht__tanh(double x) {
    double size = x < 0.0 ? -x : x;
    if (size < 0.02) {
        double square = x * x;
        return x * (1.0 - square * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0))));
    }
    double result = 1.0 - 2.0 / (ht__exp(2.0 * size) + 1.0);
    return x != x ? x : x < 0.0 ? -result : result;
}

double ht__sigmoid(double x) { return 1.0 / (1.0 + ht__exp(-x)); }

/* Below 2.5 the series (2 / sqrt(pi)) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!, whose terms are all positive; above
 * 1 - erfc with the continued fraction of Laplace. */
double ht__erf(double x) {
    double size = x < 0.0 ? -x : x, result;
    if (x != x) {
        return x;
    }
    if (size < 2.5) {
        double term = size, sum = size;
        for (int n = 1; n < 60; ++n) {
            term *= 2.0 * size * size / (double)(2 * n + 1);
            sum += term;
        }
        result = 0x1.20dd750429b6dp+0 * ht__exp(-size * size) * sum;
    } else {
        double fraction = 0.0;
        for (int n = 60; n >= 1; --n) {
            fraction = (double)n / 2.0 / (size + fraction);
        }
        result = size > 27.0 ? 1.0 : 1.0 - 0x1.20dd750429b6dp-1 * ht__exp(-size * size) / (size + fraction);
    }
    return x < 0.0 ? -result : result;
}
