/* iqr: Tukey's fence, [Q1 - f IQR, Q3 + f IQR] with IQR = Q3 - Q1 and f = 1.5 by default.
 * Quartiles between two values are their midpoint, as in the Edge capstone (2020). */
#include <float.h>
#include <math.h>

#include "quant/range.h"

/* The quartile `q` (1 or 3): position q (n - 1) / 4, between two values their midpoint. */
static ht_status quartile(ht_fit *fit, size_t q, double *out, ht_error *err) {
    size_t quarters = q * (fit->count - 1), below = quarters / 4;
    return ht__fit_at(fit, (double)below + (quarters % 4 != 0 ? 0.5 : 0.0), out, err);
}

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    (void)method;
    double first, third;
    HT_TRY(quartile(fit, 1, &first, err));
    HT_TRY(quartile(fit, 3, &third, err));
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
