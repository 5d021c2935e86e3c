/* McNemar's test, its power, and Holm's correction. */
#include <stdlib.h>

#include "base/context.h"
#include "halftone/metrics.h"
#include "metrics/normal.h"

ht_paired_counts ht_paired_count(const uint32_t *first, const uint32_t *second, const uint32_t *labels,
                                 size_t samples) {
    ht_paired_counts counts = {.n = samples};
    for (size_t i = 0; i < samples; ++i) {
        bool first_right = first[i] == labels[i], second_right = second[i] == labels[i];
        counts.flipped += first[i] != second[i];
        counts.worse += first_right && !second_right;
        counts.better += !first_right && second_right;
    }
    return counts;
}

/* log n!. Stirling's series to 1/n^5: below 1e-16 from n = 256 on. (lgamma would write a global.) */
static double log_factorial(uint64_t n) {
    if (n < 256) {
        double sum = 0.0;
        for (uint64_t i = 2; i <= n; ++i) {
            sum += log((double)i);
        }
        return sum;
    }
    double x = (double)n, inverse2 = 1.0 / (x * x);
    double series = (1.0 / 12.0 - (1.0 / 360.0 - inverse2 / 1260.0) * inverse2) / x;
    return (x + 0.5) * log(x) - x + 0.91893853320467274178 + series;
}

/* P(X <= k) and P(X = k) of a binomial(n, 1/2), summed downwards from k where the terms fall. */
static void binomial_half(uint64_t n, uint64_t k, double *tail, double *point) {
    double term = exp(log_factorial(n) - log_factorial(k) - log_factorial(n - k) - (double)n * 0.69314718055994530942);
    *point = term;
    *tail = 0.0;
    for (uint64_t i = k; term > 0.0 && *tail + term > *tail; --i) {
        *tail += term;
        if (i == 0) {
            break;
        }
        term *= (double)i / (double)(n - i + 1);
    }
}

double ht_mcnemar_exact(uint64_t worse, uint64_t better) {
    if (worse == better) {
        return 1.0;
    }
    double tail, point;
    binomial_half(worse + better, worse < better ? worse : better, &tail, &point);
    return fmin(1.0, 2.0 * tail);
}

double ht_mcnemar_mid_p(uint64_t worse, uint64_t better) {
    if (worse == better) {
        return 1.0;
    }
    double tail, point;
    binomial_half(worse + better, worse < better ? worse : better, &tail, &point);
    return fmin(1.0, 2.0 * tail - point);
}

/* sqrt(n) d - (z_a sqrt(f) + z_b sqrt(f - d^2)): grows with d, zero at the detectable difference. f is at least d. */
static double power_gap(double d, double f, double n) {
    double share = fmax(f, d);
    return sqrt(n) * d - (HT_Z_975 * sqrt(share) + HT_Z_800 * sqrt(fmax(0.0, share - d * d)));
}

double ht_detectable_accuracy(uint64_t discordant, uint64_t n) {
    if (n == 0) {
        return 1.0;
    }
    double count = (double)n, f = (double)discordant / count, low = 0.0, high = 1.0;
    if (power_gap(high, f, count) < 0.0) {
        return 1.0;
    }
    for (int step = 0; step < 60; ++step) {
        double middle = 0.5 * (low + high);
        *(power_gap(middle, f, count) < 0.0 ? &low : &high) = middle;
    }
    return high;
}

typedef struct ranked {
    double p;
    size_t index;
} ranked;

static int by_p(const void *a, const void *b) {
    double x = ((const ranked *)a)->p, y = ((const ranked *)b)->p;
    return (x > y) - (x < y);
}

ht_status ht_holm_adjust(ht_context *ctx, const double *p, size_t count, double *adjusted, ht_error *err) {
    ranked *family = ht__calloc(&ctx->allocator, count, sizeof *family);
    if (family == NULL) {
        return ht__fail_memory(err, count * sizeof *family);
    }
    size_t members = 0;
    for (size_t i = 0; i < count; ++i) {
        if (isnan(p[i])) {
            adjusted[i] = NAN;
        } else {
            family[members++] = (ranked){.p = p[i], .index = i};
        }
    }
    qsort(family, members, sizeof *family, by_p);
    double largest = 0.0;
    for (size_t i = 0; i < members; ++i) {
        largest = fmax(largest, fmin(1.0, (double)(members - i) * family[i].p));
        adjusted[family[i].index] = largest;
    }
    ht__free(&ctx->allocator, family);
    return HT_OK;
}
