/* The ranges: each against what it promises. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "quant/array.h"
#include "quant/range.h"
#include "support.h"

enum { COUNT = 5000 };
static float values[COUNT];

static void normal_values(double deviation, double outlier) {
    ht_rng rng = {.seed = 11};
    for (size_t i = 0; i < COUNT; ++i) {
        values[i] = (float)(deviation * ht__rng_normal(&rng));
    }
    values[COUNT / 2] = (float)outlier;
}

static void laplace_values(double spread) {
    ht_rng rng = {.seed = 12};
    for (size_t i = 0; i < COUNT; ++i) {
        double u = ht__rng_uniform(&rng) - 0.5;
        values[i] = (float)(-spread * copysign(log(1.0 - 2.0 * fabs(u)), u));
    }
}

static void range_of(const char *range, const char *levels, uint32_t bits, double *low, double *high) {
    ht_scheme scheme;
    ht_scheme_init(&scheme);
    scheme.bits = bits;
    ht_fit fit;
    ht__fit_init(&fit, &ht__system_allocator, &scheme);
    assert_int_equal(ht__fit_group(&fit, values, COUNT, "w", 0, NULL), HT_OK);
    assert_int_equal(ht__range_method(range)->choose(&fit, ht__level_method(levels), NULL), HT_OK);
    *low = fit.low;
    *high = fit.high;
    ht__fit_free(&fit);
}

/* Squared error of `bits` symmetric integers when clipped at `threshold`, counted directly. */
static double direct_error(double threshold, uint32_t bits) {
    double step = threshold / ((1 << (bits - 1)) - 1), sum = 0.0;
    for (size_t i = 0; i < COUNT; ++i) {
        double clipped = fmin(fmax(values[i], -threshold), threshold);
        double difference = rint(clipped / step) * step - values[i];
        sum += difference * difference;
    }
    return sum;
}

static void mse_range_is_the_best(void **state) {
    (void)state;
    for (uint32_t bits = 2; bits <= 8; ++bits) {
        normal_values(0.1, 3.0);
        double low, high;
        range_of("mse", "symmetric", bits, &low, &high);
        assert_true(low == -high);
        double chosen = direct_error(high, bits), best = INFINITY;
        for (int i = 1; i <= 1000; ++i) {
            best = fmin(best, direct_error(3.0 * i / 1000, bits));
        }
        /* The histogram's bins are 3/2048 wide: a few per cent of the narrowest threshold. */
        assert_true(chosen <= best * 1.05);
    }
}

/* Banner et al., section 3: thresholds for unit Laplace and normal distributions at 2, 3 and 4 bits. */
static void aciq_matches_the_paper(void **state) {
    (void)state;
    const double laplace[] = {2.83, 3.89, 5.03}, normal[] = {1.71, 2.15, 2.55};
    for (uint32_t bits = 2; bits <= 4; ++bits) {
        double low, high;
        laplace_values(0.2);
        range_of("aciq", "symmetric", bits, &low, &high);
        assert_true(fabs(high - 0.2 * laplace[bits - 2]) < 0.03 * high);
        normal_values(0.2, 0.0);
        range_of("aciq", "symmetric", bits, &low, &high);
        assert_true(fabs(high - 0.2 * normal[bits - 2]) < 0.03 * high);
    }
}

static void fences_and_percentiles_clip_outliers(void **state) {
    (void)state;
    double low, high;
    normal_values(1.0, 1e6);
    range_of("min-max", "affine", 4, &low, &high);
    assert_true(high == 1e6);
    range_of("iqr", "affine", 4, &low, &high);
    assert_true(low < -2.4 && low > -3.0 && high > 2.4 && high < 3.0);
    range_of("percentile", "affine", 4, &low, &high);
    assert_true(low > -3.9 && low < -2.9 && high > 2.9 && high < 3.9);
    range_of("kl", "affine", 4, &low, &high);
    assert_true(low <= high && high <= 1e6);
}

/* Every range with every level set gives finite values no farther out than the largest magnitude. */
static void all_ranges_work_with_all_levels(void **state) {
    (void)state;
    ht_context *ctx;
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL), HT_OK);
    const char *range, *levels;
    for (int shape = 0; shape < 4; ++shape) {
        normal_values(shape == 1 ? 1e-30 : 0.05, shape == 2 ? 1e20 : 0.0);
        for (size_t i = 0; i < COUNT && shape == 3; ++i) {
            values[i] = 0.25f;
        }
        for (size_t i = 0; ht_choice_at(HT_CHOICE_RANGE, i, &range, NULL); ++i) {
            for (size_t j = 0; ht_choice_at(HT_CHOICE_LEVELS, j, &levels, NULL); ++j) {
                ht_scheme scheme;
                char text[100];
                snprintf(text, sizeof text, "levels=%s,range=%s", levels, range);
                assert_int_equal(ht_scheme_parse(text, &scheme, NULL), HT_OK);
                scheme.bits = ht_scheme_fixed_bits(&scheme) != 0 ? scheme.bits : 3;
                ht_array array = {
                    .name = "w", .values = values, .rank = 1, .dims = (size_t[]){1000}, .channel_axis = -1};
                static float out_values[COUNT];
                ht_quantized out;
                assert_int_equal(
                    ht__quantize_array(ctx, &scheme, &array, &(ht_quantize_outputs){.values = out_values}, &out, NULL),
                    HT_OK);
                for (size_t k = 0; k < 1000; ++k) {
                    assert_true(isfinite(out_values[k]));
                }
                ht__quantized_free(ctx, &out);
            }
        }
    }
    ht_context_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mse_range_is_the_best),
        cmocka_unit_test(aciq_matches_the_paper),
        cmocka_unit_test(fences_and_percentiles_clip_outliers),
        cmocka_unit_test(all_ranges_work_with_all_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
