/* Elements of every type: stored and loaded again, what rounds, saturates, wraps, and what NaN and infinity give. */
#include <math.h>
#include <string.h>

#include "numeric/scalar.h"
#include "support.h"

static double stored(ht_type type, double value, const ht_scalar_storing *storing) {
    uint8_t memory[8] = {0};
    ht__scalar_store(type, memory, 0, ht__scalar_of_real(value), storing);
    return ht__scalar_real(ht__scalar_load(type, memory, 0));
}

static double wrapped(ht_type type, int64_t value) {
    uint8_t memory[8] = {0};
    ht__scalar_store(type, memory, 0, ht__scalar_of_integer(value), NULL);
    return ht__scalar_real(ht__scalar_load(type, memory, 0));
}

static const ht_type floats[] = {HT_F16,        HT_BF16,   HT_F8E4M3FN, HT_F8E4M3FNUZ, HT_F8E5M2,
                                 HT_F8E5M2FNUZ, HT_F4E2M1, HT_F6E2M3,   HT_F6E3M2,     HT_F8E8M0};

/* Every code that is a number is what its number is stored as. */
static void codes_come_back(void **state) {
    (void)state;
    for (size_t t = 0; t < sizeof floats / sizeof floats[0]; ++t) {
        for (uint32_t code = 0; code < 1u << ht__type_bits(floats[t]); ++code) {
            double value = ht__float_decode(floats[t], code);
            ht_scalar_storing exact = {.overflows = true};
            if (!isnan(value)) {
                assert_int_equal(ht__float_encode(floats[t], value, &exact), code);
            }
        }
    }
}

typedef struct known_value {
    ht_type type;
    double value, saturated, overflowed;
} known_value;

/* The largest values of the published formats, and what lies beyond (ONNX's table of Cast). */
static const known_value known[] = {
    {HT_F16, 65519, 65504, 65504},
    {HT_F16, 65520, INFINITY, INFINITY},
    {HT_BF16, 1e39, INFINITY, INFINITY},
    {HT_F8E4M3FN, 448, 448, 448},
    {HT_F8E4M3FN, 464, 448, 448}, /* a tie: to the even code */
    {HT_F8E4M3FN, 465, 448, NAN},
    {HT_F8E4M3FN, INFINITY, 448, NAN},
    {HT_F8E4M3FNUZ, 300, 240, NAN},
    {HT_F8E5M2, 1e6, 57344, INFINITY},
    {HT_F8E5M2, -INFINITY, -57344, -INFINITY},
    {HT_F8E5M2FNUZ, INFINITY, 57344, NAN},
    {HT_F4E2M1, 100, 6, 6},
    {HT_F4E2M1, 2.5, 2, 2}, /* ties */
    {HT_F4E2M1, 3.5, 4, 4},
    {HT_F6E2M3, 8, 7.5, 7.5},
    {HT_F6E3M2, -30, -28, -28},
    {HT_F8E4M3FN, 0.0009765625, 0, 0}, /* half the smallest subnormal */
    {HT_F8E4M3FN, 0.001, 0.001953125, 0.001953125},
    {HT_U8, 300, 255, 255},
    {HT_U8, -3, 0, 0},
    {HT_I8, 1.9, 1, 1},
    {HT_I32, -1.9, -1, -1},
    {HT_I64, 1e30, 0x1p63, 0x1p63},
    {HT_U4, 17, 1, 1},
    {HT_I4, 8, -8, -8},
    {HT_BOOL, 0.25, 1, 1},
};

static void assert_number(double got, double wanted) {
    if (isnan(wanted)) {
        assert_true(isnan(got));
    } else {
        assert_true(got == wanted);
    }
}

static void limits_are_as_published(void **state) {
    (void)state;
    const ht_scalar_storing overflows = {.overflows = true};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        assert_number(stored(known[i].type, known[i].value, NULL), known[i].saturated);
        assert_number(stored(known[i].type, known[i].value, &overflows), known[i].overflowed);
    }
    assert_true(isnan(stored(HT_F8E5M2FNUZ, NAN, NULL)));
    assert_true(signbit(stored(HT_F4E2M1, NAN, NULL)));
    assert_false(signbit(stored(HT_F8E4M3FNUZ, -0.0, NULL)));
    assert_true(signbit(stored(HT_F8E4M3FN, -0.0, NULL)));
}

static void powers_of_two_round_as_asked(void **state) {
    (void)state;
    const ht_scalar_storing up = {.rounding = HT_SCALAR_UP}, down = {.rounding = HT_SCALAR_DOWN};
    assert_true(stored(HT_F8E8M0, 3.0, &up) == 4.0);
    assert_true(stored(HT_F8E8M0, 3.9, &down) == 2.0);
    assert_true(stored(HT_F8E8M0, 2.9, NULL) == 2.0);
    assert_true(stored(HT_F8E8M0, 3.0, NULL) == 4.0);
    assert_true(stored(HT_F8E8M0, INFINITY, NULL) == 0x1p127);
    assert_true(stored(HT_F8E8M0, 0.0, NULL) == 0x1p-127);
    assert_true(isnan(stored(HT_F8E8M0, -1.0, NULL)));
}

static void integers_wrap(void **state) {
    (void)state;
    assert_true(wrapped(HT_I8, 200) == -56);
    assert_true(wrapped(HT_U16, -1) == 65535);
    assert_true(wrapped(HT_I4, 9) == -7);
    assert_true(wrapped(HT_I2, 2) == -2);
    assert_true(wrapped(HT_U2, 7) == 3);
    assert_true(wrapped(HT_U64, -1) == 0x1p64);
    assert_true(wrapped(HT_BOOL, 256) == 1);
    /* One rounding on the way from a large integer to f32, not two. */
    assert_true(wrapped(HT_F32, ((int64_t)1 << 62) + ((int64_t)1 << 38) + 1) == (double)(0x1p62f + 0x1p39f));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_come_back),
        cmocka_unit_test(limits_are_as_published),
        cmocka_unit_test(powers_of_two_round_as_asked),
        cmocka_unit_test(integers_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
