/* Fake-quantization parameters give the values that quantizing does. */
#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "quant/fake.h"
#include "support.h"

enum { ROWS = 6, COLUMNS = 40, COUNT = ROWS * COLUMNS };

static float fake(const ht_fake_parameters *p, float value) {
    float code = fminf(fmaxf(rintf(value / p->scale) + p->zero_point, 0.0f), p->high);
    return (code - p->zero_point) * p->scale;
}

static void parameters_reproduce_quantization(void **state) {
    (void)state;
    ht_context *ctx;
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL), HT_OK);
    ht_rng rng = {.seed = 3};
    float values[COUNT], quantized[COUNT];
    for (size_t i = 0; i < COUNT; ++i) {
        values[i] = (float)((1.0 + (double)(i / COLUMNS)) * ht__rng_normal(&rng));
    }
    const char *const levels[] = {"affine", "symmetric", "power-of-two"};
    const char *const granularities[] = {"tensor", "channel"};
    for (size_t l = 0; l < 3; ++l) {
        for (size_t g = 0; g < 2; ++g) {
            for (uint32_t bits = 2; bits <= 16; ++bits) {
                ht_scheme scheme;
                char text[100];
                snprintf(text, sizeof text, "levels=%s,granularity=%s,bits=%u", levels[l], granularities[g], bits);
                assert_int_equal(ht_scheme_parse(text, &scheme, NULL), HT_OK);
                ht_array array = {
                    .name = "w", .values = values, .rank = 2, .dims = (size_t[]){ROWS, COLUMNS}, .channel_axis = 0};
                ht_fake_parameters parameters[ROWS];
                size_t count;
                assert_int_equal(ht__fake_weight_parameters(ctx, &scheme, &array, ROWS, parameters, &count, NULL),
                                 HT_OK);
                assert_int_equal(count, g == 0 ? 1 : ROWS);
                ht_quantized out;
                assert_int_equal(
                    ht__quantize_array(ctx, &scheme, &array, &(ht_quantize_outputs){.values = quantized}, &out, NULL),
                    HT_OK);
                ht__quantized_free(ctx, &out);
                for (size_t i = 0; i < COUNT; ++i) {
                    assert_true(fake(&parameters[count == 1 ? 0 : i / COLUMNS], values[i]) == quantized[i]);
                }
            }
        }
    }
    ht_context_destroy(ctx);
}

static void ranges_give_exact_zero(void **state) {
    (void)state;
    ht_scheme scheme;
    ht_scheme_init(&scheme);
    const double ranges[][2] = {{-1.0, 3.0}, {0.0, 6.0}, {2.0, 5.0}, {-4.0, -1.0}, {0.0, 0.0}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; ++i) {
        ht_fake_parameters p;
        assert_int_equal(ht__fake_parameters(&scheme, 8, ranges[i][0], ranges[i][1], &p, NULL), HT_OK);
        assert_true(fake(&p, 0.0f) == 0.0f);
        double ends = fmax(fabs(ranges[i][0]), fabs(ranges[i][1]));
        assert_true(fabs((double)fake(&p, (float)ranges[i][1]) - ranges[i][1]) <= ends / 200);
    }
}

static void other_levels_are_refused(void **state) {
    (void)state;
    ht_scheme scheme;
    ht_fake_parameters p;
    assert_int_equal(ht_scheme_parse("mid-rise", &scheme, NULL), HT_OK);
    assert_int_equal(ht__fake_parameters(&scheme, 8, 0.0, 1.0, &p, NULL), HT_ERROR_UNSUPPORTED);
    assert_int_equal(ht_scheme_parse("affine", &scheme, NULL), HT_OK);
    assert_int_equal(ht__fake_parameters(&scheme, 1, 0.0, 1.0, &p, NULL), HT_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_reproduce_quantization),
        cmocka_unit_test(ranges_give_exact_zero),
        cmocka_unit_test(other_levels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
