/* Our elementary functions against the C library's, and fixed-point arithmetic against the real numbers it stands for.
 */
#include <math.h>

#include "base/rng.h"
#include "kernels/fixed_functions.h"
#include "kernels/fixed_point.h"
#include "numeric/elementary.h"
#include "numeric/elementary_f32.h"
#include "support.h"

static uint64_t random_bits(ht_rng *rng) { return (uint64_t)ht__rng_u32(rng) << 32 | ht__rng_u32(rng); }

/* |ours - theirs| in units of the last place of theirs. */
static double units(double ours, double theirs) {
    if (ours == theirs || (ours != ours && theirs != theirs)) {
        return 0.0;
    }
    double size = fabs(theirs);
    return fabs(ours - theirs) / (nextafter(size, INFINITY) - size);
}

static void compare(double (*ours)(double), double (*theirs)(double), double low, double high, double allowed) {
    ht_rng rng = {.seed = 11, .stream = 3};
    for (int i = 0; i < 200000; ++i) {
        double x = low + (high - low) * ht__rng_uniform(&rng);
        double apart = units(ours(x), theirs(x));
        if (!(apart <= allowed)) {
            fail_msg("at %.17g: %.17g instead of %.17g, %g units", x, ours(x), theirs(x), apart);
        }
    }
}

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

static void functions_are_close_to_the_library(void **state) {
    (void)state;
    compare(ht__exp, exp, -700.0, 709.0, 4.0);
    compare(ht__exp, exp, -1.0, 1.0, 3.0);
    compare(ht__log, log, 1e-9, 2.0, 4.0);
    compare(ht__log, log, 1.0, 1e6, 4.0);
    compare(ht__tanh, tanh, -0.02, 0.02, 8.0);
    compare(ht__tanh, tanh, -20.0, 20.0, 100.0); /* 1 - 2 / (...) near 0.02: 5 bits are lost */
    compare(ht__sigmoid, sigmoid, -40.0, 40.0, 6.0);
    compare(ht__erf, erf, -6.0, 6.0, 100.0);
    assert_true(ht__exp(-INFINITY) == 0.0 && ht__exp(INFINITY) == INFINITY && ht__exp(0.0) == 1.0);
    assert_true(ht__log(0.0) == -INFINITY && isnan(ht__log(-1.0)) && ht__log(1.0) == 0.0);
    assert_true(ht__tanh(INFINITY) == 1.0 && ht__erf(-INFINITY) == -1.0 && isnan(ht__exp(NAN)));
}

typedef float (*real_f32)(float);

static float exp_f32(float x) { return ht__exp_f32(x); }
static float expm1_f32(float x) { return ht__expm1_f32(x); }
static float tanh_f32(float x) { return ht__tanh_f32(x); }
static float sigmoid_f32(float x) { return ht__sigmoid_f32(x); }
static float erf_f32(float x) { return ht__erf_f32(x); }

/* Within `units` of the last place of f32 everywhere in low .. high. */
static void compare_f32(real_f32 own, double (*library)(double), double low, double high, double units) {
    for (int i = 0; i <= 400000; ++i) {
        float x = (float)(low + (high - low) * i / 400000.0), nearest = (float)library((double)x);
        double unit = (double)(nextafterf(fabsf(nearest), INFINITY) - fabsf(nearest));
        if (!(fabs((double)own(x) - library((double)x)) <= units * unit)) {
            fail_msg("at %.9g: %.9g, expected %.9g", (double)x, (double)own(x), (double)nearest);
        }
    }
}

static void functions_of_f32_are_close_to_the_library(void **state) {
    (void)state;
    compare_f32(exp_f32, exp, -104.0, 88.72, 1.5);
    compare_f32(expm1_f32, expm1, -40.0, 88.72, 2.0);
    compare_f32(expm1_f32, expm1, -1.0, 1.0, 2.0);
    compare_f32(tanh_f32, tanh, -12.0, 12.0, 3.0);
    compare_f32(tanh_f32, tanh, -0.01, 0.01, 3.0);
    compare_f32(sigmoid_f32, sigmoid, -85.0, 40.0, 3.0);
    compare_f32(erf_f32, erf, -6.0, 6.0, 3.0);
    compare_f32(erf_f32, erf, -0.01, 0.01, 3.0);
    assert_true(exp_f32(-INFINITY) == 0.0f && exp_f32(INFINITY) == INFINITY && exp_f32(0.0f) == 1.0f);
    assert_true(exp_f32(-120.0f) == 0.0f && exp_f32(90.0f) == INFINITY && expm1_f32(-INFINITY) == -1.0f);
    assert_true(tanh_f32(INFINITY) == 1.0f && tanh_f32(-INFINITY) == -1.0f && signbit(tanh_f32(-0.0f)));
    assert_true(erf_f32(INFINITY) == 1.0f && erf_f32(-INFINITY) == -1.0f && sigmoid_f32(-INFINITY) == 0.0f);
    assert_true(isnan(exp_f32(NAN)) && isnan(expm1_f32(NAN)) && isnan(tanh_f32(NAN)) && isnan(sigmoid_f32(NAN)) &&
                isnan(erf_f32(NAN)));
}

/* ht__fixed_multiply_exact is round(x * m) in double. */
static void exact_products_are_those_of_doubles(void **state) {
    (void)state;
    ht_rng rng = {.seed = 5, .stream = 9};
    for (int i = 0; i < 1000000; ++i) {
        int64_t x = (int64_t)(random_bits(&rng) >> (33 + ht__rng_below(&rng, 30)));
        x = ht__rng_below(&rng, 2) != 0 ? -x : x;
        int64_t multiplier = (int64_t)(random_bits(&rng) >> 11 | (uint64_t)1 << 52);
        int shift = -(int)ht__rng_below(&rng, 40) - 40;
        if (i % 4 == 0) { /* ties */
            multiplier &= -((int64_t)1 << 40);
        }
        double expected = round((double)x * ldexp((double)multiplier, shift));
        expected = expected > 2147483647.0 ? 2147483647.0 : expected < -2147483648.0 ? -2147483648.0 : expected;
        if (ht__fixed_multiply_exact(x, multiplier, shift) != (int32_t)expected) {
            fail_msg("%lld * %lld * 2^%d: %d instead of %.0f", (long long)x, (long long)multiplier, shift,
                     ht__fixed_multiply_exact(x, multiplier, shift), expected);
        }
    }
}

static void fixed_point_is_close_to_real(void **state) {
    (void)state;
    ht_rng rng = {.seed = 6, .stream = 9};
    for (int i = 0; i < 100000; ++i) {
        int32_t a = -(int32_t)(random_bits(&rng) >> 33);
        double exact = exp((double)a / 67108864.0);
        assert_true(fabs((double)ht__fixed_exp(a) / 2147483648.0 - exact) < 1e-6);
        int32_t x = (int32_t)(random_bits(&rng) >> 33);
        exact = 1.0 / (1.0 + (double)x / 2147483648.0);
        assert_true(fabs((double)ht__fixed_reciprocal(x) / 2147483648.0 - exact) < 1e-6);
        int32_t above = (1 << 19) + (int32_t)(random_bits(&rng) >> (33 + ht__rng_below(&rng, 12)));
        above = above < 0 ? INT32_MAX : above;
        exact = log((double)above / 524288.0);
        assert_true(fabs((double)ht__fixed_log(above) / 67108864.0 - exact) < 1e-6);
        int32_t multiplier = (int32_t)(random_bits(&rng) >> 33 | 1u << 30), sum = (int32_t)(random_bits(&rng) >> 40);
        int shift = -(int)ht__rng_below(&rng, 12);
        exact = (double)sum * ldexp((double)multiplier, shift - 31);
        assert_true(fabs((double)ht__fixed_multiply(sum, multiplier, shift) - exact) < 1.01);
        assert_true(fabs((double)ht__fixed_multiply_wide(sum, multiplier, shift) - exact) < 0.6 + exact * 5e-5);
    }
    /* by hand: halves go away from zero after the shift */
    assert_int_equal(ht__fixed_shift(5, 1), 3);
    assert_int_equal(ht__fixed_shift(-5, 1), -3);
    assert_int_equal(ht__fixed_high(INT32_MIN, INT32_MIN), INT32_MAX);
    assert_int_equal(ht__fixed_high(1 << 30, 3), 2);
    assert_int_equal(ht__fixed_high(1 << 30, -3), -1);
}

/* Every number; the steps' roundings add up to some units of the last place. */
static void functions_of_16_bits_are_close_to_real(void **state) {
    (void)state;
    const double unit = 1.0 / 32768.0;
    for (int a = INT16_MIN; a <= INT16_MAX; ++a) {
        double exact = 1.0 / (1.0 + exp(-a / 4096.0));
        assert_true(fabs(ht__fixed_logistic16((int16_t)a) * unit - exact) < 7 * unit);
        for (int whole = 0; whole <= 6; ++whole) {
            exact = tanh(ldexp(a, whole - 15));
            assert_true(fabs(ht__fixed_tanh16((int16_t)a, whole) * unit - exact) < 13 * unit);
        }
    }
    /* as LiteRT has them */
    assert_int_equal(ht__fixed_logistic16(0), 1 << 14);
    assert_int_equal(ht__fixed_tanh16(0, 3), 0);
    assert_int_equal(ht__fixed_tanh16(INT16_MIN, 6), INT16_MIN + 1);
    assert_int_equal(ht__fixed_tanh16(INT16_MAX, 6), INT16_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_close_to_the_library),
        cmocka_unit_test(functions_of_f32_are_close_to_the_library),
        cmocka_unit_test(exact_products_are_those_of_doubles),
        cmocka_unit_test(fixed_point_is_close_to_real),
        cmocka_unit_test(functions_of_16_bits_are_close_to_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
