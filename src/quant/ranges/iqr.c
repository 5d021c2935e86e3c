/* iqr: Tukey's fence, [Q1 - f IQR, Q3 + f IQR] with IQR = Q3 - Q1 and f = 1.5 by default.
 * Quartiles between two values are their midpoint, as in the Edge capstone (2020). */
#include <float.h>
#include <math.h>

#include "quant/range.h"

/* The quartile `q` (1 or 3) of sorted values: position q (n - 1) / 4, between two of them their midpoint. */
static double quartile(const float *sorted, size_t count, size_t q) {
    size_t quarters = q * (count - 1);
    size_t below = quarters / 4, above = below + (quarters % 4 != 0);
    return 0.5 * ((double)sorted[below] + (double)sorted[above]);
}

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    (void)method;
    const float *sorted;
    HT_TRY(ht__fit_sorted(fit, &sorted, err));
    double first = quartile(sorted, fit->count, 1), third = quartile(sorted, fit->count, 3);
    double reach = fit->scheme->fence * (third - first);
    ht__range_set(fit, first - reach, third + reach);
    if (fit->scheme->quirks & HT_QUIRK_OPEN_FENCE) {
        fit->low = fmax(first - reach, -FLT_MAX);
        fit->high = fmin(third + reach, FLT_MAX);
    }
    return HT_OK;
}

const ht_range_method ht__range_iqr = {
    .name = "iqr",
    .summary = "from 1.5 interquartile ranges below the first quartile to as much above the third (iqr:1.5)",
    .choose = choose,
};
