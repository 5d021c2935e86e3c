/* normal-float: quantiles of a standard normal distribution with an exact zero, scaled to the largest magnitude. */
#include <float.h>
#include <math.h>

#include "numeric/normal_float.h"
#include "quant/fit.h"
#include "quant/levels/list.h"

static ht_status make(ht_fit *fit, ht_levels *out, ht_error *err) {
    if (!fit->has_shared) {
        float *table;
        HT_TRY(ht__fit_table(fit, &table, err));
        ht__normal_float_table(fit->scheme->bits, table);
        HT_TRY(ht__fit_table_levels(fit, 1u << fit->scheme->bits, &fit->shared, err));
        fit->shared.shared = fit->has_shared = true;
    }
    *out = fit->shared;
    double largest = fmax(fabs(fit->low), fabs(fit->high));
    out->scale = largest == 0.0 ? 1.0f : (float)fmax(largest, FLT_MIN);
    return HT_OK;
}

const ht_level_method ht__levels_normal_float = {
    .name = "normal-float",
    .summary = "NormalFloat: quantiles of a normal distribution with an exact zero, scaled to the largest magnitude",
    .smallest_bits = 1,
    .symmetric = true,
    .parameter_bits = 32,
    .make = make,
};
