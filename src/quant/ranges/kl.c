/* kl: the clipping threshold whose quantized distribution of magnitudes diverges least from the original one.
 * Source: S. Migacz, "8-bit inference with TensorRT" (GTC 2017): the clipped histogram, outliers counted in its last
 * bin, is merged into as many bins as there are magnitudes, spread out again over the bins that were not empty, and
 * compared by the Kullback-Leibler divergence. Signs are disregarded; the range is cut at the smallest and largest
 * value.
 */
#include <math.h>
#include <string.h>

#include "quant/range.h"

enum { FEWEST_TARGETS = 2 };

/* Bins bin .. end-1 share what they hold together equally, empty ones left out. */
static void spread(const double *counts, int begin, int end, double *out) {
    double total = 0.0;
    int filled = 0;
    for (int i = begin; i < end; ++i) {
        total += counts[i];
        filled += counts[i] > 0.0;
    }
    for (int i = begin; i < end; ++i) {
        out[i] = counts[i] > 0.0 ? total / filled : 0.0;
    }
}

/* Divergence when the first `kept` bins are quantized to `targets` bins. Every value counts, so that outliers beyond
 * the threshold make the last bin of the original larger than that of its quantized form. */
static double divergence(const double *counts, double total, double beyond, int kept, int targets, double *quantized) {
    for (int target = 0; target < targets; ++target) {
        spread(counts, (int)((int64_t)target * kept / targets), (int)((int64_t)(target + 1) * kept / targets),
               quantized);
    }
    double inside = total - beyond, sum = 0.0;
    for (int i = 0; i < kept; ++i) {
        double p = (counts[i] + (i == kept - 1 ? beyond : 0.0)) / total;
        /* An empty last bin that receives the outliers has no counterpart: give it the least that a bin can hold. */
        double q = quantized[i] > 0.0 ? quantized[i] / inside : 1.0 / (inside + 1.0);
        sum += p > 0.0 ? p * log(p / q) : 0.0;
    }
    return sum;
}

static int best_threshold(const double *counts, double total, int targets, double *quantized) {
    int best = HT_FIT_BINS;
    double least = INFINITY, beyond = total;
    for (int i = 0; i < targets; ++i) {
        beyond -= counts[i];
    }
    /* A finer step than this moves the result by less than the histogram does. */
    int step = targets / 4 > 8 ? targets / 4 : 8;
    for (int kept = targets; kept <= HT_FIT_BINS; kept += step) {
        double here = divergence(counts, total, beyond, kept, targets, quantized);
        if (here < least) {
            least = here;
            best = kept;
        }
        for (int i = kept; i < kept + step && i < HT_FIT_BINS; ++i) {
            beyond -= counts[i];
        }
    }
    return best;
}

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    double largest = fmax(fabs(fit->smallest), fabs(fit->largest));
    uint32_t bits = fit->scheme->bits;
    /* Without a sign every code is a magnitude. */
    uint32_t magnitude_bits = fit->smallest >= 0.0 && !method->symmetric ? bits : bits - 1;
    int targets = bits <= 2 ? FEWEST_TARGETS : bits > 11 ? HT_FIT_BINS : 1 << magnitude_bits;
    ht__range_set(fit, fit->smallest, fit->largest);
    if (largest == 0.0 || targets >= HT_FIT_BINS || fit->smallest == fit->largest) {
        return HT_OK;
    }
    double *memory = ht__calloc(fit->allocator, 2 * HT_FIT_BINS, sizeof *memory);
    if (memory == NULL) {
        return ht__fail_memory(err, 2 * HT_FIT_BINS * sizeof *memory);
    }
    ht__fit_magnitudes(fit, memory);
    double total = (double)(fit->count - (fit->stream != NULL ? fit->stream->zeros : 0));
    int kept = best_threshold(memory, total, targets, memory + HT_FIT_BINS);
    double threshold = (kept + 0.5) / HT_FIT_BINS * largest;
    ht__range_set(fit, -threshold, threshold);
    ht__free(fit->allocator, memory);
    return HT_OK;
}

const ht_range_method ht__range_kl = {
    .name = "kl",
    .summary = "the clipping of least Kullback-Leibler divergence (TensorRT); no clipping above 11 bits",
    .choose = choose,
};
