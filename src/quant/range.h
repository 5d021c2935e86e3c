/* Ranges: from which to which value the levels reach. One file each in ranges/; the list is in range.c. */
#ifndef HT_QUANT_RANGE_H
#define HT_QUANT_RANGE_H

#include "quant/fit.h"
#include "quant/levels.h"

typedef struct ht_range_method {
    const char *name, *summary;
    /* Sets fit->low and fit->high (finite, low <= high) for the levels `method`. */
    ht_status (*choose)(ht_fit *fit, const ht_level_method *method, ht_error *err);
} ht_range_method;

const ht_range_method *ht__range_method(const char *name);
const ht_range_method *ht__range_method_at(size_t index);

/* Cuts low .. high at the smallest and the largest value, and keeps low <= high. */
void ht__range_set(ht_fit *fit, double low, double high);
/* The end points of a range that reaches equally far on both sides of zero. */
void ht__range_mirror(ht_fit *fit);

extern const ht_range_method ht__range_min_max, ht__range_percentile, ht__range_iqr, ht__range_moving_average,
    ht__range_mse, ht__range_kl, ht__range_aciq;

#endif
