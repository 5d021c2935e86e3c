/* The histogram of a stream: it depends on the values only, its quantiles keep their bound, and ranges chosen from it
 * are those of the values themselves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/rng.h"
#include "quant/range.h"
#include "support.h"

enum { COUNT = 300000 };
static float values[COUNT];
static uint32_t *scratch;
static ht_context *ctx;

static int set_up(void **state) {
    (void)state;
    scratch = calloc(HT_HISTOGRAM_SCRATCH(4), sizeof *scratch);
    return ht_context_create(&(ht_context_options){.threads = 4}, &ctx, NULL);
}

static int tear_down(void **state) {
    (void)state;
    free(scratch);
    ht_context_destroy(ctx);
    return 0;
}

/* Half of them zeros, as behind a ReLU, when `rectified`. */
static void fill(uint64_t seed, bool rectified) {
    ht_rng rng = {.seed = seed};
    for (size_t i = 0; i < COUNT; ++i) {
        double value = ht__rng_normal(&rng) * (i % 1000 == 7 ? 5.0 : 1.0) + 0.1;
        values[i] = (float)(rectified && value < 0.0 ? 0.0 : value);
    }
}

/* Adds values[begin..end) in pieces of `piece`. */
static void add(ht_histogram *h, size_t begin, size_t end, size_t piece, ht_pool *pool) {
    for (size_t i = begin; i < end; i += piece) {
        size_t count = end - i < piece ? end - i : piece;
        float low, high;
        assert_true(ht__extremes(values + i, count, &low, &high));
        ht__histogram_add(h, values + i, count, low, high, pool, scratch);
    }
}

static ht_histogram begin(void) {
    ht_histogram h;
    assert_int_equal(ht__histogram_init(&h, &ht__system_allocator, NULL), HT_OK);
    return h;
}

static void assert_same(const ht_histogram *a, const ht_histogram *b) {
    assert_true(a->first == b->first && a->exponent == b->exponent && a->total == b->total && a->zeros == b->zeros);
    assert_true(a->smallest == b->smallest && a->largest == b->largest);
    assert_memory_equal(a->counts, b->counts, HT_HISTOGRAM_BINS * sizeof *a->counts);
}

/* In one go with four threads, or bit by bit from the smallest magnitudes up, from the end, and serially. */
static void order_and_threads_do_not_matter(void **state) {
    (void)state;
    for (int rectified = 0; rectified < 2; ++rectified) {
        fill(3, rectified != 0);
        values[COUNT - 1] = 1e-30f;
        values[COUNT - 2] = rectified ? 900.0f : -900.0f;
        ht_histogram whole = begin(), pieces = begin();
        add(&whole, 0, COUNT, COUNT, ctx->pool);
        add(&pieces, COUNT - 1, COUNT, 1, NULL);
        add(&pieces, COUNT / 2, COUNT - 1, 777, NULL);
        add(&pieces, 0, COUNT / 2, 100000, ctx->pool);
        assert_same(&whole, &pieces);
        uint64_t sum = whole.zeros;
        for (int i = 0; i < HT_HISTOGRAM_BINS; ++i) {
            sum += whole.counts[i];
        }
        assert_int_equal(sum, COUNT);
        ht__histogram_free(&whole, &ht__system_allocator);
        ht__histogram_free(&pieces, &ht__system_allocator);
    }
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void quantiles_keep_their_bound(void **state) {
    (void)state;
    for (int rectified = 0; rectified < 2; ++rectified) {
        fill(4, rectified != 0);
        ht_histogram h = begin();
        add(&h, 0, COUNT, 5000, NULL);
        double width = ht__histogram_width(&h);
        assert_true(width < 2.0 * ((double)h.largest - (double)h.smallest) / (HT_HISTOGRAM_BINS - 1));
        qsort(values, COUNT, sizeof *values, ascending);
        for (size_t i = 0; i < COUNT; i += 97) {
            assert_true(fabs(ht__histogram_at(&h, (double)i) - values[i]) < width);
        }
        assert_true(ht__histogram_at(&h, 0) == values[0] && ht__histogram_at(&h, COUNT - 1) == values[COUNT - 1]);
        ht__histogram_free(&h, &ht__system_allocator);
    }
}

/* One value, equal values, values far from zero, the largest and the smallest floats. */
static void odd_streams(void **state) {
    (void)state;
    const float cases[][3] = {{3.0f, 3.0f, 3.0f},          {0.0f, 0.0f, 0.0f},    {-0.0f, 0.0f, 1e-45f},
                              {1000.0f, 1000.1f, 1000.2f}, {-3e38f, 0.0f, 3e38f}, {-1e-44f, 1e-45f, 1e-20f}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
        ht_histogram h = begin();
        for (size_t i = 0; i < 3; ++i) {
            ht__histogram_add(&h, &cases[k][i], 1, cases[k][i], cases[k][i], NULL, scratch);
        }
        assert_int_equal(h.total, 3);
        assert_true(h.smallest == cases[k][0] && h.largest == cases[k][2]);
        double width = ht__histogram_width(&h), middle = ht__histogram_at(&h, 1.0);
        assert_true(fabs(middle - cases[k][1]) <= width && isfinite(middle));
        ht__histogram_free(&h, &ht__system_allocator);
    }
}

static void ranges_are_those_of_the_values(void **state) {
    (void)state;
    const char *name;
    for (size_t i = 0; ht_choice_at(HT_CHOICE_RANGE, i, &name, NULL); ++i) {
        fill(5, false);
        ht_histogram h = begin();
        add(&h, 0, COUNT, 4096, NULL);
        ht_scheme scheme;
        ht_scheme_init(&scheme);
        ht_fit fit;
        ht__fit_init(&fit, &ht__system_allocator, &scheme);
        assert_int_equal(ht__fit_group(&fit, values, COUNT, "x", 0, NULL), HT_OK);
        assert_int_equal(ht__range_method(name)->choose(&fit, ht__level_method("affine"), NULL), HT_OK);
        double low = fit.low, high = fit.high;
        ht__fit_stream(&fit, &h);
        assert_int_equal(ht__range_method(name)->choose(&fit, ht__level_method("affine"), NULL), HT_OK);
        double span = high - low;
        print_message("%s: %g .. %g, %g .. %g\n", name, low, high, fit.low, fit.high);
        assert_true(fabs(fit.low - low) < 0.02 * span && fabs(fit.high - high) < 0.02 * span);
        ht__fit_free(&fit);
        ht__histogram_free(&h, &ht__system_allocator);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_threads_do_not_matter),
        cmocka_unit_test(quantiles_keep_their_bound),
        cmocka_unit_test(odd_streams),
        cmocka_unit_test(ranges_are_those_of_the_values),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
