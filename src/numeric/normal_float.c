#include "numeric/normal_float.h"

#include <math.h>

#include "numeric/formats.h"

static double polynomial(const double *coefficients, int count, double x) {
    double sum = 0.0;
    for (int i = 0; i < count; ++i) {
        sum = sum * x + coefficients[i];
    }
    return sum;
}

/* Coefficients: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function". */
static double approximate_quantile(double p) {
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
                               6.680131188771972e+01,  -1.328068155288572e+01, 1.0};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00, 1.0};
    const double tail = 0.02425;
    if (p < tail || p > 1.0 - tail) {
        double q = sqrt(-2.0 * log(p < tail ? p : 1.0 - p));
        double x = polynomial(c, 6, q) / polynomial(d, 5, q);
        return p < tail ? x : -x;
    }
    double q = p - 0.5, r = q * q;
    return polynomial(a, 6, r) * q / polynomial(b, 6, r);
}

double ht__normal_quantile(double probability) {
    double x = approximate_quantile(probability);
    const double root_two_pi = 2.5066282746310002;
    double error = 0.5 * erfc(-x / 1.4142135623730951) - probability;
    double step = error * root_two_pi * exp(x * x / 2.0);
    return x - step / (1.0 + x * step / 2.0);
}

void ht__normal_float_table(unsigned bits, float *table) {
    uint32_t count = 1u << bits, half = count / 2;
    /* The outermost probability: the mean of the two half tables' own, so that both keep equal steps in probability. */
    double outermost = 1.0 - 0.5 * (1.0 / (2.0 * count) + 1.0 / (2.0 * (count - 1)));
    double largest = ht__normal_quantile(outermost);
    uint32_t negatives = half - 1;
    for (uint32_t i = 0; i < negatives; ++i) {
        double share = outermost + (0.5 - outermost) * i / negatives;
        table[i] = (float)(-ht__normal_quantile(share) / largest);
    }
    table[negatives] = 0.0f;
    for (uint32_t i = 0; i < half; ++i) {
        double share = outermost + (0.5 - outermost) * i / half;
        table[count - 1 - i] = (float)(ht__normal_quantile(share) / largest);
    }
}

static float decode_nf4(const ht_number_format *format, uint32_t code) {
    float table[16];
    ht__normal_float_table(format->bits, table);
    return table[code];
}

static uint32_t encode_nf4(const ht_number_format *format, float value) {
    float table[16];
    ht__normal_float_table(format->bits, table);
    uint32_t best = 0;
    for (uint32_t i = 1; i < 16; ++i) {
        float here = fabsf(table[i] - value), there = fabsf(table[best] - value);
        if (here < there || (here == there && i % 2 == 0)) {
            best = i;
        }
    }
    return best;
}

const ht_number_format ht__nf4 = {
    .name = "nf4",
    .summary = "NormalFloat: 16 quantiles of a normal distribution in [-1, 1] (QLoRA)",
    .bits = 4,
    .mantissa_bits = 4,
    .largest = 15,
    .decode = decode_nf4,
    .encode = encode_nf4,
    .error_bound = "0.152, times the scale",
    .zero = "exact",
    .nan = "no code",
    .beyond = "-1 or 1",
};
