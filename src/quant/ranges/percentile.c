/* percentile: the given share of the values lies inside, the rest is clipped, half on each side. */
#include "quant/range.h"

static ht_status choose(ht_fit *fit, const ht_level_method *method, ht_error *err) {
    (void)method;
    double last = (double)(fit->count - 1), tail = (1.0 - fit->scheme->percentile / 100.0) / 2.0 * last, low, high;
    HT_TRY(ht__fit_at(fit, tail, &low, err));
    HT_TRY(ht__fit_at(fit, last - tail, &high, err));
    ht__range_set(fit, low, high);
    return HT_OK;
}

const ht_range_method ht__range_percentile = {
    .name = "percentile",
    .summary = "the given per cent of the values lies inside (percentile:99.9)",
    .choose = choose,
};
