/* Properties that every scheme must have, over awkward tensors and all widths. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "quant/array.h"
#include "support.h"

static ht_context *ctx;

static int set_up(void **state) {
    (void)state;
    return ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL);
}
static int tear_down(void **state) {
    (void)state;
    ht_context_destroy(ctx);
    return 0;
}

enum { MOST = 3000 };

typedef struct tensor {
    const char *name;
    size_t count;
    float values[MOST];
} tensor;

static tensor normal(size_t count, double mean, double deviation, uint64_t seed) {
    tensor made = {.name = "normal", .count = count};
    ht_rng rng = {.seed = seed};
    for (size_t i = 0; i < count; ++i) {
        made.values[i] = (float)(mean + deviation * ht__rng_normal(&rng));
    }
    return made;
}

static tensor filled(const char *name, size_t count, float value) {
    tensor made = {.name = name, .count = count};
    for (size_t i = 0; i < count; ++i) {
        made.values[i] = value;
    }
    return made;
}

/* Tensors that break careless code. */
static size_t awkward(tensor out[16]) {
    size_t n = 0;
    out[n++] = normal(2500, 0.0, 0.05, 1);
    out[n++] = normal(1000, 100.0, 0.001, 2);
    out[n++] = filled("zeros", 70, 0.0f);
    out[n++] = filled("equal", 70, 0.37f);
    out[n++] = filled("negative equal", 70, -3.0f);
    out[n++] = filled("one element", 1, 0.7f);
    out[n++] = filled("one zero", 1, 0.0f);
    out[n] = filled("huge", 3, 0.0f);
    memcpy(out[n++].values, (float[]){-FLT_MAX, 0.5f, FLT_MAX}, 3 * sizeof(float));
    out[n] = filled("subnormal", 4, 0.0f);
    memcpy(out[n++].values, (float[]){FLT_TRUE_MIN, -FLT_TRUE_MIN, 1e-40f, 0.0f}, 4 * sizeof(float));
    out[n] = normal(400, 0.0, 1e-3, 3);
    out[n].name = "outlier";
    out[n++].values[7] = 1e4f;
    out[n] = filled("two values", 50, 1.0f);
    out[n++].values[3] = -1.0f;
    out[n] = filled("all negative", 3, -1.0f);
    memcpy(out[n++].values, (float[]){-5.0f, -4.0f, -4.5f}, 3 * sizeof(float));
    return n;
}

static ht_scheme scheme_of(const char *levels, const char *round, uint32_t bits) {
    ht_scheme scheme;
    ht_scheme_init(&scheme);
    snprintf(scheme.levels, sizeof scheme.levels, "%s", levels);
    snprintf(scheme.round, sizeof scheme.round, "%s", round);
    uint32_t fixed = ht_scheme_fixed_bits(&scheme);
    scheme.bits = fixed != 0 ? fixed : bits;
    return scheme;
}

static void quantize(const ht_scheme *scheme, const tensor *in, float *values, uint32_t *codes, ht_quantized *out) {
    ht_array array = {.name = in->name, .values = in->values, .rank = 1, .dims = &in->count, .channel_axis = -1};
    ht_error err;
    ht_status status = ht__quantize_array(
        ctx, scheme, &array, &(ht_quantize_outputs){.values = values, .codes = codes, .parameters = true}, out, &err);
    if (status != HT_OK) {
        fail_msg("%s on %s: %s", scheme->levels, in->name, err.message);
    }
}

/* The value that a decoder makes of a code. */
static float decode(const ht_quantized *quantized, uint32_t code, size_t group) {
    switch (quantized->kind) {
    case HT_LEVELS_GRID: {
        double value = (double)((float)code - quantized->zero_points[group]) * quantized->scales[group];
        return (float)fmin(fmax(value, -FLT_MAX), FLT_MAX);
    }
    case HT_LEVELS_TABLE: {
        float scale = quantized->scales != NULL ? quantized->scales[group] : 1.0f;
        return quantized->tables[quantized->table_starts[group] + code] * scale;
    }
    case HT_LEVELS_FORMAT: break;
    }
    int32_t magnitude = (int32_t)code - quantized->code_offset;
    float value = quantized->format.decode(&quantized->format, (uint32_t)abs(magnitude));
    value = fminf(value * quantized->scales[group], FLT_MAX);
    return magnitude < 0 ? -value : value;
}

typedef void check(const ht_scheme *scheme, const tensor *in);

static void for_all(check *body) {
    tensor *tensors = calloc(16, sizeof *tensors);
    size_t count = awkward(tensors);
    const char *levels, *round;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_LEVELS, i, &levels, NULL); ++i) {
        for (size_t j = 0; ht_choice_at(HT_CHOICE_ROUND, j, &round, NULL); ++j) {
            for (uint32_t bits = 1; bits <= 16; bits += bits < 4 ? 1 : 4) {
                ht_scheme scheme = scheme_of(levels, round, bits);
                if (ht_scheme_check(&scheme, NULL) != HT_OK) {
                    continue;
                }
                for (size_t k = 0; k < count; ++k) {
                    body(&scheme, &tensors[k]);
                }
            }
        }
    }
    free(tensors);
}

/* Codes fit the width and decode to the values; nothing is NaN or infinite. */
static void check_codes(const ht_scheme *scheme, const tensor *in) {
    static float values[MOST];
    static uint32_t codes[MOST];
    ht_quantized out;
    quantize(scheme, in, values, codes, &out);
    for (size_t i = 0; i < in->count; ++i) {
        assert_true(codes[i] < 1u << scheme->bits);
        assert_true(isfinite(values[i]));
        if (strcmp(scheme->round, "dithered-subtractive") != 0) {
            float decoded = decode(&out, codes[i], 0);
            if (decoded != values[i]) {
                fail_msg("%s/%u on %s: code %u decodes to %a, not %a", scheme->levels, scheme->bits, in->name, codes[i],
                         (double)decoded, (double)values[i]);
            }
        }
    }
    ht__quantized_free(ctx, &out);
}
static void codes_decode_to_the_values(void **state) {
    (void)state;
    for_all(check_codes);
}

/* A larger value never gets a lower level. */
static void check_monotone(const ht_scheme *scheme, const tensor *in) {
    if (strcmp(scheme->round, "nearest") != 0 || in->count < 2) {
        return;
    }
    static float values[MOST];
    ht_quantized out;
    quantize(scheme, in, values, NULL, &out);
    for (size_t i = 1; i < in->count; ++i) {
        bool up = in->values[i] >= in->values[i - 1], down = in->values[i] <= in->values[i - 1];
        assert_true((!up || values[i] >= values[i - 1]) && (!down || values[i] <= values[i - 1]));
    }
    ht__quantized_free(ctx, &out);
}
static void nearest_is_monotone(void **state) {
    (void)state;
    for_all(check_monotone);
}

/* Nearest really is: no level of the set is closer. */
static void check_nearest(const ht_scheme *scheme, const tensor *in) {
    if (strcmp(scheme->round, "nearest") != 0 || scheme->bits > 8) {
        return;
    }
    static float values[MOST];
    static uint32_t codes[MOST];
    ht_quantized out;
    quantize(scheme, in, values, codes, &out);
    size_t levels = out.kind == HT_LEVELS_TABLE ? out.table_starts[1] : (size_t)1 << scheme->bits;
    levels = out.kind == HT_LEVELS_FORMAT ? (size_t)out.code_offset * 2 + 1 : levels;
    levels = out.kind == HT_LEVELS_GRID && out.symmetric ? (size_t)(2 * out.zero_points[0]) + 1 : levels;
    for (size_t i = 0; i < in->count && i < 300; ++i) {
        double error = fabs((double)values[i] - in->values[i]);
        /* A grid's quotient is rounded once, which may move a value that lies within an ulp of the middle. */
        double slack = 2.0 * FLT_EPSILON * fmax(fabs((double)values[i]), fabs((double)in->values[i]));
        slack = out.kind == HT_LEVELS_TABLE && out.scales == NULL ? 0.0 : slack;
        for (uint32_t code = 0; code < levels && in->count > 1; ++code) {
            double other = fabs((double)decode(&out, code, 0) - in->values[i]);
            /* Around the largest floats these distances are rounded. */
            bool tie = slack == 0.0 && other == error && code != codes[i] && error < 1e30;
            if (tie && codes[i] % 2 != 0) {
                fail_msg("%s/%u on %s: the tie at %a went to the odd code %u", scheme->levels, scheme->bits, in->name,
                         (double)in->values[i], codes[i]);
            }
            if (!(error <= other + slack)) {
                fail_msg("%s/%u on %s: %a became %a, but code %u (%a) is closer", scheme->levels, scheme->bits,
                         in->name, (double)in->values[i], (double)values[i], code, (double)decode(&out, code, 0));
            }
        }
    }
    ht__quantized_free(ctx, &out);
}
static void nearest_is_nearest(void **state) {
    (void)state;
    for_all(check_nearest);
}

/* How many steps between levels an error may take, by rounding. Mid-rise cells may leave half a step at one end. */
static double steps_of(const ht_scheme *scheme) {
    static const struct {
        const char *round;
        double steps;
    } bounds[] = {
        {"nearest", 0.5}, {"adaptive", 0.5}, {"stochastic", 1.0}, {"dithered", 1.5}, {"dithered-subtractive", 1.0}};
    double steps = 0.0;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; ++i) {
        steps = strcmp(scheme->round, bounds[i].round) == 0 ? bounds[i].steps : steps;
    }
    return steps + (strcmp(scheme->levels, "mid-rise") == 0 ? 0.5 : 0.0);
}

/* Errors stay within the bound; beyond the outermost levels the distance to them is added. */
static void check_bound(const ht_scheme *scheme, const tensor *in) {
    static float values[MOST];
    ht_quantized out;
    quantize(scheme, in, values, NULL, &out);
    bool signs = strcmp(scheme->levels, "symmetric") == 0 && scheme->bits == 1;
    /* One or two bits over the whole range of floats need a step beyond the largest float. */
    bool too_wide = scheme->bits <= 2 && strcmp(in->name, "huge") == 0;
    if (out.kind == HT_LEVELS_FORMAT || signs || too_wide || strcmp(in->name, "subnormal") == 0) {
        ht__quantized_free(ctx, &out);
        return;
    }
    double widest, low = -INFINITY, high = INFINITY;
    if (out.kind == HT_LEVELS_GRID) {
        widest = (double)out.scales[0];
    } else {
        size_t count = out.shared_table ? (size_t)1 << scheme->bits : out.table_starts[1];
        low = (double)decode(&out, 0, 0);
        high = (double)decode(&out, (uint32_t)count - 1, 0);
        widest = 0.0;
        for (uint32_t code = 1; code < count; ++code) {
            widest = fmax(widest, (double)decode(&out, code, 0) - (double)decode(&out, code - 1, 0));
        }
    }
    for (size_t i = 0; i < in->count; ++i) {
        double value = in->values[i], beyond = fmax(fmax(low - value, value - high), 0.0);
        double bound = steps_of(scheme) * widest + beyond, slack = 4.0 * FLT_EPSILON * fmax(fabs(value), widest);
        if (!(fabs((double)values[i] - value) <= bound + slack)) {
            fail_msg("%s/%s/%u on %s: %a became %a, a step is %a", scheme->levels, scheme->round, scheme->bits,
                     in->name, value, (double)values[i], widest);
        }
    }
    ht__quantized_free(ctx, &out);
}
static void errors_stay_within_bounds(void **state) {
    (void)state;
    for_all(check_bound);
}

/* Values that a tensor's own levels already hold stay as they are, where the levels depend on the range alone and
 * both its ends are levels. (Affine levels are shifted to hold zero, which may move an end inwards.) */
static void check_idempotent(const ht_scheme *scheme, const tensor *in) {
    static const char *const by_range[] = {"symmetric", "power-of-two", "uniform-range", "minifloat",
                                           "f16",       "bf16",         "normal-float"};
    bool applies = false;
    for (size_t i = 0; i < sizeof by_range / sizeof by_range[0]; ++i) {
        applies = applies || strcmp(scheme->levels, by_range[i]) == 0;
    }
    if (!applies || strcmp(scheme->round, "nearest") != 0 || scheme->bits == 1 || strcmp(in->name, "huge") == 0) {
        return;
    }
    tensor *once = calloc(1, sizeof *once);
    static float twice[MOST];
    *once = *in;
    ht_quantized out;
    quantize(scheme, in, once->values, NULL, &out);
    ht__quantized_free(ctx, &out);
    quantize(scheme, once, twice, NULL, &out);
    for (size_t i = 0; i < in->count; ++i) {
        /* The end of the range, and so the scale, may move by an ulp. */
        double tolerance = 4.0 * FLT_EPSILON * fmax(fabs((double)once->values[i]), out.error.largest);
        if (!(fabs((double)twice[i] - once->values[i]) <=
              fmax(tolerance, 2.0 * FLT_EPSILON * fabs((double)twice[i])))) {
            fail_msg("%s/%u on %s: %a became %a", scheme->levels, scheme->bits, in->name, (double)once->values[i],
                     (double)twice[i]);
        }
    }
    ht__quantized_free(ctx, &out);
    free(once);
}
static void quantizing_twice_changes_nothing(void **state) {
    (void)state;
    for_all(check_idempotent);
}

/* Zero, all-equal and single-element tensors lose nothing where the levels can hold any one value. */
static void constant_tensors_are_kept(void **state) {
    (void)state;
    const float constants[] = {0.0f, 0.37f, -3.0f, 1e-30f, 1e30f};
    const char *levels;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_LEVELS, i, &levels, NULL); ++i) {
        for (uint32_t bits = 2; bits <= 16; ++bits) {
            ht_scheme scheme = scheme_of(levels, "nearest", bits);
            if (ht_scheme_check(&scheme, NULL) != HT_OK) {
                continue;
            }
            for (size_t k = 0; k < sizeof constants / sizeof constants[0]; ++k) {
                tensor in = filled("constant", 5, constants[k]);
                float values[5];
                ht_quantized out;
                quantize(&scheme, &in, values, NULL, &out);
                double tolerance = fabs((double)constants[k]) * 2e-7;
                bool rounded = strcmp(levels, "power-of-two") == 0 || strcmp(levels, "f16") == 0 ||
                               strcmp(levels, "bf16") == 0 || strcmp(levels, "mx") == 0 ||
                               strcmp(levels, "logarithmic") == 0;
                tolerance = rounded ? fabs((double)constants[k]) : tolerance;
                if (strcmp(levels, "normal-float") == 0) {
                    tolerance = fabs((double)constants[k]) * 1e-6;
                }
                bool too_large = strcmp(levels, "f16") == 0 && constants[k] == 1e30f;
                if (!too_large && !(fabs((double)values[3] - constants[k]) <= tolerance)) {
                    fail_msg("%s/%u: %a became %a", levels, scheme.bits, (double)constants[k], (double)values[3]);
                }
                ht__quantized_free(ctx, &out);
            }
        }
    }
}

static void stochastic_depends_on_the_seed_alone(void **state) {
    (void)state;
    tensor in = normal(2500, 0.0, 0.05, 9);
    static float first[MOST], second[MOST], other[MOST];
    const char *round, *levels;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_LEVELS, i, &levels, NULL); ++i) {
        for (size_t j = 0; ht_choice_at(HT_CHOICE_ROUND, j, &round, NULL); ++j) {
            ht_scheme scheme = scheme_of(levels, round, 4);
            ht_quantized out;
            quantize(&scheme, &in, first, NULL, &out);
            ht__quantized_free(ctx, &out);
            quantize(&scheme, &in, second, NULL, &out);
            ht__quantized_free(ctx, &out);
            assert_memory_equal(first, second, in.count * sizeof(float));
            scheme.seed = 1;
            quantize(&scheme, &in, other, NULL, &out);
            ht__quantized_free(ctx, &out);
            assert_int_equal(memcmp(first, other, in.count * sizeof(float)) == 0, !ht_scheme_is_random(&scheme));
        }
    }
}

/* The mean over many seeds is the value itself (five standard errors). */
static void random_roundings_have_no_bias(void **state) {
    (void)state;
    enum { DRAWS = 4000 };
    const char *const rounds[] = {"stochastic", "dithered", "dithered-subtractive"};
    tensor in = filled("bias", 5, 0.0f);
    memcpy(in.values, (float[]){-1.0f, 1.0f, 0.30f, -0.51f, 0.02f}, 5 * sizeof(float));
    for (size_t j = 0; j < 3; ++j) {
        ht_scheme scheme = scheme_of("uniform-range", rounds[j], 3);
        double sums[5] = {0}, squares[5] = {0};
        for (int draw = 0; draw < DRAWS; ++draw) {
            float values[5];
            ht_quantized out;
            scheme.seed = (uint64_t)draw;
            quantize(&scheme, &in, values, NULL, &out);
            ht__quantized_free(ctx, &out);
            for (int i = 2; i < 5; ++i) {
                sums[i] += values[i];
                squares[i] += (double)values[i] * values[i];
            }
        }
        for (int i = 2; i < 5; ++i) {
            double mean = sums[i] / DRAWS, variance = squares[i] / DRAWS - mean * mean;
            assert_true(fabs(mean - in.values[i]) <= 5.0 * sqrt(variance / DRAWS) + 1e-6);
        }
    }
}

static void bad_values_are_named(void **state) {
    (void)state;
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    const char *const granularities[] = {"tensor", "channel", "block"};
    for (size_t k = 0; k < 4; ++k) {
        for (size_t g = 0; g < 3; ++g) {
            for (int axis = 0; axis < 2; ++axis) {
                tensor in = normal(60, 0.0, 1.0, 4);
                in.values[37] = bad[k];
                ht_scheme scheme = scheme_of("affine", "nearest", 4);
                snprintf(scheme.granularity, sizeof scheme.granularity, "%s", granularities[g]);
                scheme.block = 7;
                ht_array array = {.name = "conv1.weight",
                                  .values = in.values,
                                  .rank = 2,
                                  .dims = (size_t[]){6, 10},
                                  .channel_axis = axis};
                ht_quantized out;
                ht_error err;
                assert_int_equal(
                    ht__quantize_array(ctx, &scheme, &array, &(ht_quantize_outputs){.parameters = true}, &out, &err),
                    HT_ERROR_NUMERIC);
                assert_string_equal(err.where, "conv1.weight");
                assert_non_null(strstr(err.message, "Value 37 "));
            }
        }
    }
}

/* Channels and blocks are quantized as if each were a tensor of its own. */
static void groups_are_independent(void **state) {
    (void)state;
    tensor in = normal(6 * 10 * 4, 0.0, 1.0, 5);
    for (size_t i = 0; i < in.count; ++i) {
        in.values[i] *= (float)(1 + i / 40);
    }
    for (int axis = 0; axis < 3; ++axis) {
        size_t dims[] = {6, 10, 4}, inner = 1, outer = 1;
        for (int d = 0; d < 3; ++d) {
            *(d < axis ? &outer : &inner) *= d == axis ? 1 : dims[d];
        }
        for (size_t block = 0; block <= 9; block += 9) {
            ht_scheme scheme = scheme_of("symmetric", "nearest", 3);
            snprintf(scheme.granularity, sizeof scheme.granularity, "%s", block ? "block" : "channel");
            scheme.block = block ? (uint32_t)block : 32;
            ht_array array = {.name = "w", .values = in.values, .rank = 3, .dims = dims, .channel_axis = axis};
            float whole[240];
            uint32_t codes[240];
            ht_quantized out;
            assert_int_equal(
                ht__quantize_array(ctx, &scheme, &array,
                                   &(ht_quantize_outputs){.values = whole, .codes = codes, .parameters = true}, &out,
                                   NULL),
                HT_OK);
            size_t length = outer * inner;
            for (size_t c = 0; c < dims[axis]; ++c) {
                for (size_t start = 0; start < length; start += out.block_length) {
                    tensor part = {.name = "w", .count = 0};
                    size_t places[240];
                    for (size_t i = start; i < length && i < start + out.block_length; ++i) {
                        places[part.count] = (i / inner * dims[axis] + c) * inner + i % inner;
                        part.values[part.count] = in.values[places[part.count]];
                        ++part.count;
                    }
                    ht_scheme alone = scheme_of("symmetric", "nearest", 3);
                    float values[240];
                    ht_quantized single;
                    quantize(&alone, &part, values, NULL, &single);
                    size_t group = c * out.blocks + start / out.block_length;
                    assert_true(out.scales[group] == single.scales[0]);
                    for (size_t i = 0; i < part.count; ++i) {
                        assert_true(values[i] == whole[places[i]]);
                        assert_true(decode(&out, codes[places[i]], group) == whole[places[i]]);
                    }
                    ht__quantized_free(ctx, &single);
                }
            }
            ht__quantized_free(ctx, &out);
        }
    }
}

/* Every allocation may fail; nothing leaks and the error says so. */
typedef struct counted {
    int left, live;
} counted;
static void *limited_allocate(void *user, size_t bytes) {
    counted *count = user;
    if (count->left-- <= 0) {
        return NULL;
    }
    void *memory = ht__system_allocator.allocate(ht__system_allocator.user, bytes);
    count->live += memory != NULL;
    return memory;
}
static void limited_release(void *user, void *memory) {
    ((counted *)user)->live -= memory != NULL;
    ht__system_allocator.release(ht__system_allocator.user, memory);
}
static void allocation_failures_are_reported(void **state) {
    (void)state;
    const char *levels;
    tensor in = normal(300, 0.0, 1.0, 6);
    for (size_t i = 0; ht_choice_at(HT_CHOICE_LEVELS, i, &levels, NULL); ++i) {
        bool done = false;
        for (int allowed = 0; !done; ++allowed) {
            counted count = {.left = 1000};
            ht_allocator allocator = {limited_allocate, limited_release, &count};
            ht_context *own;
            assert_int_equal(
                ht_context_create(&(ht_context_options){.allocator = &allocator, .threads = 1}, &own, NULL), HT_OK);
            count.left = allowed;
            ht_scheme scheme = scheme_of(levels, "nearest", 4);
            snprintf(scheme.granularity, sizeof scheme.granularity, "channel");
            snprintf(scheme.range, sizeof scheme.range, "iqr");
            ht_array array = {
                .name = "w", .values = in.values, .rank = 2, .dims = (size_t[]){30, 10}, .channel_axis = 1};
            ht_quantized out;
            float values[300];
            ht_status status = ht__quantize_array(
                own, &scheme, &array, &(ht_quantize_outputs){.values = values, .parameters = true}, &out, NULL);
            assert_true(status == HT_OK || status == HT_ERROR_MEMORY);
            done = status == HT_OK;
            ht__quantized_free(own, &out);
            ht_context_destroy(own);
            assert_int_equal(count.live, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_decode_to_the_values),
        cmocka_unit_test(nearest_is_monotone),
        cmocka_unit_test(nearest_is_nearest),
        cmocka_unit_test(errors_stay_within_bounds),
        cmocka_unit_test(quantizing_twice_changes_nothing),
        cmocka_unit_test(constant_tensors_are_kept),
        cmocka_unit_test(stochastic_depends_on_the_seed_alone),
        cmocka_unit_test(random_roundings_have_no_bias),
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(groups_are_independent),
        cmocka_unit_test(allocation_failures_are_reported),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
