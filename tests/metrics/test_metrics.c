#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/rng.h"
#include "halftone/metrics.h"
#include "support.h"

static ht_context *ctx;

static void assert_near(double value, double expected, double relative) {
    if (!(fabs(value - expected) <= relative * fmax(fabs(expected), 1e-300))) {
        fail_msg("%.17g is not within %g of %.17g", value, relative, expected);
    }
}

static void argmax_takes_the_first_largest(void **state) {
    (void)state;
    const float outputs[] = {1, 3, 3, NAN, 2, -5, NAN, NAN, NAN, -INFINITY, -1, -INFINITY};
    uint32_t out[4];
    ht_metrics_argmax(outputs, 4, 3, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 1);
    assert_int_equal(out[2], 0);
    assert_int_equal(out[3], 1);
    ht_metrics_argmax((const float[]){0.5f, 0.4f}, 2, 1, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 0);
}

/* A table small enough to count by hand. */
static void classification_metrics_match_a_hand_count(void **state) {
    (void)state;
    const uint32_t labels[] = {0, 0, 1, 1, 2, 2}, predictions[] = {0, 1, 1, 1, 0, 2};
    assert_near(ht_metrics_accuracy(predictions, labels, 6), 4.0 / 6.0, 1e-15);
    uint64_t counts[9];
    ht_metrics_confusion(predictions, labels, 6, 3, counts);
    const uint64_t expected[9] = {1, 1, 0, 0, 2, 0, 1, 0, 1};
    assert_memory_equal(counts, expected, sizeof counts);
    /* Two equal logits: log 2. Logits of 1000 must not overflow; a difference of 1000 costs 1000 nats. */
    const float logits[] = {3, 3, 1000, 0, 0, 1000};
    assert_near(ht_metrics_cross_entropy(logits, (const uint32_t[]){0}, 1, 2), log(2.0), 1e-15);
    assert_near(ht_metrics_cross_entropy(logits, (const uint32_t[]){0, 0, 0}, 3, 2), (log(2.0) + 1000.0) / 3.0, 1e-15);
    assert_near(ht_metrics_cross_entropy(logits, labels, 0, 2), 0.0, 0.0);
}

/* The ratings of 109 CT images in Hanley and McNeil 1982, table I; the paper gives 0.893. */
static void auc_matches_hanley_and_mcneil(void **state) {
    (void)state;
    const int normal[5] = {33, 6, 6, 11, 2}, abnormal[5] = {3, 2, 2, 11, 33};
    float scores[128];
    uint32_t labels[128];
    size_t n = 0;
    for (int rating = 0; rating < 5; ++rating) {
        for (int i = 0; i < normal[rating] + abnormal[rating]; ++i) {
            scores[n] = (float)rating;
            labels[n++] = i >= normal[rating];
        }
    }
    double area;
    assert_int_equal(ht_metrics_auc(ctx, scores, labels, n, &area, NULL), HT_OK);
    assert_true(fabs(area - 0.893) < 0.0005);
    ht_error err;
    memset(labels, 0, sizeof labels);
    assert_int_equal(ht_metrics_auc(ctx, scores, labels, n, &area, &err), HT_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "109"));
}

static void regression_metrics_match_a_hand_count(void **state) {
    (void)state;
    const float x[] = {3, 4, 0}, q[] = {3, 4, 0.5f}, zero[] = {0, 0, 0};
    assert_near(ht_metrics_mse(x, q, 3), 0.25 / 3.0, 1e-15);
    assert_near(ht_metrics_sqnr(x, q, 3), 20.0, 1e-12); /* 25 / 0.25 */
    assert_true(isinf(ht_metrics_sqnr(x, x, 3)) && ht_metrics_sqnr(x, x, 3) > 0);
    assert_true(isinf(ht_metrics_sqnr(zero, q, 3)) && ht_metrics_sqnr(zero, q, 3) < 0);
    assert_near(ht_metrics_cosine(x, (const float[]){4, -3, 7}, 3), 0.0, 0.0);
    assert_near(ht_metrics_cosine(x, x, 3), 1.0, 1e-15);
    assert_near(ht_metrics_cosine(x, zero, 3), 0.0, 0.0);
    assert_near(ht_metrics_cosine(zero, zero, 3), 1.0, 0.0);
}

/* Newcombe, Statistics in Medicine 17, 1998, table I, method 3. */
static void wilson_matches_newcombe(void **state) {
    (void)state;
    const struct {
        uint64_t successes, n;
        double low, high;
    } rows[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < 4; ++i) {
        ht_interval interval = ht_interval_wilson(rows[i].successes, rows[i].n);
        assert_true(fabs(interval.low - rows[i].low) < 5.1e-5);
        assert_true(fabs(interval.high - rows[i].high) < 5.1e-5);
        ht_interval mirror = ht_interval_wilson(rows[i].n - rows[i].successes, rows[i].n);
        assert_true(fabs(mirror.high - (1.0 - interval.low)) < 1e-12);
    }
    assert_true(ht_interval_wilson(20, 20).high == 1.0 && ht_interval_wilson(0, 20).low == 0.0);
    assert_true(ht_interval_wilson(0, 0).low == 0.0 && ht_interval_wilson(0, 0).high == 1.0);
}

/* 1 and 7: airway hyper-responsiveness in Fagerland, Lydersen and Laake 2013 (they print 0.070 and 0.039). The other
 * rows were computed with exact fractions (Python: sum of Fraction(comb(n, i), 2 ** n)). */
static void mcnemar_matches_exact_fractions(void **state) {
    (void)state;
    const struct {
        uint64_t worse, better;
        double exact, mid;
    } rows[] = {{1, 7, 0.0703125, 0.0390625},
                {0, 5, 0.0625, 0.03125},
                {70, 50, 0.0824074793275266, 0.0685936381206144},
                {12, 3, 0.03515625, 0.021270751953125},
                {300, 400, 0.000178476314485624, 0.000154981763615065},
                {2000, 2300, 5.07993556892403e-06, 4.73510684730655e-06},
                {10000, 10300, 0.0358523597361588, 0.0352421525490173},
                {9, 9, 1.0, 1.0},
                {0, 0, 1.0, 1.0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        assert_near(ht_mcnemar_exact(rows[i].worse, rows[i].better), rows[i].exact, 1e-9);
        assert_near(ht_mcnemar_exact(rows[i].better, rows[i].worse), rows[i].exact, 1e-9);
        assert_near(ht_mcnemar_mid_p(rows[i].worse, rows[i].better), rows[i].mid, 1e-9);
    }
    /* Far into the tail: 2 ^ -999, and what is below the range of a double is zero. */
    assert_near(ht_mcnemar_exact(0, 1000), ldexp(1.0, -999), 1e-9);
    assert_true(ht_mcnemar_exact(0, 10000) == 0.0);
}

static void paired_counts_see_flips_between_wrong_classes(void **state) {
    (void)state;
    const uint32_t labels[] = {0, 1, 2, 3, 4}, first[] = {0, 1, 0, 3, 0}, second[] = {0, 2, 1, 2, 4};
    ht_paired_counts counts = ht_paired_count(first, second, labels, 5);
    assert_int_equal(counts.n, 5);
    assert_int_equal(counts.flipped, 4);
    assert_int_equal(counts.worse, 2);
    assert_int_equal(counts.better, 1);
}

/* The example of the method's Wikipedia page, with a missing value added. */
static void holm_corrects_in_steps(void **state) {
    (void)state;
    double p[] = {0.01, 0.04, NAN, 0.03, 0.005};
    assert_int_equal(ht_holm_adjust(ctx, p, 5, p, NULL), HT_OK);
    const double expected[] = {0.03, 0.06, NAN, 0.06, 0.02};
    for (size_t i = 0; i < 5; ++i) {
        assert_true(i == 2 ? isnan(p[i]) : fabs(p[i] - expected[i]) < 1e-15);
    }
    double large[] = {0.9, 0.8};
    assert_int_equal(ht_holm_adjust(ctx, large, 2, large, NULL), HT_OK);
    assert_true(large[0] == 1.0 && large[1] == 1.0);
}

/* Two-sided p by all 2^n sign patterns. */
static double enumerated_permutation(const double *d, size_t n) {
    double observed = 0.0;
    for (size_t i = 0; i < n; ++i) {
        observed += d[i];
    }
    size_t extreme = 0;
    for (size_t signs = 0; signs < (size_t)1 << n; ++signs) {
        double sum = 0.0;
        for (size_t i = 0; i < n; ++i) {
            sum += signs >> i & 1 ? d[i] : -d[i];
        }
        extreme += fabs(sum) >= fabs(observed) - 1e-12;
    }
    return (double)extreme / (double)((size_t)1 << n);
}

/* Darwin's 15 pairs of maize plants; Fisher (The Design of Experiments, section 21) counts 1726 of 32768. */
static void permutation_test_matches_fisher(void **state) {
    (void)state;
    const double darwin[] = {6.125, -8.375, 1.0, 2.0, 0.75, 2.875, 3.5, 5.125, 1.75, 3.625, 7.0, 3.0, 9.375, 7.5, -6.0};
    assert_near(enumerated_permutation(darwin, 15), 1726.0 / 32768.0, 1e-12);
    /* Eighths of an inch are coarse: the saddlepoint knows nothing of ties, which the count includes. */
    assert_near(ht_permutation_test(darwin, 15), 1726.0 / 32768.0, 0.03);
}

static void permutation_test_matches_enumeration(void **state) {
    (void)state;
    ht_rng rng = {.seed = 11};
    for (int round = 0; round < 60; ++round) {
        double d[14];
        for (size_t i = 0; i < 14; ++i) {
            d[i] = 1e-4 * (ht__rng_normal(&rng) + 0.02 * round);
        }
        double p = ht_permutation_test(d, 14), exact = enumerated_permutation(d, 14);
        /* 14 differences have only a few patterns in the far tail: there the smooth curve is off by up to a half. */
        double tolerance = exact > 0.02 ? 0.1 : 0.5;
        if (fabs(p - exact) > tolerance * exact) {
            fail_msg("round %d: %g against %g", round, p, exact);
        }
    }
    double same_sign[12], zeros[3] = {0, 0, 0}, bad[2] = {1, INFINITY};
    for (size_t i = 0; i < 12; ++i) {
        same_sign[i] = -1.0 - (double)i;
    }
    assert_near(ht_permutation_test(same_sign, 12), ldexp(1.0, -11), 1e-12);
    assert_true(ht_permutation_test(zeros, 3) == 1.0);
    assert_true(isnan(ht_permutation_test(bad, 2)));
}

/* Under the hypothesis p is uniform; a strong effect gives a p far below any number of resamples. */
static void permutation_test_keeps_its_level(void **state) {
    (void)state;
    ht_rng rng = {.seed = 5};
    double d[80];
    int rejected = 0;
    for (int round = 0; round < 2000; ++round) {
        for (size_t i = 0; i < 80; ++i) {
            double x = ht__rng_normal(&rng);
            d[i] = x * x * x; /* heavy tails, as squared errors have */
        }
        rejected += ht_permutation_test(d, 80) < 0.05;
    }
    assert_in_range(rejected, 70, 130); /* 100 +- 3 standard deviations of 9.7 */
    for (size_t i = 0; i < 80; ++i) {
        d[i] = 1.0 + 0.3 * ht__rng_normal(&rng);
    }
    double p = ht_permutation_test(d, 80);
    assert_true(p > 0.0 && p < 1e-15);
}

/* For normal data the interval of the mean is known: mean +- 1.96 s / sqrt(n). */
static void bootstrap_covers_the_known_interval(void **state) {
    (void)state;
    enum { N = 1000 };
    double values[N], mean = 0.0, squares = 0.0;
    ht_rng rng = {.seed = 3};
    for (size_t i = 0; i < N; ++i) {
        values[i] = 5.0 + ht__rng_normal(&rng);
        mean += values[i] / N;
    }
    for (size_t i = 0; i < N; ++i) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    double half = 1.96 * sqrt(squares / (N - 1)) / sqrt(N);
    ht_bootstrap *bootstrap;
    assert_int_equal(ht_bootstrap_create(ctx, N, 4000, 1, &bootstrap, NULL), HT_OK);
    ht_interval interval, again;
    assert_int_equal(ht_bootstrap_interval(bootstrap, values, &interval, NULL), HT_OK);
    assert_int_equal(ht_bootstrap_interval(bootstrap, values, &again, NULL), HT_OK);
    assert_true(interval.low == again.low && interval.high == again.high);
    assert_true(fabs(interval.low - (mean - half)) < 0.08 * half);
    assert_true(fabs(interval.high - (mean + half)) < 0.08 * half);
    values[17] = NAN;
    ht_error err;
    assert_int_equal(ht_bootstrap_interval(bootstrap, values, &interval, &err), HT_ERROR_NUMERIC);
    assert_non_null(strstr(err.message, "17"));
    ht_bootstrap_destroy(bootstrap);
    /* Every resample of one sample is that sample. */
    assert_int_equal(ht_bootstrap_create(ctx, 1, 100, 1, &bootstrap, NULL), HT_OK);
    assert_int_equal(ht_bootstrap_interval(bootstrap, (const double[]){2.5}, &interval, NULL), HT_OK);
    assert_true(interval.low == 2.5 && interval.high == 2.5);
    ht_bootstrap_destroy(bootstrap);
    assert_int_equal(ht_bootstrap_create(ctx, 0, 100, 1, &bootstrap, NULL), HT_ERROR_ARGUMENT);
    assert_int_equal(ht_bootstrap_create(ctx, 1, 99, 1, &bootstrap, NULL), HT_ERROR_ARGUMENT);
    assert_int_equal(ht_bootstrap_create(ctx, (size_t)1 << 31, 1000, 1, &bootstrap, NULL), HT_ERROR_LIMIT);
}

/* Simulates pairs with the difference that is called detectable: about 80 % of the tests must find it. */
static void detectable_accuracy_has_eighty_percent_power(void **state) {
    (void)state;
    const uint64_t n = 2000, discordant = 120;
    double d = ht_detectable_accuracy(discordant, n), f = (double)discordant / (double)n;
    assert_in_range((int)(d * 1e5), 1500, 1560); /* 2.80 sqrt(f / n) = 0.0153 */
    ht_rng rng = {.seed = 9};
    int found = 0;
    enum { ROUNDS = 1000 };
    for (int round = 0; round < ROUNDS; ++round) {
        uint64_t worse = 0, better = 0;
        for (uint64_t i = 0; i < n; ++i) {
            double draw = ht__rng_uniform(&rng);
            worse += draw < 0.5 * (f + d);
            better += draw >= 0.5 * (f + d) && draw < f;
        }
        found += ht_mcnemar_mid_p(worse, better) < 0.05;
    }
    assert_in_range(found, 760, 850);
    /* Without any flip about 7.85 samples must change, all in one direction. */
    assert_near(ht_detectable_accuracy(0, 10000) * 10000.0, 7.85, 0.01);
    assert_true(ht_detectable_accuracy(0, 3) == 1.0 && ht_detectable_accuracy(0, 0) == 1.0);
    assert_true(ht_detectable_accuracy(500, 10000) < ht_detectable_accuracy(900, 10000));
}

static void detectable_mean_matches_its_formula(void **state) {
    (void)state;
    const double d[] = {1, 3, 1, 3}; /* s = sqrt(4 / 3) */
    assert_near(ht_detectable_mean(d, 4), 2.801585 * sqrt(4.0 / 3.0) / 2.0, 1e-6);
    assert_true(isinf(ht_detectable_mean(d, 1)));
}

static void seed_spread_is_mean_and_deviation(void **state) {
    (void)state;
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    ht_seed_spread spread = ht_seed_spread_of(values, 8);
    assert_near(spread.mean, 5.0, 1e-15);
    assert_near(spread.deviation, sqrt(32.0 / 7.0), 1e-15);
    assert_true(spread.low == 2.0 && spread.high == 9.0);
    assert_true(ht_seed_spread_of(values, 1).deviation == 0.0);
}

/* Ties go to the first; the label's place among the outputs decides. */
static void top_k_counts_places(void **state) {
    (void)state;
    const float outputs[] = {0.1f, 0.4f, 0.3f, 0.2f, 0.25f, 0.25f, 0.25f, 0.25f, 9.0f, NAN, 1.0f, 2.0f};
    const uint32_t labels[] = {3, 2, 1}; /* third largest; third of four equal ones; NaN: last */
    assert_true(ht_metrics_top_k(outputs, labels, 3, 4, 1) == 0.0);
    assert_true(ht_metrics_top_k(outputs, labels, 3, 4, 2) == 0.0);
    assert_true(fabs(ht_metrics_top_k(outputs, labels, 3, 4, 3) - 2.0 / 3.0) < 1e-12);
    assert_true(ht_metrics_top_k(outputs, labels, 3, 4, 4) == 1.0);
}

int main(void) {
    if (ht_context_create(NULL, &ctx, NULL) != HT_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(top_k_counts_places),
        cmocka_unit_test(argmax_takes_the_first_largest),
        cmocka_unit_test(classification_metrics_match_a_hand_count),
        cmocka_unit_test(auc_matches_hanley_and_mcneil),
        cmocka_unit_test(regression_metrics_match_a_hand_count),
        cmocka_unit_test(wilson_matches_newcombe),
        cmocka_unit_test(mcnemar_matches_exact_fractions),
        cmocka_unit_test(paired_counts_see_flips_between_wrong_classes),
        cmocka_unit_test(holm_corrects_in_steps),
        cmocka_unit_test(permutation_test_matches_fisher),
        cmocka_unit_test(permutation_test_matches_enumeration),
        cmocka_unit_test(permutation_test_keeps_its_level),
        cmocka_unit_test(bootstrap_covers_the_known_interval),
        cmocka_unit_test(detectable_accuracy_has_eighty_percent_power),
        cmocka_unit_test(detectable_mean_matches_its_formula),
        cmocka_unit_test(seed_spread_is_mean_and_deviation),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ht_context_destroy(ctx);
    return failed;
}
