#include "quant/range.h"

#include <math.h>
#include <string.h>

/* Add a range here. */
static const ht_range_method *const ranges[] = {
    &ht__range_min_max, &ht__range_percentile, &ht__range_iqr,  &ht__range_moving_average,
    &ht__range_mse,     &ht__range_kl,         &ht__range_aciq,
};

const ht_range_method *ht__range_method_at(size_t index) {
    return index < sizeof ranges / sizeof ranges[0] ? ranges[index] : NULL;
}

const ht_range_method *ht__range_method(const char *name) {
    const ht_range_method *range;
    for (size_t i = 0; (range = ht__range_method_at(i)) != NULL; ++i) {
        if (strcmp(range->name, name) == 0) {
            return range;
        }
    }
    return NULL;
}

void ht__range_set(ht_fit *fit, double low, double high) {
    fit->low = fmin(fmax(low, fit->smallest), fit->largest);
    fit->high = fmax(fmin(high, fit->largest), fit->low);
}

void ht__range_mirror(ht_fit *fit) {
    fit->high = fmax(fabs(fit->low), fabs(fit->high));
    fit->low = -fit->high;
}
