/* kde: quantiles of a kernel density estimate at probabilities (i + 1/2) / 2^bits.
 * Gaussian kernel, bandwidth by Silverman's rule of thumb (1986, equation 3.31):
 * h = 0.9 min(deviation, IQR / 1.34) n^(-1/5). The estimate is computed on a fine histogram (binned KDE).
 */
#include <math.h>
#include <string.h>

#include "quant/fit.h"
#include "quant/levels/list.h"

enum { FEWEST_BINS = 256, MOST_BINS = 1 << 16, BINS_PER_BANDWIDTH = 8, REACH = 4 };

static ht_status bandwidth(ht_fit *fit, double *out, ht_error *err) {
    const float *sorted;
    ht_moments moments = ht__fit_moments(fit);
    HT_TRY(ht__fit_sorted(fit, &sorted, err));
    size_t n = fit->count;
    double spread = ((double)sorted[3 * (n - 1) / 4] - (double)sorted[(n - 1) / 4]) / 1.34;
    spread = spread > 0.0 ? fmin(spread, moments.deviation) : moments.deviation;
    *out = 0.9 * spread * pow((double)n, -0.2);
    return HT_OK;
}

/* smooth[i] = sum over k of density[i + k] exp(-(k / width)^2 / 2); width in bins. */
static void smooth(const double *density, int bins, double width, double *kernel, double *out) {
    int reach = (int)ceil(REACH * width);
    for (int k = 0; k <= reach; ++k) {
        kernel[k] = exp(-0.5 * k * k / (width * width));
    }
    memset(out, 0, (size_t)bins * sizeof *out);
    for (int i = 0; i < bins; ++i) {
        if (density[i] == 0.0) {
            continue;
        }
        int first = i - reach > 0 ? i - reach : 0, last = i + reach < bins - 1 ? i + reach : bins - 1;
        for (int k = first; k <= last; ++k) {
            out[k] += density[i] * kernel[k < i ? i - k : k - i];
        }
    }
}

/* Walks up the cumulative sum; inside a bin the density counts as constant. */
static void quantiles(const ht_fit *fit, const double *density, int bins, float *table, uint32_t count) {
    double total = 0.0, below = 0.0, step = (fit->high - fit->low) / bins;
    for (int i = 0; i < bins; ++i) {
        total += density[i];
    }
    int bin = 0;
    for (uint32_t i = 0; i < count; ++i) {
        double wanted = (i + 0.5) / count * total;
        while (bin + 1 < bins && below + density[bin] < wanted) {
            below += density[bin++];
        }
        double part = density[bin] > 0.0 ? fmin((wanted - below) / density[bin], 1.0) : 0.5;
        table[i] = (float)fmin(fit->low + (bin + part) * step, fit->high);
    }
}

static ht_status estimate(ht_fit *fit, double width, float *table, uint32_t count, ht_error *err) {
    double span = fit->high - fit->low;
    double wanted = BINS_PER_BANDWIDTH * span / width;
    int bins = wanted < FEWEST_BINS ? FEWEST_BINS : wanted > MOST_BINS ? MOST_BINS : (int)wanted;
    double width_in_bins = fmin(width / span * bins, bins);
    size_t kernel_size = (size_t)ceil(REACH * width_in_bins) + 1;
    double *memory = ht__calloc(fit->allocator, 2 * (size_t)bins + kernel_size, sizeof *memory);
    if (memory == NULL) {
        return ht__fail_memory(err, (2 * (size_t)bins + kernel_size) * sizeof *memory);
    }
    double *counts = memory, *density = memory + bins, *kernel = memory + 2 * bins;
    double inverse = bins / span;
    for (size_t i = 0; i < fit->count; ++i) {
        double place = (fit->values[i] - fit->low) * inverse;
        int bin = place > 0.0 ? (place < bins ? (int)place : bins - 1) : 0;
        counts[bin] += 1.0;
    }
    smooth(counts, bins, width_in_bins, kernel, density);
    quantiles(fit, density, bins, table, count);
    ht__free(fit->allocator, memory);
    return HT_OK;
}

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    float *table;
    double width;
    HT_TRY(ht__fit_table(fit, &table, err));
    HT_TRY(bandwidth(fit, &width, err));
    uint32_t count = 1u << fit->scheme->bits;
    if (fit->high == fit->low) {
        table[0] = (float)fit->low;
        return ht__fit_table_levels(fit, 1, out, err);
    }
    HT_TRY(estimate(fit, fmax(width, (fit->high - fit->low) / MOST_BINS), table, count, err));
    return ht__fit_table_levels(fit, count, out, err);
}

const ht_level_method ht__levels_kde = {
    .name = "kde",
    .summary = "quantiles of a kernel density estimate (Gaussian, Silverman's bandwidth)",
    .smallest_bits = 1,
    .fitted_table = true,
    .make = make,
};
