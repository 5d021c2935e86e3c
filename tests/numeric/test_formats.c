/* Number formats: known codes, all codes there and back, nearest by brute force, packing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "numeric/block_scale.h"
#include "numeric/format.h"
#include "numeric/minifloat.h"
#include "numeric/normal_float.h"
#include "numeric/pack.h"
#include "support.h"

static void known_codes(void **state) {
    (void)state;
    static const struct {
        const char *format;
        float value;
        uint32_t code;
    } known[] = {
        {"f16", 1.0f, 0x3c00},      {"f16", -2.0f, 0xc000},
        {"f16", 65504.0f, 0x7bff},  {"f16", 65519.0f, 0x7bff},
        {"f16", 65520.0f, 0x7c00},  {"f16", 0x1p-24f, 0x0001},
        {"f16", 0x1p-25f, 0x0000},  {"f16", 0x1.8p-24f, 0x0002},
        {"f16", 0.1f, 0x2e66},      {"f16", -INFINITY, 0xfc00},
        {"bf16", 1.0f, 0x3f80},     {"bf16", 3.14159265f, 0x4049},
        {"bf16", -0.0f, 0x8000},    {"bf16", 3.4028235e38f, 0x7f80},
        {"f8e4m3", 448.0f, 0x7e},   {"f8e4m3", 1000.0f, 0x7e},
        {"f8e4m3", 1.0f, 0x38},     {"f8e4m3", 0x1p-9f, 0x01},
        {"f8e5m2", 57344.0f, 0x7b}, {"f8e5m2", 1.0f, 0x3c},
        {"f8e5m2", 0x1p-16f, 0x01}, {"f8e5m2", INFINITY, 0x7c},
        {"f4e2m1", 6.0f, 0x7},      {"f4e2m1", -0.5f, 0x9},
        {"f4e2m1", 2.5f, 0x4},      {"f4e2m1", 5.0f, 0x6},
        {"f6e3m2", 28.0f, 0x1f},    {"f6e2m3", 7.5f, 0x1f},
        {"int8", -128.0f, 0x80},    {"int8", 300.0f, 0x7f},
        {"int4", -1.0f, 0xf},       {"int4", 2.5f, 0x2},
        {"uint4", -3.0f, 0x0},      {"uint16", 70000.0f, 0xffff},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        const ht_number_format *format = ht__number_format(known[i].format);
        uint32_t code = format->encode(format, known[i].value);
        if (code != known[i].code) {
            fail_msg("%s: %a gave 0x%x, not 0x%x", known[i].format, (double)known[i].value, code, known[i].code);
        }
    }
}

static void every_code_survives(void **state) {
    (void)state;
    const ht_number_format *format;
    for (size_t i = 0; (format = ht__number_format_at(i)) != NULL; ++i) {
        assert_true(ht__number_format(format->name) == format);
        assert_int_equal(format->sign_bits + format->exponent_bits + format->mantissa_bits, format->bits);
        for (uint32_t code = 0; code < 1u << format->bits; ++code) {
            float value = format->decode(format, code);
            if (isnan(value)) {
                assert_true(isnan(format->decode(format, format->encode(format, value))));
            } else if (format->encode(format, value) != code) {
                fail_msg("%s: code 0x%x is %a, which gives 0x%x", format->name, code, (double)value,
                         format->encode(format, value));
            }
        }
    }
}

/* Against all values of the format, for widths where that is quick; ties to even codes. */
static void encode_is_nearest(void **state) {
    (void)state;
    ht_rng rng = {.seed = 21};
    const ht_number_format *format;
    for (size_t i = 0; (format = ht__number_format_at(i)) != NULL; ++i) {
        if (format->bits > 8) {
            continue;
        }
        float largest = format->decode(format, format->largest);
        for (int draw = 0; draw < 400; ++draw) {
            float value = (float)((2.0 * ht__rng_uniform(&rng) - 1.0) * (double)largest);
            value = draw % 2 == 0 ? value : ldexpf(value, -(draw % 12));
            double error = fabs((double)format->decode(format, format->encode(format, value)) - (double)value);
            for (uint32_t code = 0; code < 1u << format->bits; ++code) {
                float other = format->decode(format, code);
                assert_false(isfinite(other) && fabs((double)other - (double)value) < error);
            }
        }
    }
}

/* Every minifloat: encoding agrees with decoding for each (e, m), also where f32's range is the limit. */
static void all_minifloats_work(void **state) {
    (void)state;
    for (unsigned e = 1; e <= 8; ++e) {
        for (unsigned m = 0; m <= 10 && 1 + e + m <= 16; ++m) {
            ht_number_format format;
            ht__minifloat(&format, "test", e, m);
            float before = -1.0f;
            for (uint32_t code = 0; code <= format.largest; ++code) {
                float value = format.decode(&format, code), decoded;
                assert_true(isfinite(value) && value > before);
                before = value;
                assert_int_equal(format.encode(&format, value), code);
                int32_t lower;
                float fraction;
                ht__minifloat_locate(&format, 1.0f, &value, 1, &lower, &fraction);
                assert_true(lower == (int32_t)code && fraction == 0.0f);
                lower = -lower;
                ht__minifloat_decode_signed(&format, 1.0f, &lower, 1, &decoded);
                assert_true(decoded == -value);
            }
        }
    }
}

/* The table that QLoRA publishes. */
static void nf4_is_the_published_table(void **state) {
    (void)state;
    static const double published[16] = {
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    };
    float table[16];
    ht__normal_float_table(4, table);
    for (size_t i = 0; i < 16; ++i) {
        assert_true(fabs((double)table[i] - published[i]) < 1e-6);
    }
    for (unsigned bits = 1; bits <= 16; ++bits) {
        float *wide = malloc(sizeof(float) << bits);
        ht__normal_float_table(bits, wide);
        for (size_t i = 1; i < (size_t)1 << bits; ++i) {
            assert_true(wide[i] > wide[i - 1]);
        }
        free(wide);
    }
}

/* Values of the standard normal distribution function to 15 digits. */
static void normal_quantiles_are_right(void **state) {
    (void)state;
    static const double pairs[][2] = {{0.5, 0.0},
                                      {0.975, 1.959963984540054},
                                      {0.9999, 3.719016485455709},
                                      {1e-9, -5.997807015007686},
                                      {0.02, -2.053748910631823}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
        assert_true(fabs(ht__normal_quantile(pairs[i][0]) - pairs[i][1]) < 1e-12);
    }
}

static void block_scales_follow_the_specification(void **state) {
    (void)state;
    const ht_number_format *fp4 = ht__number_format("f4e2m1"), *fp8 = ht__number_format("f8e4m3");
    assert_true(ht__block_scale(fp4, 6.0) == 1.0f);
    assert_true(ht__block_scale(fp4, 7.9) == 1.0f);
    assert_true(ht__block_scale(fp4, 8.0) == 2.0f);
    assert_true(ht__block_scale(fp8, 1.0) == 0x1p-8f);
    assert_true(ht__block_scale(fp4, 0.0) == 0x1p-126f);
    assert_true(ht__block_scale(fp4, 1e-44) == 0x1p-126f);
}

static void codes_survive_packing(void **state) {
    (void)state;
    ht_rng rng = {.seed = 8};
    for (unsigned bits = 1; bits <= 16; ++bits) {
        for (size_t count = 0; count < 70; ++count) {
            uint32_t codes[70], back[70];
            size_t bytes = ht__packed_bytes(count, bits);
            assert_int_equal(bytes, (count * bits + 7) / 8);
            uint8_t *packed = malloc(bytes + 1);
            packed[bytes] = 0xa5;
            for (size_t i = 0; i < count; ++i) {
                codes[i] = ht__rng_u32(&rng) >> (32 - bits);
            }
            ht__pack(codes, count, bits, packed);
            ht__unpack(packed, count, bits, back);
            assert_memory_equal(codes, back, count * sizeof *codes);
            assert_int_equal(packed[bytes], 0xa5);
            free(packed);
        }
    }
    uint8_t nibbles[2];
    ht__pack((uint32_t[]){1, 2, 3}, 3, 4, nibbles);
    assert_int_equal(nibbles[0], 0x21);
    assert_int_equal(nibbles[1], 0x03);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_codes),
        cmocka_unit_test(every_code_survives),
        cmocka_unit_test(encode_is_nearest),
        cmocka_unit_test(all_minifloats_work),
        cmocka_unit_test(nf4_is_the_published_table),
        cmocka_unit_test(normal_quantiles_are_right),
        cmocka_unit_test(block_scales_follow_the_specification),
        cmocka_unit_test(codes_survive_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
