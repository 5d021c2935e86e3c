/* The capstone's ten methods, written again as plainly as their description (searching each value in the whole set),
 * with all its quirks, against the presets.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "numeric/normal_float.h"
#include "quant/array.h"
#include "support.h"

enum { WEIGHTS = 400, BIASES = 20, ALL = WEIGHTS + BIASES, MOST_LEVELS = 1 << 10 };

typedef struct layer {
    float values[ALL]; /* weights, then biases */
} layer;

static layer make_layer(uint64_t seed) {
    layer made;
    ht_rng rng = {.seed = seed};
    for (size_t i = 0; i < ALL; ++i) {
        made.values[i] = (float)(0.1 * ht__rng_normal(&rng));
    }
    made.values[ALL - 1] = 1.7f; /* an outlier among the biases: the joint range follows it */
    return made;
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Tukey's fence with midpoint quartiles. */
static void fence(const float *values, size_t count, double *low, double *high) {
    float sorted[ALL];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    double quartiles[2];
    for (size_t q = 0; q < 2; ++q) {
        double position = (q == 0 ? 0.25 : 0.75) * (double)(count - 1);
        quartiles[q] = 0.5 * ((double)sorted[(size_t)floor(position)] + (double)sorted[(size_t)ceil(position)]);
    }
    double iqr = quartiles[1] - quartiles[0];
    *low = quartiles[0] - 1.5 * iqr;
    *high = quartiles[1] + 1.5 * iqr;
}

/* The unsorted level set of a layer. */
static size_t make_levels(const char *method, const layer *l, unsigned bits, float *levels) {
    size_t count = (size_t)1 << bits;
    double low = INFINITY, high = -INFINITY, mean = 0.0, square = 0.0;
    for (size_t i = 0; i < ALL; ++i) {
        low = fmin(low, l->values[i]);
        high = fmax(high, l->values[i]);
        mean += l->values[i] / (double)ALL;
    }
    for (size_t i = 0; i < ALL; ++i) {
        square += (l->values[i] - mean) * (l->values[i] - mean) / (ALL - 1);
    }
    if (strstr(method, "iqr") != NULL) {
        fence(l->values, ALL, &low, &high);
    }
    for (size_t i = 0; i < count; ++i) {
        if (strstr(method, "uniform") != NULL) {
            levels[i] = (float)(low + (high - low) * (double)i / (double)(count - 1));
        } else if (strstr(method, "histogram") != NULL) {
            levels[i] = (float)(low + (high - low) * ((double)i + 0.5) / (double)count);
        } else if (i + 2 < count) {
            levels[i] = (float)(mean + sqrt(square) * ht__normal_quantile((double)(i + 1) / (double)(count - 1)));
        } else {
            levels[i] = (float)(i + 2 == count ? low : high);
        }
    }
    return count;
}

/* The neighbours of w by looking at all levels; true when w lies outside and *lower is the answer. */
static bool neighbours(const float *levels, size_t count, float w, float *lower, float *upper) {
    float least = levels[0], most = levels[0];
    *lower = -INFINITY;
    *upper = INFINITY;
    for (size_t i = 0; i < count; ++i) {
        least = fminf(least, levels[i]);
        most = fmaxf(most, levels[i]);
        *lower = levels[i] <= w && levels[i] > *lower ? levels[i] : *lower;
        *upper = levels[i] >= w && levels[i] < *upper ? levels[i] : *upper;
    }
    if (w <= least || w >= most) {
        *lower = w <= least ? levels[0] : levels[count - 1];
        return true;
    }
    return false;
}

static void preset_values(const char *preset, unsigned bits, const layer *l, uint64_t seed, size_t count, float *out) {
    ht_context *ctx;
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL), HT_OK);
    ht_scheme scheme;
    char text[120];
    snprintf(text, sizeof text, "%s,bits=%u", preset, bits);
    assert_int_equal(ht_scheme_parse(text, &scheme, NULL), HT_OK);
    scheme.seed = seed;
    scheme.quirks |= HT_QUIRKS_CAPSTONE & ~(uint32_t)HT_QUIRK_JOINT_BIAS;
    ht_array array = {.name = "w",
                      .values = l->values,
                      .rank = 2,
                      .dims = (size_t[]){2, count / 2},
                      .channel_axis = 0,
                      .companion = l->values + WEIGHTS,
                      .companion_count = BIASES};
    ht_quantized result;
    assert_int_equal(ht__quantize_array(ctx, &scheme, &array, &(ht_quantize_outputs){.values = out}, &result, NULL),
                     HT_OK);
    ht__quantized_free(ctx, &result);
    ht_context_destroy(ctx);
}

static bool close_to(float a, float b, double scale) { return fabs((double)a - (double)b) <= 2e-6 * scale; }

static void nearest_methods_agree(void **state) {
    (void)state;
    const char *const methods[] = {"nearest/uniform", "nearest/uniform-iqr", "nearest/histogram", "nearest/normal"};
    for (size_t m = 0; m < 4; ++m) {
        for (unsigned bits = 2; bits <= 10; bits += 2) {
            layer l = make_layer(bits);
            float levels[MOST_LEVELS], got[WEIGHTS];
            size_t count = make_levels(methods[m], &l, bits, levels);
            preset_values(methods[m], bits, &l, 0, WEIGHTS, got);
            for (size_t i = 0; i < WEIGHTS; ++i) {
                float w = l.values[i], lower, upper, wanted;
                bool outside = neighbours(levels, count, w, &lower, &upper);
                wanted = outside || w - lower < upper - w ? lower : upper;
                bool tie = !outside && fabs((double)(w - lower) - (double)(upper - w)) < 1e-6;
                if (!tie && !close_to(got[i], wanted, 2.0)) {
                    fail_msg("%s/%u: %a became %a, not %a", methods[m], bits, (double)w, (double)got[i],
                             (double)wanted);
                }
            }
        }
    }
}

/* Always one of the two neighbours, the upper one as often as it should be (five standard errors). */
static void stochastic_methods_agree(void **state) {
    (void)state;
    enum { DRAWS = 100 };
    const char *const methods[] = {"stochastic/uniform", "stochastic/uniform-iqr", "stochastic/histogram",
                                   "stochastic/normal"};
    for (size_t m = 0; m < 4; ++m) {
        layer l = make_layer(77);
        float levels[16], got[WEIGHTS];
        size_t count = make_levels(methods[m], &l, 4, levels);
        double ups = 0.0, expected = 0.0, variance = 0.0;
        for (uint64_t draw = 0; draw < DRAWS; ++draw) {
            preset_values(methods[m], 4, &l, draw, WEIGHTS, got);
            for (size_t i = 0; i < WEIGHTS; ++i) {
                float lower, upper;
                if (neighbours(levels, count, l.values[i], &lower, &upper)) {
                    assert_true(close_to(got[i], lower, 2.0));
                    continue;
                }
                assert_true(close_to(got[i], lower, 2.0) || close_to(got[i], upper, 2.0));
                double up = upper > lower ? ((double)l.values[i] - lower) / ((double)upper - lower) : 0.0;
                ups += close_to(got[i], upper, 2.0);
                expected += up;
                variance += up * (1.0 - up);
            }
        }
        assert_true(fabs(ups - expected) < 5.0 * sqrt(variance));
    }
}

static void mid_rise_agrees(void **state) {
    (void)state;
    for (int iqr = 0; iqr < 2; ++iqr) {
        for (unsigned bits = 2; bits <= 10; ++bits) {
            layer l = make_layer(bits);
            l.values[5] = 0.9f;
            double low = INFINITY, high = -INFINITY;
            for (size_t i = 0; i < WEIGHTS; ++i) {
                low = fmin(low, l.values[i]);
                high = fmax(high, l.values[i]);
            }
            if (iqr) {
                fence(l.values, WEIGHTS, &low, &high);
            }
            float got[WEIGHTS], step = (float)((high - low) / (1 << bits));
            /* The companion plays no part without the preset's joint-bias; all other quirks are on. */
            preset_values(iqr ? "mid-rise-iqr" : "mid-rise", bits, &l, 0, WEIGHTS, got);
            for (size_t i = 0; i < WEIGHTS; ++i) {
                float wanted = step * (floorf(l.values[i] / step) + 0.5f);
                if (!close_to(got[i], wanted, 1.0)) {
                    fail_msg("%u bits: %a became %a, not %a", bits, (double)l.values[i], (double)got[i],
                             (double)wanted);
                }
            }
        }
    }
}

/* A first dimension of 1: every value is its own step. */
static void single_rows_are_scaled(void **state) {
    (void)state;
    ht_context *ctx;
    assert_int_equal(ht_context_create(&(ht_context_options){.threads = 1}, &ctx, NULL), HT_OK);
    layer l = make_layer(4);
    ht_scheme scheme;
    assert_int_equal(ht_scheme_parse("mid-rise,bits=4,quirks=single-row", &scheme, NULL), HT_OK);
    ht_array array = {.name = "w", .values = l.values, .rank = 2, .dims = (size_t[]){1, WEIGHTS}, .channel_axis = -1};
    float got[WEIGHTS];
    ht_quantized result;
    assert_int_equal(ht__quantize_array(ctx, &scheme, &array, &(ht_quantize_outputs){.values = got}, &result, NULL),
                     HT_OK);
    for (size_t i = 0; i < WEIGHTS; ++i) {
        assert_true(close_to(got[i], l.values[i] * (1.0f + 0x1p-5f), 1.0));
    }
    ht__quantized_free(ctx, &result);
    ht_context_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_methods_agree),
        cmocka_unit_test(stochastic_methods_agree),
        cmocka_unit_test(mid_rise_agrees),
        cmocka_unit_test(single_rows_are_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
