#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/rng.h"
#include "halftone/metrics.h"
#include "metrics/normal.h"

ht_interval ht_interval_wilson(uint64_t successes, uint64_t n) {
    if (n == 0) {
        return (ht_interval){0.0, 1.0};
    }
    double count = (double)n, p = (double)successes / count, z2 = HT_Z_975 * HT_Z_975;
    double middle = (p + z2 / (2.0 * count)) / (1.0 + z2 / count);
    double half = HT_Z_975 * sqrt(p * (1.0 - p) / count + z2 / (4.0 * count * count)) / (1.0 + z2 / count);
    /* The bounds of 0 and n successes are exactly 0 and 1; rounding must not miss them. */
    return (ht_interval){successes == 0 ? 0.0 : middle - half, successes == n ? 1.0 : middle + half};
}

/* How often each sample is in each resample: a resample's mean is then one dot product. A count is clamped to 255,
 * which one sample reaches with a probability below 1 / 255!. */
struct ht_bootstrap {
    const ht_allocator *allocator;
    size_t n, resamples;
    uint8_t counts[];
};

#define LARGEST_BOOTSTRAP ((size_t)1 << 30)

ht_status ht_bootstrap_create(ht_context *ctx, size_t n, size_t resamples, uint64_t seed, ht_bootstrap **out,
                              ht_error *err) {
    if (n == 0 || resamples < 100 || resamples > 100000) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "A bootstrap needs samples and 100 to 100000 resamples, not %zu.",
                        resamples);
    }
    size_t bytes;
    if (n > UINT32_MAX || !ht__mul(n, resamples, &bytes) || bytes > LARGEST_BOOTSTRAP) {
        return ht__fail(err, HT_ERROR_LIMIT, "%zu resamples of %zu samples are more than 1 GiB.", resamples, n);
    }
    ht_bootstrap *made = ht__calloc(&ctx->allocator, 1, sizeof *made + bytes);
    if (made == NULL) {
        return ht__fail_memory(err, bytes);
    }
    *made = (ht_bootstrap){.allocator = &ctx->allocator, .n = n, .resamples = resamples};
    for (size_t r = 0; r < resamples; ++r) {
        uint8_t *counts = made->counts + r * n;
        for (size_t i = 0; i < n; i += 4) {
            uint32_t words[4];
            ht__philox(seed, r, i / 4, words);
            for (size_t k = 0; k < 4 && i + k < n; ++k) {
                /* Multiply and shift: the bias is n / 2^32, far below what 100000 resamples can show. */
                size_t drawn = (size_t)((uint64_t)words[k] * n >> 32);
                counts[drawn] += counts[drawn] < UINT8_MAX;
            }
        }
    }
    *out = made;
    return HT_OK;
}

void ht_bootstrap_destroy(ht_bootstrap *bootstrap) {
    if (bootstrap != NULL) {
        ht__free(bootstrap->allocator, bootstrap);
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-quantile of sorted values with linear interpolation (type 7 of Hyndman and Fan 1996, numpy's default). */
static double quantile(const double *sorted, size_t count, double q) {
    double position = q * (double)(count - 1);
    size_t below = (size_t)position, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (position - (double)below) * (sorted[above] - sorted[below]);
}

/* Four partial sums: one chain of additions would wait for each of them. */
static double counted_sum(const uint8_t *counts, const double *values, size_t n) {
    double sums[4] = {0.0, 0.0, 0.0, 0.0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t k = 0; k < 4; ++k) {
            sums[k] += counts[i + k] * values[i + k];
        }
    }
    for (; i < n; ++i) {
        sums[0] += counts[i] * values[i];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

ht_status ht_bootstrap_interval(const ht_bootstrap *bootstrap, const double *values, ht_interval *out, ht_error *err) {
    for (size_t i = 0; i < bootstrap->n; ++i) {
        if (!isfinite(values[i])) {
            return ht__fail(err, HT_ERROR_NUMERIC, "The error of sample %zu is not finite.", i);
        }
    }
    double *means = ht__alloc(bootstrap->allocator, bootstrap->resamples * sizeof *means);
    if (means == NULL) {
        return ht__fail_memory(err, bootstrap->resamples * sizeof *means);
    }
    for (size_t r = 0; r < bootstrap->resamples; ++r) {
        means[r] = counted_sum(bootstrap->counts + r * bootstrap->n, values, bootstrap->n) / (double)bootstrap->n;
    }
    qsort(means, bootstrap->resamples, sizeof *means, by_value);
    *out = (ht_interval){quantile(means, bootstrap->resamples, 0.025), quantile(means, bootstrap->resamples, 0.975)};
    ht__free(bootstrap->allocator, means);
    return HT_OK;
}

ht_seed_spread ht_seed_spread_of(const double *values, size_t seeds) {
    ht_seed_spread spread = {.seeds = seeds};
    if (seeds == 0) {
        return spread;
    }
    spread.low = spread.high = values[0];
    for (size_t i = 0; i < seeds; ++i) {
        spread.mean += values[i] / (double)seeds;
        spread.low = fmin(spread.low, values[i]);
        spread.high = fmax(spread.high, values[i]);
    }
    double squares = 0.0;
    for (size_t i = 0; i < seeds; ++i) {
        squares += (values[i] - spread.mean) * (values[i] - spread.mean);
    }
    spread.deviation = seeds > 1 ? sqrt(squares / (double)(seeds - 1)) : 0.0;
    return spread;
}
