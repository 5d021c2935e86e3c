/* Metrics of a model's outputs, and the statistics that say whether two of them differ.
 *
 * All sums run in double precision in the order of the samples, so that a result does not depend on threads.
 * Functions without a status cannot fail; they allocate nothing and may be called from any thread.
 */
#ifndef HALFTONE_METRICS_H
#define HALFTONE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "halftone/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Classification -------------------------------------------------------------------------------------------- */

/* out[i] = the index of the largest of row i of `outputs` (samples x classes), the first one among equals; NaN is
 * never the largest, and a row of NaN only gives 0. With one column the class is 1 where the value is >= 0.5. */
HT_API void ht_metrics_argmax(const float *outputs, size_t samples, size_t classes, uint32_t *out);
/* Share of samples (0 .. 1) whose prediction equals its label; 0 for no samples. */
HT_API double ht_metrics_accuracy(const uint32_t *predictions, const uint32_t *labels, size_t samples);
/* Mean of -log softmax(row)[label] in nats over rows of logits (samples x classes); labels are below classes. */
HT_API double ht_metrics_cross_entropy(const float *logits, const uint32_t *labels, size_t samples, size_t classes);
/* counts[label * classes + prediction] = number of such samples (classes x classes, overwritten). Labels and
 * predictions at or beyond `classes` are not counted. */
HT_API void ht_metrics_confusion(const uint32_t *predictions, const uint32_t *labels, size_t samples, size_t classes,
                                 uint64_t *counts);
/* Share of samples whose label is among the k largest outputs (samples x classes); of equal outputs the first count as
 * larger, NaN as the smallest. k >= 1. */
HT_API double ht_metrics_top_k(const float *outputs, const uint32_t *labels, size_t samples, size_t classes, size_t k);
/* Area under the ROC curve: the probability that a random positive (label != 0) scores higher than a random negative,
 * ties counting one half (Hanley and McNeil, Radiology 143, 1982). NaN scores count as the lowest.
 * Errors: HT_ERROR_ARGUMENT when one of the two groups is empty, HT_ERROR_MEMORY. */
HT_API ht_status ht_metrics_auc(ht_context *ctx, const float *scores, const uint32_t *labels, size_t samples,
                                double *out, ht_error *err);

/* ---- Regression and signals ------------------------------------------------------------------------------------ */

/* Mean of (value - target)^2 over `count` values; 0 for none. */
HT_API double ht_metrics_mse(const float *values, const float *targets, size_t count);
/* Signal to quantization noise in dB: 10 log10(sum x^2 / sum (x - q)^2). INFINITY when both are equal, -INFINITY when
 * x is zero everywhere and q is not. */
HT_API double ht_metrics_sqnr(const float *reference, const float *quantized, size_t count);
/* Cosine of the angle between two vectors, -1 .. 1; 1 when both are zero, 0 when one is. */
HT_API double ht_metrics_cosine(const float *a, const float *b, size_t count);

/* ---- Intervals ------------------------------------------------------------------------------------------------- */

typedef struct ht_interval {
    double low, high;
} ht_interval;

/* 95 % score interval of a proportion `successes` of `n` (Wilson, JASA 22, 1927); 0 .. 1 for n = 0. */
HT_API ht_interval ht_interval_wilson(uint64_t successes, uint64_t n);

/* Bootstrap resamples of n samples, made once and shared by every model evaluated on the same samples. */
typedef struct ht_bootstrap ht_bootstrap;
/* Draws `resamples` (100 .. 100000) times n (>= 1) samples with replacement; resample r is stream r of `seed`.
 * Needs n x resamples bytes. Ownership of *out passes to the caller. Immutable afterwards: threads may share it.
 * Errors: HT_ERROR_ARGUMENT, HT_ERROR_LIMIT (over 1 GiB), HT_ERROR_MEMORY. */
HT_API ht_status ht_bootstrap_create(ht_context *ctx, size_t n, size_t resamples, uint64_t seed, ht_bootstrap **out,
                                     ht_error *err);
HT_API void ht_bootstrap_destroy(ht_bootstrap *bootstrap);
/* 95 % percentile interval of the mean of values[0 .. n-1] (Efron and Tibshirani 1993, chapter 13); for squared
 * errors that is the interval of the MSE, for differences of squared errors that of the difference of two MSEs.
 * Errors: HT_ERROR_NUMERIC (a value is not finite), HT_ERROR_MEMORY. */
HT_API ht_status ht_bootstrap_interval(const ht_bootstrap *bootstrap, const double *values, ht_interval *out,
                                       ht_error *err);

/* ---- Paired tests ---------------------------------------------------------------------------------------------- */

/* The disagreement of two classifiers on the same samples. */
typedef struct ht_paired_counts {
    uint64_t n;       /* samples */
    uint64_t flipped; /* predictions that differ, right or wrong */
    uint64_t worse;   /* first right, second wrong */
    uint64_t better;  /* first wrong, second right */
} ht_paired_counts;
HT_API ht_paired_counts ht_paired_count(const uint32_t *first, const uint32_t *second, const uint32_t *labels,
                                        size_t samples);

/* Two-sided exact McNemar test of `worse` against `better`: the binomial test with p = 1/2, twice the smaller tail,
 * at most 1. Exact for any count (log factorials). Formula: Fagerland, Lydersen and Laake, BMC Med. Res. Methodol.
 * 13:91, 2013. */
HT_API double ht_mcnemar_exact(uint64_t worse, uint64_t better);
/* The same with half of the observed table's probability (mid-p): less conservative; same source. */
HT_API double ht_mcnemar_mid_p(uint64_t worse, uint64_t better);

/* Two-sided paired permutation test of mean(differences) = 0 under random signs, by the saddlepoint approximation of
 * the permutation distribution (Robinson, J. R. Stat. Soc. B 44, 1982, in Barndorff-Nielsen's r* form): p-values far
 * below 1 / resamples are so possible, and Holm's correction over a large study keeps its meaning. Exact when all
 * differences have one sign. `differences[i]` = squared error of the second model - that of the first.
 * Returns 1 when all are zero, NAN when one is not finite. */
HT_API double ht_permutation_test(const double *differences, size_t n);

/* Holm's step-down correction (Scand. J. Statist. 6, 1979): adjusted[i] = max over p_(j) <= p[i] of
 * min(1, (count - j + 1) p_(j)). NaN entries are left out of the family and stay NaN. In place is allowed.
 * Errors: HT_ERROR_MEMORY. */
HT_API ht_status ht_holm_adjust(ht_context *ctx, const double *p, size_t count, double *adjusted, ht_error *err);

/* The smallest difference of two accuracies (0 .. 1) that McNemar's test finds with 80 % power at the 5 % level, given
 * n samples of which `discordant` are right in one model only. Solves Miettinen's sample size formula for d:
 *   n = (1.959964 sqrt(f) + 0.841621 sqrt(f - d^2))^2 / d^2,   f = discordant / n
 * (Miettinen, Biometrics 24, 1968; Connor, Biometrics 43, 1987). Where no d <= f has that power, f grows with d (f = d:
 * all discordant samples speak for one model). 1 for n too small to detect anything. */
HT_API double ht_detectable_accuracy(uint64_t discordant, uint64_t n);
/* The same for two MSEs: (1.959964 + 0.841621) s / sqrt(n), s = the standard deviation of `differences`. */
HT_API double ht_detectable_mean(const double *differences, size_t n);

/* ---- Quantization seeds ---------------------------------------------------------------------------------------- */

/* What remains of a result when only the seed of a stochastic scheme changes. All seeds see the same test samples, so
 * this spread says nothing about sampling error, and the interval of a single result nothing about it. */
typedef struct ht_seed_spread {
    size_t seeds;
    double mean, deviation; /* sample standard deviation, 0 for one seed */
    double low, high;       /* smallest and largest */
} ht_seed_spread;
HT_API ht_seed_spread ht_seed_spread_of(const double *values, size_t seeds);

#ifdef __cplusplus
}
#endif
#endif
