/* percentile: the given share of the values lies inside, the rest is clipped, half on each side. */
#include <math.h>

#include "quant/range.h"

/* The value at a real position among sorted values, by linear interpolation. */
static double at_position(const float *sorted, size_t count, double position) {
    size_t below = (size_t)floor(position);
    size_t above = below + 1 < count ? below + 1 : below;
    double part = position - floor(position);
    return sorted[below] * (1.0 - part) + sorted[above] * part;
}

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    (void)method;
    const float *sorted;
    HT_TRY(ht__fit_sorted(fit, &sorted, err));
    double tail = (1.0 - fit->scheme->percentile / 100.0) / 2.0 * (double)(fit->count - 1);
    ht__range_set(fit, at_position(sorted, fit->count, tail),
                  at_position(sorted, fit->count, (double)(fit->count - 1) - tail));
    return HT_OK;
}

const ht_range_method ht__range_percentile = {
    .name = "percentile",
    .summary = "the given per cent of the values lies inside (percentile:99.9)",
    .choose = choose,
};
