/* The paired permutation test on a mean, by the saddlepoint approximation, and its power.
 *
 * Under the hypothesis the sign of each difference d_i is a fair coin: S = sum e_i |d_i| has the cumulant generating
 * function K(t) = sum log cosh(t d_i). For the observed s: K'(t) = s gives t,
 *   w = sqrt(2 (t s - K(t))),   u = t sqrt(K''(t)),   P(S >= s) = 1 - Phi(w + log(u / w) / w).
 */
#include "halftone/metrics.h"
#include "metrics/normal.h"

typedef struct cumulant {
    double value, slope, curvature; /* K(t), K'(t), K''(t) */
} cumulant;

/* log cosh x = |x| + log1p(exp(-2 |x|)) - log 2 does not overflow. */
static cumulant cumulant_at(const double *d, size_t n, double scale, double t) {
    cumulant sum = {0.0, 0.0, 0.0};
    for (size_t i = 0; i < n; ++i) {
        double x = fabs(d[i]) * scale, shrink = exp(-2.0 * t * x);
        double tanh_x = (1.0 - shrink) / (1.0 + shrink);
        sum.value += t * x + log1p(shrink) - 0.69314718055994530942;
        sum.slope += x * tanh_x;
        sum.curvature += x * x * (1.0 - tanh_x) * (1.0 + tanh_x);
    }
    return sum;
}

/* Solves K'(t) = s for t >= 0 by Newton's steps, kept between two bounds. K' is concave there, so that a step from
 * below lands below: the upper bound is only needed against rounding. */
static double saddlepoint(const double *d, size_t n, double scale, double s, cumulant *at) {
    double low = 0.0, high = INFINITY, t = 0.0;
    for (int step = 0; step < 200; ++step) {
        *at = cumulant_at(d, n, scale, t);
        double gap = at->slope - s;
        *(gap < 0.0 ? &low : &high) = t;
        if (fabs(gap) <= 1e-12 * s || (isfinite(high) && high - low <= 1e-14 * high)) {
            break;
        }
        double next = t - gap / at->curvature;
        t = next > low && next < high ? next : isinf(high) ? 2.0 * low + 1.0 : 0.5 * (low + high);
    }
    return t;
}

double ht_permutation_test(const double *differences, size_t n) {
    double sum = 0.0, absolute = 0.0, squares = 0.0;
    size_t nonzero = 0;
    for (size_t i = 0; i < n; ++i) {
        sum += differences[i];
        absolute += fabs(differences[i]);
        nonzero += differences[i] != 0.0;
    }
    if (!isfinite(absolute)) {
        return NAN;
    }
    if (nonzero == 0) {
        return 1.0;
    }
    double scale = 1.0 / absolute; /* so that sum |d| = 1 whatever the unit */
    for (size_t i = 0; i < n; ++i) {
        squares += differences[i] * scale * differences[i] * scale;
    }
    double s = fabs(sum) * scale;
    if (s >= 1.0 - 1e-12) {
        return fmin(1.0,
                    ldexp(2.0, -(int)(nonzero < 1100 ? nonzero : 1100))); /* one of 2^nonzero sign patterns, twice */
    }
    double z = s / sqrt(squares);
    if (z < 1e-3) {
        return 2.0 * ht__normal_tail(z); /* w and u are equal to rounding here, their ratio is noise */
    }
    cumulant at;
    double t = saddlepoint(differences, n, scale, s, &at);
    double w = sqrt(2.0 * fmax(0.0, t * s - at.value)), u = t * sqrt(at.curvature);
    return fmin(1.0, 2.0 * ht__normal_tail(w + log(u / w) / w));
}

double ht_detectable_mean(const double *differences, size_t n) {
    if (n < 2) {
        return INFINITY;
    }
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; ++i) {
        mean += differences[i] / (double)n;
    }
    for (size_t i = 0; i < n; ++i) {
        squares += (differences[i] - mean) * (differences[i] - mean);
    }
    return (HT_Z_975 + HT_Z_800) * sqrt(squares / (double)(n - 1)) / sqrt((double)n);
}
